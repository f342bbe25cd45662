// relay/store/work_rows.hpp: the rows and questions of the worklist (relay/pipeline/ports/worklist.hpp). Rows of
// work_row point at what asks for a person and move in the unit that moves it. Private to relay/store; throws as
// rows.hpp does.
#pragma once

#include "relay/pipeline/ports/worklist.hpp"
#include "relay/store/connection.hpp"
#include "relay/store/delivery_counts.hpp"
#include "relay/store/mailbox_use_rows.hpp"
#include "relay/store/notice_rows.hpp"
#include "relay/store/watch_rows.hpp"

namespace relay::store {
class work_rows final : public pipeline::ports::work_reader, public pipeline::ports::work_writer {
public:
    work_rows(connection& database, const pipeline::ports::vault& vault)
        : database_(database), notices_(database), watch_(database), uses_(database, vault)
    {
    }
    pipeline::ports::mailbox_use_reader& mailbox_uses() override { return uses_; }
    pipeline::ports::mailbox_use_writer& mailbox_use_changes() override { return uses_; }
    pipeline::ports::watch_reader& watch() override { return watch_; }
    pipeline::ports::watch_writer& watch_changes() override { return watch_; }
    pipeline::ports::notice_reader& notices() override { return notices_; }
    pipeline::ports::notice_writer& notice_changes() override { return notices_; }
    std::vector<std::string> services_with_work() override;
    std::vector<pipeline::work_evidence> work_before_j0(std::string_view service, base::instant now) override;
    std::vector<pipeline::work_evidence> work_after_j0(std::string_view service, base::instant now,
                                                       const pipeline::work_place& after, std::size_t limit) override;
    std::optional<pipeline::work_evidence> find_work(std::string_view item) override;
    void add_to_log(const pipeline::work_said& said, pipeline::event_kind act) override;
    void save_said(const pipeline::work_said& said) override;

private:
    void add_words_and_facts(pipeline::work_evidence& to);

    connection& database_;
    notice_rows notices_;
    watch_rows watch_;
    mailbox_use_rows uses_;
};

// After the row is saved; `before`: what was known of it.
void keep_work(connection& database, const pipeline::delivery_row& row, const std::optional<counted_delivery>& before);
void keep_work(connection& database, const pipeline::letter_clues& clues);
// After a letter that was known is saved: it may have another stay or service.
void move_work(connection& database, const pipeline::letter_row& letter);
}
