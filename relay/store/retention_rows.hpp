// relay/store/retention_rows.hpp: the statements of ports/retention.hpp. Private to relay/store; lives as long as its
// connection, on one thread at a time. Throws as rows.hpp does.
#pragma once

#include "relay/pipeline/ports/retention.hpp"
#include "relay/pipeline/ports/vault.hpp"
#include "relay/store/connection.hpp"

namespace relay::store {
class retention_rows final : public pipeline::ports::retention_writer {
public:
    retention_rows(connection& database, const pipeline::ports::vault& vault) : database_(database), vault_(vault) {}

    std::vector<pipeline::letter_row> letters_with_content(base::instant until,
                                                           const pipeline::ports::letter_place& place,
                                                           std::size_t limit) override;
    std::vector<pipeline::ports::kept_refusal> refusals_with_content(base::instant until, std::size_t limit) override;
    std::vector<pipeline::delivery_row> reports_with_content(base::instant until, std::size_t limit) override;
    std::optional<pipeline::ports::object_facts> object(const pipeline::blob_id& id) override;
    std::vector<pipeline::ack_row> certificates_waiting(base::instant now, std::size_t limit) override;
    std::vector<pipeline::ack_row> certificates_of(const pipeline::letter_id& id) override;
    std::vector<pipeline::event> store_events(std::int64_t after, std::size_t limit) override;
    std::vector<pipeline::ports::store_statement> statements() override;
    std::int64_t last_statement() override;
    std::optional<pipeline::instant> last_event_at() override;
    std::vector<pipeline::ports::period_record> records(std::int32_t from, std::int32_t to) override;
    std::optional<pipeline::ports::period_record> last_record(std::int32_t day) override;
    std::vector<std::int32_t> changed_days(std::size_t limit) override;
    std::vector<std::int32_t> frozen_days(std::int32_t from, std::int32_t to) override;
    std::optional<std::int32_t> next_unrecorded(std::int32_t day) override;

    void erase_thoroughly() override;
    void forget_refusal(std::int64_t sequence) override;
    void forget_ack_names(const pipeline::letter_id& id) override;
    void put_off_certificate(std::int64_t sequence, base::instant now) override;
    void add_statement(const pipeline::ports::store_statement& row) override;
    void add_record(const pipeline::ports::period_record& row) override;
    void day_is_recorded(std::int32_t day) override;

    void end_unit();  // what follows is removed as usual

private:
    connection& database_;
    const pipeline::ports::vault& vault_;
    bool thorough_ = false;
};

// The traces of this day expired.
[[nodiscard]] bool is_frozen(connection& database, std::int32_t day);
// The facts of this stay are about to change, or have: its day is looked at again if it is recorded.
void note_changed_day(connection& database, const pipeline::stay_id& stay);
}
