#include "relay/smtp/connection/smtp_server.hpp"

#include <string.h>

#include <array>
#include <stdexcept>

#include "relay/io/errc.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

namespace relay::smtp {
namespace asio = boost::asio;
namespace ports = pipeline::ports;
using engine_type = server_engine;

struct smtp_server::session {
    session(io::stream connected, asio::any_io_executor runs_on, smtp_server& server)
        : settings(server.settings_.get()),
          peer(std::move(connected)),
          strand(std::move(runs_on)),
          engine(settings->policy, [this](rated what) { return count(*this, what); }),
          end(io::clock::now() + settings->session_limit)
    {
    }
    const std::shared_ptr<const server_settings> settings;
    io::stream peer;
    asio::any_io_executor strand;
    server_engine engine;
    io::clock::time_point end;
    ports::session_facts facts;
    std::vector<std::string> certificate_emails;
    std::array<char, 16 * 1024> buffer{};
    std::optional<io::clock::time_point> data_since;  // of the mail that is coming
    std::uint64_t data_octets = 0;
};

// The connection in the counts, from its construction to its end.
class smtp_server::place {
public:
    place(smtp_server& server, const server_settings& settings, const std::string& address)
        : server_(server), rates_(settings.rates), key_(peer_key(address, ""))
    {
        const bool fits = server_.open_.fetch_add(1) < settings.max_connections;
        const auto& rates = rates_;
        counted_ = fits && rates && rates->opened(key_, io::clock::now()) == gate::open;
        free_ = fits && (counted_ || !rates);
    }
    ~place()
    {
        server_.open_.fetch_sub(1);
        if (counted_) rates_->closed(key_);
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    [[nodiscard]] bool is_free() const noexcept { return free_; }

private:
    smtp_server& server_;
    std::shared_ptr<peer_rates> rates_;
    std::string key_;
    bool counted_ = false;
    bool free_ = false;
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
        case ports::recipient_verdict::refused: return recipient_check::refused;
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
        case ports::store_verdict::temporary_failure: break;
    }
    return store_result::temporary_failure;
}

std::string_view name(session_end why)
{
    constexpr std::array<std::string_view, 11> names{"quit",
                                                     "lost",
                                                     "bytes_behind_starttls",
                                                     "too_many_errors",
                                                     "too_many_commands",
                                                     "too_big",
                                                     "shutting_down",
                                                     "bad_chunk",
                                                     "too_slow",
                                                     "rate_limited",
                                                     "too_many_logins"};
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
    if (verdict.has_value() && *verdict != ports::recipient_verdict::accepted)
        obs::add(obs::counter::smtp_recipients_refused);
    co_return verdict.has_value() ? to_engine(*verdict) : recipient_check::temporary_failure;
}

io::awaitable<ports::login_answer> ask_login(io::worker_pool& pool, ports::sender_logins& logins,
                                             engine_type::check_login asked, std::vector<std::string> emails)
{
    auto work = [&logins, by = asked.by, user = std::string(asked.user), password = std::string(asked.password),
                 emails = std::move(emails)]() mutable -> result<ports::login_answer> {
        ports::login_answer answer{ports::login_answer::verdict::unavailable, ""};
        try {
            answer = by == engine_type::check_login::mechanism::plain ? logins.by_password(user, password)
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

namespace {
constexpr std::size_t places_for_refusals = 16;  // beyond max_connections: told 421 instead of waiting unanswered

io::peer_certificate asked_by(client_certificates policy)
{
    switch (policy) {
        case client_certificates::required: return io::peer_certificate::required;
        case client_certificates::optional: return io::peer_certificate::optional;
        case client_certificates::not_asked: break;
    }
    return io::peer_certificate::not_asked;
}

std::shared_ptr<const server_settings> checked(server_settings settings)
{
    const bool wants_tls = settings.policy.tls != server_tls::not_offered;
    const auto asked = settings.tls ? settings.tls->peers() : io::peer_certificate::not_asked;
    if (wants_tls != static_cast<bool>(settings.tls) || asked != asked_by(settings.policy.certificates) ||
        (settings.tls && settings.tls->role() != io::tls_role::server)) {
        throw std::invalid_argument("smtp_server: policy and TLS context contradict each other");
    }
    if ((settings.policy.logins == logins::required) != (settings.logins != nullptr))
        throw std::invalid_argument("smtp_server: logins without accounts, or the other way round");
    return std::make_shared<const server_settings>(std::move(settings));
}
}

smtp_server::smtp_server(io::io_runtime& runtime, server_settings settings, ports::mail_sink& sink)
    : runtime_(runtime),
      settings_(checked(std::move(settings))),
      sink_(sink),
      listener_(
          runtime.executor(), [this](io::stream peer) { return serve(std::move(peer)); },
          io::listener_limits{settings_.get()->max_connections + places_for_refusals})
{
}

smtp_server::~smtp_server()
{
    drain(io::clock::now());
}

result<asio::ip::tcp::endpoint> smtp_server::open()
{
    return listener_.open(settings_.get()->at);
}

void smtp_server::use(server_settings next)
{
    next.at = settings_.get()->at;
    auto made = checked(std::move(next));
    listener_.allow(made->max_connections + places_for_refusals);
    settings_.set(std::move(made));
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
    auto one = std::make_shared<session>(std::move(peer), strand, *this);
    one->facts.peer_address = one->peer.peer_address();
    const io::session_list<session>::entry listed(sessions_, one);
    const place counted(*this, *one->settings, one->facts.peer_address);
    obs::add(obs::counter::smtp_connections_in);
    if (!counted.is_free()) {
        obs::add(obs::counter::smtp_connections_refused);
        one->end = std::min(one->end, io::clock::now() + std::chrono::seconds(5));
    }
    const session_end why = co_await drive(*one, counted.is_free() && !draining_ ? welcome::given : welcome::refused);
    if (why == session_end::too_slow) obs::add(obs::counter::smtp_slow_closed);
    obs::info(obs::event::smtp_closed, "peer={} end={} mails={} tls={}", one->facts.peer_address, name(why),
              one->engine.mails(), one->facts.tls_version);
    co_await one->peer.close(io::clock::now() + std::chrono::seconds(2));
}

io::awaitable<session_end> smtp_server::drive(session& one, welcome given)
{
    auto& engine = one.engine;
    for (engine_type::action next = given == welcome::given ? engine.start() : engine.start_busy();;) {
        if (draining_) engine.shut_down();
        if (const auto* done = std::get_if<engine_type::finished>(&next)) co_return done->why;
        one.facts.helo = engine.helo();
        if (const auto* out = std::get_if<engine_type::send>(&next)) {
            const auto limit = std::min(one.end, io::clock::now() + out->within);
            const auto sent = co_await one.peer.write_all(out->bytes, limit);
            next = sent.has_value() ? engine.on_sent() : engine.on_lost();
        } else if (const auto* in = std::get_if<engine_type::receive>(&next)) {
            auto receiving = receive(one, in->within);
            next = co_await std::move(receiving);
        } else if (const auto* who = std::get_if<engine_type::check_recipient>(&next)) {
            auto asked = ask_recipient(runtime_.pool(), sink_, std::string(who->address), one.facts);
            const auto verdict = co_await std::move(asked);
            next = engine.on_recipient_checked(verdict);
        } else if (const auto* mail = std::get_if<engine_type::store_message>(&next)) {
            auto stored = store(runtime_.pool(), sink_, to_port(*mail->envelope), std::move(*mail->message), one.facts);
            const auto verdict = co_await std::move(stored);
            next = engine.on_stored(verdict);
        } else if (const auto* login = std::get_if<engine_type::check_login>(&next)) {
            auto checking = log_in(one, *login);
            next = co_await std::move(checking);
        } else {
            auto securing = secure(one);
            next = co_await std::move(securing);
        }
    }
}

io::awaitable<engine_type::action> smtp_server::receive(session& one, std::chrono::seconds within)
{
    auto limit = std::min(one.end, io::clock::now() + within);
    if (!one.engine.is_in_data()) {
        one.data_since.reset();
    } else {
        if (!one.data_since) {
            one.data_since = io::clock::now();
            one.data_octets = 0;
        }
        limit = std::min(limit, *one.data_since + one.settings->pace.allowed(one.data_octets));
    }
    const auto got = co_await one.peer.read_some(one.buffer, limit);
    if (got.has_error()) co_return got.error() == io::errc::timed_out ? one.engine.on_too_slow() : one.engine.on_lost();
    one.data_octets += *got;
    co_return one.engine.on_received({one.buffer.data(), *got});
}

io::awaitable<engine_type::action> smtp_server::secure(session& one)
{
    const auto limit = std::min(one.end, io::clock::now() + std::chrono::seconds(60));
    const auto secured = co_await one.peer.start_tls(one.settings->tls, std::string(), limit);
    if (secured.has_error()) {
        obs::warn(obs::event::tls_failed, "peer={} why=\"{}\"", one.facts.peer_address, secured.error().message());
        co_return one.engine.on_lost();
    }
    take_tls_facts(one.facts, *one.peer.tls());
    one.certificate_emails = one.peer.tls()->peer_certificate_emails;
    co_return one.engine.on_tls_ready(one.facts.certificate == ports::client_certificate::verified
                                          ? tls_peer::with_certificate
                                          : tls_peer::without_certificate);
}

io::awaitable<engine_type::action> smtp_server::log_in(session& one, engine_type::check_login asked)
{
    auto checking = ask_login(runtime_.pool(), *one.settings->logins, asked, one.certificate_emails);
    const auto answer = co_await std::move(checking);
    using verdict = ports::login_answer::verdict;
    if (answer.said == verdict::accepted) {
        one.facts.login = answer.address;
        co_return one.engine.on_login_checked(login_check::accepted, answer.address);
    }
    if (answer.said == verdict::unavailable) co_return one.engine.on_login_checked(login_check::unavailable, "");
    obs::add(obs::counter::smtp_logins_refused);
    asio::steady_timer wait(co_await asio::this_coro::executor,
                            one.settings->refused_login_delay * (one.engine.failed_logins() + 1));
    error_code ignored;
    co_await wait.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return one.engine.on_login_checked(login_check::refused, "");
}

gate smtp_server::count(const session& one, rated what)
{
    if (!one.settings->rates) return gate::open;
    const auto key = peer_key(one.facts.peer_address, one.facts.certificate_sha256);
    const gate verdict = one.settings->rates->count(key, what, io::clock::now());
    if (verdict == gate::shut) obs::add(obs::counter::smtp_rate_limited);
    return verdict;
}
}
