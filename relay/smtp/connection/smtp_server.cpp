#include "relay/smtp/connection/smtp_server.hpp"

#include <array>
#include <stdexcept>

#include "relay/base/places.hpp"
#include "relay/io/errc.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/smtp/connection/sink_calls.hpp"

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
    std::array<char, 16 * 1024> buffer{};
    std::optional<io::clock::time_point> data_since;  // of the mail that is coming
    std::uint64_t data_octets = 0;
};

// The connection in the counts, from its construction to its end.
class smtp_server::place {
public:
    place(smtp_server& server, const server_settings& settings, const std::string& address)
        : here_(server.open_, settings.max_connections), rates_(settings.rates), key_(peer_key(address, ""))
    {
        counted_ = here_ && rates_ && rates_->opened(key_, io::clock::now()) == gate::open;
    }
    ~place()
    {
        if (counted_) rates_->closed(key_);
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    [[nodiscard]] bool is_free() const noexcept { return here_ && (counted_ || !rates_); }

private:
    const base::place here_;
    std::shared_ptr<peer_rates> rates_;
    std::string key_;
    bool counted_ = false;
};

namespace {
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

void take_tls_facts(ports::session_facts& facts, const io::tls_facts& tls)
{
    facts.tls_version = tls.version;
    facts.tls_cipher = tls.cipher;
    facts.certificate_sha256 = tls.peer_certificate_sha256;
    facts.certificate_subject = tls.peer_certificate_subject;
    facts.certificate =
        tls.peer_certificate_sha256.empty() ? ports::client_certificate::absent : ports::client_certificate::verified;
}

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
        if (const auto* out = std::get_if<engine_type::send>(&next)) {
            const auto limit = std::min(one.end, io::clock::now() + out->within);
            const auto sent = co_await one.peer.write_all(out->bytes, limit);
            next = sent.has_value() ? engine.on_sent() : engine.on_lost();
        } else if (const auto* in = std::get_if<engine_type::receive>(&next)) {
            auto receiving = receive(one, in->within);
            next = co_await std::move(receiving);
        } else if (const auto* who = std::get_if<engine_type::check_recipient>(&next)) {
            one.facts.helo = engine.helo();
            auto asked = ask_recipient(runtime_.pool(), sink_, std::string(who->address), one.facts);
            const auto verdict = co_await std::move(asked);
            next = engine.on_recipient_checked(verdict);
        } else if (const auto* mail = std::get_if<engine_type::store_message>(&next)) {
            one.facts.helo = engine.helo();
            auto stored = store_mail(runtime_.pool(), sink_, *mail->envelope, std::move(*mail->message), one.facts);
            const auto verdict = co_await std::move(stored);
            one.data_since.reset();  // the next mail may have come with this one
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
    co_return one.engine.on_tls_ready(one.facts.certificate == ports::client_certificate::verified
                                          ? tls_peer::with_certificate
                                          : tls_peer::without_certificate);
}

io::awaitable<engine_type::action> smtp_server::log_in(session& one, engine_type::check_login asked)
{
    const auto& tls = one.peer.tls();
    auto checking = ask_login(runtime_.pool(), *one.settings->logins, asked,
                              tls ? tls->peer_certificate_emails : std::vector<std::string>());
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
