#include "relay/smtp/connection/sink_calls.hpp"

#include <string.h>

#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

namespace relay::smtp {
namespace ports = pipeline::ports;
namespace {
ports::mail_envelope to_port(const received_envelope& from)
{
    ports::mail_envelope to;
    to.reverse_path = from.from.reverse_path;
    to.ret = from.from.ret == return_content::full      ? ports::return_wish::full
             : from.from.ret == return_content::headers ? ports::return_wish::headers
                                                        : ports::return_wish::not_said;
    to.envid = from.from.envid;
    to.body = from.from.body == body_type::eight_bit_mime ? ports::mail_envelope::body_type::eight_bit_mime
                                                          : ports::mail_envelope::body_type::seven_bit;
    to.declared_octets = from.from.size_octets;
    for (const auto& one : from.recipients) {
        const ports::notify_wish wish{one.notify.never, one.notify.success, one.notify.failure, one.notify.delay};
        to.recipients.push_back({one.address, wish, one.orcpt});
    }
    return to;
}

recipient_check to_engine(ports::recipient_verdict verdict)
{
    switch (verdict) {
        case ports::recipient_verdict::accepted: return recipient_check::accepted;
        case ports::recipient_verdict::mailbox_unknown: return recipient_check::unknown;
        case ports::recipient_verdict::mailbox_closed: return recipient_check::closed;
        case ports::recipient_verdict::mailbox_full: return recipient_check::full;
        case ports::recipient_verdict::not_local: return recipient_check::not_local;
        case ports::recipient_verdict::untrusted_domain: return recipient_check::untrusted_domain;
        case ports::recipient_verdict::no_route: return recipient_check::no_route;
        case ports::recipient_verdict::refused: return recipient_check::refused;
        case ports::recipient_verdict::no_space: return recipient_check::no_space;
        case ports::recipient_verdict::temporary_failure: break;
    }
    return recipient_check::temporary_failure;
}

store_result to_engine(ports::store_verdict verdict)
{
    switch (verdict) {
        case ports::store_verdict::stored: return store_result::stored;
        case ports::store_verdict::duplicate: return store_result::duplicate;
        case ports::store_verdict::no_space: return store_result::no_space;
        case ports::store_verdict::mailbox_full: return store_result::mailbox_full;
        case ports::store_verdict::too_big: return store_result::too_big;
        case ports::store_verdict::refused: return store_result::refused;
        case ports::store_verdict::mailbox_unknown: return store_result::unknown;
        case ports::store_verdict::looping: return store_result::looping;
        case ports::store_verdict::sender_refused: return store_result::sender_refused;
        case ports::store_verdict::clear_refused: return store_result::clear_refused;
        case ports::store_verdict::temporary_failure: break;
    }
    return store_result::temporary_failure;
}

void count(ports::store_verdict verdict, const std::string& peer, std::size_t octets)
{
    const bool repeated = verdict == ports::store_verdict::duplicate;
    if (repeated || verdict == ports::store_verdict::stored) {
        obs::add(repeated ? obs::counter::mails_repeated : obs::counter::mails_stored);
        return obs::info(obs::event::smtp_stored, "peer={} octets={} repeat={}", peer, octets, repeated ? 1 : 0);
    }
    obs::add(obs::counter::mails_refused);
    obs::warn(obs::event::smtp_refused, "peer={} octets={} verdict={}", peer, octets, static_cast<int>(verdict));
}
}

// The sink on a worker: what it throws (a bug, exhausted memory) or a cancellation is a temporary failure, never a 250.
io::awaitable<recipient_check> ask_recipient(io::worker_pool& pool, ports::mail_sink& sink, std::string address,
                                             ports::session_facts facts)
{
    auto work = [&sink, address = std::move(address), facts = std::move(facts)]() -> result<ports::recipient_verdict> {
        try {
            return sink.check_recipient(address, facts);
        } catch (const std::exception&) {
            obs::error(obs::event::store_failed, "where=smtp_recipient");
            return ports::recipient_verdict::temporary_failure;
        }
    };
    const auto verdict = co_await io::offload(pool, std::move(work));
    if (verdict.has_value() && *verdict != ports::recipient_verdict::accepted)
        obs::add(obs::counter::smtp_recipients_refused);
    co_return verdict.has_value() ? to_engine(*verdict) : recipient_check::temporary_failure;
}

io::awaitable<ports::login_answer> ask_login(io::worker_pool& pool, ports::sender_logins& logins,
                                             server_engine::check_login asked, std::vector<std::string> emails)
{
    auto work = [&logins, by = asked.by, user = std::string(asked.user), password = std::string(asked.password),
                 emails = std::move(emails)]() mutable -> result<ports::login_answer> {
        ports::login_answer answer{ports::login_answer::verdict::unavailable, ""};
        try {
            answer = by == server_engine::check_login::mechanism::plain ? logins.by_password(user, password)
                                                                        : logins.by_certificate(emails, user);
        } catch (const std::exception&) {
            obs::error(obs::event::store_failed, "where=smtp_login");
        }
        explicit_bzero(password.data(), password.size());
        return answer;
    };
    const auto answer = co_await io::offload(pool, std::move(work));
    co_return answer.has_value() ? *answer : ports::login_answer{ports::login_answer::verdict::unavailable, ""};
}

io::awaitable<store_result> store_mail(io::worker_pool& pool, ports::mail_sink& sink, received_envelope received,
                                       std::string message, ports::session_facts facts)
{
    const std::size_t octets = message.size();
    const std::string peer = facts.peer_address;
    ports::mail_envelope envelope = to_port(received);
    auto work = [&sink, envelope = std::move(envelope), message = std::move(message),
                 facts = std::move(facts)]() -> result<ports::store_verdict> {
        try {
            return sink.store(envelope, message, facts);
        } catch (const std::exception&) {
            obs::error(obs::event::store_failed, "where=smtp");
            return ports::store_verdict::temporary_failure;
        }
    };
    const auto verdict = co_await io::offload(pool, std::move(work));
    const auto said = verdict.has_value() ? *verdict : ports::store_verdict::temporary_failure;
    count(said, peer, octets);
    co_return to_engine(said);
}
}
