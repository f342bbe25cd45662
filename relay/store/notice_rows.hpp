// relay/store/notice_rows.hpp: the rows of alerts and digests (relay/pipeline/ports/notices.hpp). Private to
// relay/store; throws as rows.hpp does.
#pragma once

#include "relay/pipeline/ports/notices.hpp"
#include "relay/store/connection.hpp"

namespace relay::store {
class notice_rows final : public pipeline::ports::notice_reader, public pipeline::ports::notice_writer {
public:
    explicit notice_rows(connection& database) : database_(database) {}
    std::vector<pipeline::told_alert> told_alerts(std::string_view whom) override;
    std::vector<pipeline::told_alert> told_to_anybody() override;
    std::vector<std::string> disputed_items() override;
    std::vector<pipeline::alert_condition> failing_domains(base::instant until) override;
    std::optional<base::instant> oldest_waiting() override;
    std::optional<pipeline::ports::alert_post> due_post(const pipeline::due_times& times) override;
    std::int64_t posts_waiting() override;
    bool is_digest_sent(std::string_view group, std::string_view week) override;
    void save_told(std::string_view whom, const pipeline::alert_news& news, base::instant at) override;
    void add_post(const pipeline::ports::alert_post& post) override;
    void save_post(const pipeline::ports::alert_post& post) override;
    void remove_post(std::int64_t sequence) override;
    void save_digest_sent(std::string_view group, std::string_view week, base::instant at) override;

private:
    connection& database_;
};

// Before an event of the ledger is projected: since when the servers of its delivery's domain fail, or that they
// answer.
void note_peer(connection& database, const pipeline::event& entry);
}
