// relay/pipeline/outbound.hpp: the queue seen from the one who sends: intent → act → outcome (design.md §3.2).
// prepare() makes the intent durable (sealed bytes, Message-ID, ENVID, attempt) before anything goes on the wire;
// finish() records the answer. An intent without an answer at start is `uncertain` and is sent again with the same ids
// and bytes. Blocking: worker threads only; safe from several at once, one delivery being prepared once at a time
// (lease).
#pragma once

#include <memory>

#include "relay/pipeline/hosted_mail.hpp"
#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/letter_composer.hpp"

namespace relay::pipeline {
struct retry_policy {
    std::chrono::seconds first{120};
    std::chrono::seconds most{3600};
    std::chrono::seconds give_up{24 * 3600};  // after submission; 24 h as domain.md §4
    std::chrono::seconds warn{1800};          // after submission: people are told (domain.md §4)

    // first × 2^(attempts-1), capped, ±20 % by `jitter` in [0, 1).
    [[nodiscard]] std::chrono::milliseconds delay(int attempts, double jitter) const noexcept;
    // When to try again after `attempts` of a delivery of that age; what would come after giving up comes a minute
    // before it, unless that is already sooner than a first retry.
    [[nodiscard]] instant next_try(instant now, instant created, int attempts, double jitter) const noexcept;
    [[nodiscard]] due_times due_at(instant now) const noexcept;
};

[[nodiscard]] double random_unit();  // in [0, 1), for jitter

struct prepared_mail {
    delivery_id id;
    std::int64_t lease = 0;
    delivery_kind kind = delivery_kind::letter;
    next_hop to;
    std::string reverse_path;  // empty: <>
    std::string recipient;
    std::string envid;
    std::shared_ptr<const std::string> bytes;
    // What is asked of the next hop (RFC 3461), where it offers DSN.
    ports::notify_wish notify{};
    ports::return_wish ret = ports::return_wish::not_said;
    std::string orcpt{};
    ports::mail_envelope::body_type body = ports::mail_envelope::body_type::seven_bit;
    instant arrived{};  // here
};

enum class attempt_end { accepted, temporary, permanent, uncertain };

struct attempt_result {
    attempt_end end = attempt_end::temporary;
    cause why = cause::none;
    int smtp_code = 0;
    std::string enhanced_status;
    std::string peer;
    std::string tls;
    std::string peer_text;
    bool peer_reports = false;  // accepted, and reports are the peer's duty from here on
};

struct outbound_options {
    retry_policy retry;
    std::uint64_t max_sealed_octets = 20U << 20U;
    std::string node_name;                     // right side of Message-ID
    std::optional<composer_options> composer;  // hospital role
    hosted_mail* hosted = nullptr;          // operator role: what goes to a mailbox here does not leave. Outlives this
    std::chrono::seconds tell_delay{1800};  // after submission: the sender of a submitted mail hears that it waits
};

class outbound {
public:
    outbound(services with, outbound_options options);

    // At start: every attempt without an outcome becomes uncertain.
    [[nodiscard]] result<std::size_t> recover();
    // Domains with something to send, now or later; without those on hold. Deadlines that have passed are moved on.
    [[nodiscard]] result<std::vector<queue_lane>> lanes();
    // Of one domain, what may leave now, the soonest deadline first.
    [[nodiscard]] result<std::vector<due_delivery>> due(std::string_view domain, std::size_t limit);
    // Where its mail goes; nullopt: nowhere by the routes of now.
    [[nodiscard]] std::optional<next_hop> hop_of(std::string_view domain) const;
    // nullopt: nothing to send after all (held, refused, or no longer due).
    [[nodiscard]] result<std::optional<prepared_mail>> prepare(const delivery_id& id);
    [[nodiscard]] result<void> finish(const prepared_mail& mail, const attempt_result& outcome);
    // It could not be prepared for a reason nobody knows: tried again later, for people to see, while the clock runs.
    [[nodiscard]] result<void> put_off(const delivery_id& id);
    // Gives up what is older than retry.give_up, tells people of what has waited for retry.warn, once; returns how
    // many. Some thousands at a call at most.
    [[nodiscard]] result<std::size_t> expire();
    [[nodiscard]] result<std::size_t> warn_late();
    // By a person. Nothing begins to leave for a domain on hold; when it is resumed, all of it is tried at once.
    [[nodiscard]] result<void> hold_domain(std::string_view domain, std::string_view actor);
    struct resumed {
        bool was_on_hold = false;
        std::size_t due_now = 0;  // what would have waited longer
    };
    [[nodiscard]] result<resumed> resume_domain(std::string_view domain);
    // By a person: queued again now. False if the delivery is unknown, accepted, under way, or if a newer version of
    // its document goes to the same mailbox.
    [[nodiscard]] result<bool> requeue(const delivery_id& id);
    // By a person: a submitted mail that waits is not sent any more, and its sender is told. False if there is none.
    [[nodiscard]] result<bool> cancel(const delivery_id& id, std::string_view actor);

private:
    struct ready;
    result<std::optional<prepared_mail>> prepare_sealed(const delivery_row& row, prepared_mail mail);
    result<std::optional<prepared_mail>> prepare_new(const delivery_row& row, const recipient& to);
    result<std::size_t> expire_some(delivery_state state, std::uint64_t& octets_left);
    result<std::size_t> warn_some(delivery_kind kind, std::chrono::seconds after, std::uint64_t& octets_left);
    bool is_here(std::string_view domain) const;
    void ask_for_all_reports(prepared_mail& mail) const;
    prepared_mail envelope_of(const delivery_row& row, const std::string& opened) const;
    result<void> leave_here(const prepared_mail& mail);
    // What the sender of a submitted mail is told; nullopt: not a mail, or he does not want to hear it. `why` none:
    // what the last reply said.
    std::optional<made_report> news_of(const delivery_row& row, mime::report::dsn_action action,
                                       cause why = cause::none) const;
    std::optional<made_report> news_of(const prepared_mail& mail, const attempt_result& outcome) const;
    result<void> close_deletion(const delivery_id& id);
    result<void> hold(const delivery_id& id, cause why);
    result<void> refuse(const delivery_id& id, cause why);
    result<void> refuse_submitted(const delivery_row& row);

    services with_;
    outbound_options options_;
};
}
