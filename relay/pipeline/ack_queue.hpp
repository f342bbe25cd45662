// relay/pipeline/ack_queue.hpp: the acknowledgements that wait to be told to the hospital's software (mssante.md §3.3),
// seen from the one who tells them: by files in the ack folder, or by MLLP until the hospital's own ACK is there. AA
// ends one, AE parks it for a person, AR or no answer tries again later with the same MSH-10. Those of one letter go in
// their order. Blocking: worker threads only; one teller at a time.
#pragma once

#include "relay/pipeline/outbound.hpp"

namespace relay::pipeline {
// The file that tells it is written, and safe: what it said is not kept.
void save_told_by_file(ports::transaction& tx, ack_row row);

class ack_queue {
public:
    ack_queue(services with, retry_policy retry) : with_(with), retry_(retry) {}

    struct due_ack {
        ack_row row;
        std::string file_name;
        std::string content;
    };
    // Those that cannot be opened are put off and logged.
    [[nodiscard]] result<std::vector<due_ack>> due(std::size_t limit);
    // All that wait, in their order, whatever their next try.
    [[nodiscard]] result<std::vector<due_ack>> waiting(std::size_t limit);

    [[nodiscard]] result<void> written(const std::vector<due_ack>& files);
    enum class answer { taken, parked, later };
    // `reply`: what came back by MLLP; nullopt: nothing did.
    [[nodiscard]] result<answer> answered(const due_ack& one, const std::optional<std::string>& reply);
    // By a person: a parked one waits again. False if it is unknown or not parked.
    [[nodiscard]] result<bool> release(std::string_view control_id);

    [[nodiscard]] const retry_policy& retry() const noexcept { return retry_; }

private:
    result<std::vector<due_ack>> open(std::vector<ack_row> rows);

    services with_;
    retry_policy retry_;
};
}
