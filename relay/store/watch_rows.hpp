// relay/store/watch_rows.hpp: counters and warnings of the watch on misrouting (relay/pipeline/ports/watch.hpp).
// Private to relay/store; throws as rows.hpp does.
#pragma once

#include "relay/pipeline/ports/watch.hpp"
#include "relay/pipeline/worklist.hpp"
#include "relay/store/connection.hpp"
#include "relay/store/delivery_counts.hpp"

namespace relay::store {
class watch_rows final : public pipeline::ports::watch_reader, public pipeline::ports::watch_writer {
public:
    explicit watch_rows(connection& database) : database_(database) {}
    std::vector<pipeline::mailbox_history> mailboxes_behind(std::string_view after, std::int64_t day,
                                                            std::size_t limit) override;
    void save_findings(const pipeline::mailbox_history& of, std::span<const pipeline::mailbox_finding> findings,
                       base::instant at) override;
    void add_mismatch(std::string_view mailbox, std::string_view domain, const pipeline::letter_id& letter,
                      base::instant at) override;
    void forget_days_before(std::int64_t day) override;

private:
    connection& database_;
};

// After a delivery is saved: an acceptance, a first sign of reading.
void count_mailbox(connection& database, const pipeline::delivery_row& row,
                   const std::optional<counted_delivery>& before);

// Lines of the worklist: all warnings behind `after`, in any order; one by its id.
[[nodiscard]] std::vector<pipeline::work_evidence> find_warnings(connection& database,
                                                                 const pipeline::work_place& after);
[[nodiscard]] std::optional<pipeline::work_evidence> find_warning(connection& database, std::string_view item);
}
