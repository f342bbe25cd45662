#include "relay/smtp/connection/smtp_server.hpp"

#include <array>
#include <stdexcept>

#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

namespace relay::smtp {
namespace asio = boost::asio;
namespace ports = pipeline::ports;
using engine_type = server_engine;

struct smtp_server::session {
    session(io::stream connected, asio::any_io_executor runs_on, const server_policy& policy)
        : peer(std::move(connected)), strand(std::move(runs_on)), engine(policy), end(io::clock::now())
    {
    }
    io::stream peer;
    asio::any_io_executor strand;
    server_engine engine;
    io::clock::time_point end;
    ports::session_facts facts;
};

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
        case ports::store_verdict::temporary_failure: break;
    }
    return store_result::temporary_failure;
}

std::string_view name(session_end why)
{
    constexpr std::array<std::string_view, 7> names{
        "quit", "lost", "bytes_behind_starttls", "too_many_errors", "too_many_commands", "too_big", "shutting_down"};
    return names[static_cast<std::size_t>(why)];
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

void take_tls_facts(ports::session_facts& facts, const io::tls_facts& tls)
{
    facts.tls_version = tls.version;
    facts.tls_cipher = tls.cipher;
    facts.certificate_sha256 = tls.peer_certificate_sha256;
    facts.certificate_subject = tls.peer_certificate_subject;
    facts.certificate =
        tls.peer_certificate_sha256.empty() ? ports::client_certificate::absent : ports::client_certificate::verified;
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
    co_return verdict.has_value() ? to_engine(*verdict) : recipient_check::temporary_failure;
}

io::awaitable<store_result> store(io::worker_pool& pool, ports::mail_sink& sink, ports::mail_envelope envelope,
                                  std::string message, ports::session_facts facts)
{
    const std::size_t octets = message.size();
    const std::string peer = facts.peer_address;
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

smtp_server::smtp_server(io::io_runtime& runtime, server_settings settings, ports::mail_sink& sink)
    : runtime_(runtime),
      settings_(std::move(settings)),
      sink_(sink),
      listener_(
          runtime.executor(), [this](io::stream peer) { return serve(std::move(peer)); },
          io::listener_limits{settings_.max_connections})
{
    const bool wants_tls = settings_.policy.tls == server_tls::required;
    const bool wants_certificates = settings_.policy.certificates == client_certificates::required;
    const bool asks = settings_.tls && settings_.tls->peers() == io::peer_certificate::required;
    if (wants_tls != static_cast<bool>(settings_.tls) || wants_certificates != asks ||
        (settings_.tls && settings_.tls->role() != io::tls_role::server)) {
        throw std::invalid_argument("smtp_server: policy and TLS context contradict each other");
    }
}

smtp_server::~smtp_server()
{
    drain(io::clock::now());
}

result<asio::ip::tcp::endpoint> smtp_server::open()
{
    return listener_.open(settings_.at);
}

void smtp_server::drain(io::clock::time_point drain_until)
{
    draining_ = true;
    listener_.stop();
    sessions_.visit_each([](session& one) {
        if (!one.engine.is_in_mail()) one.peer.abort();
    });
    listener_.drain(drain_until);
}

io::awaitable<void> smtp_server::serve(io::stream peer)
{
    auto strand = co_await asio::this_coro::executor;
    auto one = std::make_shared<session>(std::move(peer), strand, settings_.policy);
    one->end += settings_.session_limit;
    one->facts.peer_address = one->peer.peer_address();
    const io::session_list<session>::entry listed(sessions_, one);
    obs::add(obs::counter::smtp_connections_in);
    const session_end why = co_await drive(*one);
    obs::info(obs::event::smtp_closed, "peer={} end={} mails={} tls={}", one->facts.peer_address, name(why),
              one->engine.mails(), one->facts.tls_version);
    co_await one->peer.close(io::clock::now() + std::chrono::seconds(2));
}

io::awaitable<session_end> smtp_server::drive(session& one)
{
    std::array<char, 16 * 1024> buffer;
    auto& engine = one.engine;
    for (engine_type::action next = draining_ ? engine.start_busy() : engine.start();;) {
        if (draining_) engine.shut_down();
        if (const auto* done = std::get_if<engine_type::finished>(&next)) co_return done->why;
        if (const auto* out = std::get_if<engine_type::send>(&next)) {
            const auto limit = std::min(one.end, io::clock::now() + out->within);
            const auto sent = co_await one.peer.write_all(out->bytes, limit);
            next = sent.has_value() ? engine.on_sent() : engine.on_lost();
        } else if (const auto* in = std::get_if<engine_type::receive>(&next)) {
            const auto limit = std::min(one.end, io::clock::now() + in->within);
            const auto got = co_await one.peer.read_some(buffer, limit);
            next = got.has_value() ? engine.on_received({buffer.data(), *got}) : engine.on_lost();
        } else if (const auto* who = std::get_if<engine_type::check_recipient>(&next)) {
            one.facts.helo = engine.helo();
            auto asked = ask_recipient(runtime_.pool(), sink_, std::string(who->address), one.facts);
            const auto verdict = co_await std::move(asked);
            next = engine.on_recipient_checked(verdict);
        } else if (const auto* mail = std::get_if<engine_type::store_message>(&next)) {
            one.facts.helo = engine.helo();
            auto stored = store(runtime_.pool(), sink_, to_port(*mail->envelope), std::move(*mail->message), one.facts);
            const auto verdict = co_await std::move(stored);
            next = engine.on_stored(verdict);
        } else {
            const auto limit = std::min(one.end, io::clock::now() + std::chrono::seconds(60));
            const auto secured = co_await one.peer.start_tls(settings_.tls, std::string(), limit);
            if (secured.has_error()) {
                obs::warn(obs::event::tls_failed, "peer={} why=\"{}\"", one.facts.peer_address,
                          secured.error().message());
                next = engine.on_lost();
                continue;
            }
            take_tls_facts(one.facts, *one.peer.tls());
            next = engine.on_tls_ready(one.facts.certificate == ports::client_certificate::verified
                                           ? tls_peer::with_certificate
                                           : tls_peer::without_certificate);
        }
    }
}
}
