// relay/pipeline/ports/notices.hpp: what alerts and digests ask of the store, and what they keep there: who was told
// what, which posts to a web address wait, which digests went out. Inside a read or a unit of ports::store, so that
// what was told is durable with the mail that tells it. Throws as its other questions do.
#pragma once

#include "relay/pipeline/alerts.hpp"
#include "relay/pipeline/ports/store.hpp"

namespace relay::pipeline::ports {
// An alert on its way to the web address of the settings.
struct alert_post {
    std::int64_t sequence = 0;  // given by the store
    std::string body;           // JSON, no identity
    instant created_at{};
    int attempts = 0;
    instant next_try{};
};

class notice_reader {
public:
    virtual ~notice_reader() = default;
    [[nodiscard]] virtual std::vector<told_alert> told_alerts(std::string_view whom) = 0;  // a keyed hash, or "webhook"
    // To anybody, once each; those that are told one by one aside.
    [[nodiscard]] virtual std::vector<told_alert> told_to_anybody() = 0;
    // Lines of the worklist: deliveries disputed by their addressee, whatever their age. As many as there are such.
    [[nodiscard]] virtual std::vector<std::string> disputed_items() = 0;
    // Domains, those on hold aside, whose servers have failed since then or longer, without any answer of theirs
    // between, and for which something waits for another try, or is being tried, because of that. O(domains that fail +
    // what is being sent).
    [[nodiscard]] virtual std::vector<alert_condition> failing_domains(instant until) = 0;
    // Of what is queued, deferred or uncertain; nullopt: nothing waits.
    [[nodiscard]] virtual std::optional<instant> oldest_waiting() = 0;
    [[nodiscard]] virtual std::optional<alert_post> due_post(const due_times& times) = 0;  // the oldest, if it is due
    [[nodiscard]] virtual std::int64_t posts_waiting() = 0;
    [[nodiscard]] virtual bool is_digest_sent(std::string_view group, std::string_view week) = 0;
};

class notice_writer {
public:
    virtual ~notice_writer() = default;
    virtual void save_told(std::string_view whom, const alert_news& news, instant at) = 0;
    virtual void add_post(const alert_post& post) = 0;
    virtual void save_post(const alert_post& post) = 0;  // attempts, next_try
    virtual void remove_post(std::int64_t sequence) = 0;
    virtual void save_digest_sent(std::string_view group, std::string_view week, instant at) = 0;
};
}
