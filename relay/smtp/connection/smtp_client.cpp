#include "relay/smtp/connection/smtp_client.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "mime/text/ascii.hpp"
#include "relay/io/files.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

namespace relay::smtp {
namespace asio = boost::asio;
using engine_type = client_engine;

struct smtp_client::delivery {
    next_hop hop;
    outgoing_mail mail;
    io::clock::time_point deadline;
    pool_key key;
    std::uint64_t epoch;                        // when it began: its hop is of then
    std::unique_ptr<client_connection> used{};  // under way
    std::shared_ptr<io::tls_session> resume{};  // offered on it
    delivery_report::connection kind = delivery_report::connection::none;
    std::size_t addresses_tried = 0;
    delivery_report report{};

    // Of several peers the report is about the one that came farthest, and of those the last.
    bool note(const attempt_outcome& outcome, const std::string& host)
    {
        if (!outcome.is_accepted() && outcome.where < report.outcome.where) return false;
        report = {};
        report.outcome = outcome;
        report.peer_host = host;
        return true;
    }
};

namespace {
loss to_loss(const error_code& ec)
{
    if (ec == io::errc::timed_out) return loss::timed_out;
    if (ec == io::errc::cancelled) return loss::cancelled;
    if (ec == io::errc::tls_refused) return loss::tls_refused;
    if (ec == io::errc::tls_failed) return loss::tls_failed;
    if (ec == io::errc::certificate_untrusted || ec == io::errc::certificate_expired || ec == io::errc::name_mismatch) {
        return loss::certificate_untrusted;
    }
    return loss::closed;
}

attempt_outcome failed_before_connection(const error_code& why)
{
    attempt_outcome outcome;
    outcome.ec = why;
    outcome.where = stage::connect;
    return outcome;
}

delivery_errc lookup_failure(const error_code& failed)
{
    if (failed.category() == pipeline::delivery_category()) return static_cast<delivery_errc>(failed.value());
    return failed == io::errc::cancelled ? delivery_errc::cancelled : delivery_errc::name_lookup_failed;
}

bool is_about_tls(const error_code& ec)
{
    return ec == make_error_code(delivery_errc::tls_failed) || ec == make_error_code(delivery_errc::tls_refused) ||
           ec == make_error_code(delivery_errc::certificate_untrusted);
}

// Another address may do better: the fault is this peer's, and it has not answered MAIL.
bool may_try_next(const attempt_outcome& outcome, const client_engine& engine)
{
    if (outcome.is_accepted() || engine.has_answered_mail()) return false;
    constexpr std::array last_words{delivery_errc::cancelled,    delivery_errc::reply_lost,
                                    delivery_errc::too_big,      delivery_errc::not_sendable,
                                    delivery_errc::auth_refused, delivery_errc::credentials_unreadable};
    return std::none_of(last_words.begin(), last_words.end(),
                        [&](delivery_errc one) { return outcome.ec == make_error_code(one); });
}

// What reads credentials from a 0600 file; blocking.
result<sasl_login> load_login(const sasl_access& access)
{
    auto secret = io::read_secret(access.secret_file);
    if (secret.has_error()) return secret.error();
    auto response = write_sasl_response(access.mechanism, access.user, *secret);
    OPENSSL_cleanse(secret->data(), secret->size());
    if (response.has_error()) return response.error();
    return sasl_login{access.mechanism, std::move(*response)};
}

void record(const delivery_report& report)
{
    obs::add(obs::counter::delivery_attempts);
    if (report.outcome.octets_saved > 0) {
        obs::add(obs::counter::smtp_mails_binary);
        obs::add(obs::counter::smtp_saved_bytes, report.outcome.octets_saved);
    }
    if (report.outcome.is_accepted()) return;
    obs::info(obs::event::smtp_attempt, "peer={} stage={} code={} why=\"{}\"", report.peer_address,
              name(report.outcome.where), report.outcome.code, report.outcome.ec.message());
}
}

smtp_client::smtp_client(io::io_runtime& runtime, client_settings settings)
    : runtime_(runtime),
      settings_(std::move(settings)),
      pool_(std::make_shared<connection_pool>(runtime.executor(), settings_.pool))
{
    if (!settings_.names) settings_.names = std::make_shared<io::name_lookup>(io::dns_settings());
    ours_.insert(mime::lower(settings_.helo_name));
}

smtp_client::~smtp_client()
{
    close_idle();
}

// No QUIT: nothing is under way, and a peer that matters less than our shutdown sees the end of the connection.
void smtp_client::close_idle()
{
    pool_->drop_older_than(io::clock::time_point::max());
}

io::awaitable<result<mail_site>> smtp_client::find_site(next_hop hop)
{
    auto finding = smtp::find_site(*settings_.names, std::move(hop));
    co_return co_await io::with_deadline(io::clock::now() + settings_.lookup_timeout, std::move(finding));
}

io::awaitable<delivery_report> smtp_client::deliver(next_hop hop, outgoing_mail mail, io::clock::time_point deadline)
{
    if (hop.policy != tls_policy::clear_tests && !hop.tls)
        throw std::invalid_argument("smtp_client: TLS without context");
    pool_key key = key_of(hop);
    delivery about{std::move(hop), std::move(mail), deadline, std::move(key), pool_->epoch()};
    about.report.outcome = failed_before_connection(delivery_errc::peer_unreachable);
    try {
        auto delivering = deliver_somehow(about);
        co_await std::move(delivering);
    } catch (const boost::system::system_error& error) {
        // Asio throws out of a co_await once the caller is cancelled; what the engine knows still has to be told.
        if (error.code() != asio::error::operation_aborted) throw;
        if (about.used) {
            static_cast<void>(about.used->engine.on_lost(loss::cancelled));
            settle(about);
        } else {
            about.report.outcome = failed_before_connection(delivery_errc::cancelled);
        }
    }
    about.report.addresses_tried = about.addresses_tried;
    record(about.report);
    co_return std::move(about.report);
}

io::awaitable<void> smtp_client::deliver_somehow(delivery& about)
{
    about.kind = delivery_report::connection::reused;
    while ((about.used = pool_->take(about.key))) {
        auto attempting = attempt(about, begin(about));
        co_await std::move(attempting);
        const bool stale = about.used->engine.was_stale();
        if (!stale) obs::add(obs::counter::smtp_connections_reused);
        settle(about);
        if (!stale) co_return;
    }
    about.kind = delivery_report::connection::fresh;
    about.report = {};
    about.report.outcome = failed_before_connection(delivery_errc::peer_unreachable);  // until somebody says better
    auto finding = find_mail_hosts(*settings_.names, about.hop, ours_);
    const auto limit = std::min(about.deadline, io::clock::now() + settings_.lookup_timeout);
    const auto hosts = co_await io::with_deadline(limit, std::move(finding));
    if (hosts.has_error()) {
        about.report.outcome = failed_before_connection(lookup_failure(hosts.error()));
        co_return;
    }
    for (const mail_host& host : *hosts) {
        auto delivering = deliver_to_host(about, host);
        if (co_await std::move(delivering) == go_on::done) co_return;
    }
}

io::awaitable<smtp_client::go_on> smtp_client::deliver_to_host(delivery& about, mail_host host)
{
    auto finding = find_endpoints(*settings_.names, host, about.hop.lookup);
    const auto limit = std::min(about.deadline, io::clock::now() + settings_.lookup_timeout);
    const auto endpoints = co_await io::with_deadline(limit, std::move(finding));
    if (endpoints.has_error()) {
        const delivery_errc why = lookup_failure(endpoints.error());
        about.note(failed_before_connection(why), host.name);
        co_return why == delivery_errc::cancelled ? go_on::done : go_on::try_next;
    }
    for (const tcp_endpoint& at : *endpoints) {
        if (about.addresses_tried == settings_.max_addresses || io::clock::now() >= about.deadline)
            co_return go_on::done;
        ++about.addresses_tried;
        about.resume = pool_->take_session(about.key, at);
        auto delivering = deliver_to_address(about, at, host.name);
        auto next = co_await std::move(delivering);
        if (next == go_on::try_without_session) {
            about.resume = nullptr;
            auto again = deliver_to_address(about, at, host.name);
            next = co_await std::move(again);
        }
        if (next == go_on::done) co_return go_on::done;
    }
    co_return go_on::try_next;
}

io::awaitable<smtp_client::go_on> smtp_client::deliver_to_address(delivery& about, tcp_endpoint at, std::string host)
{
    auto preparing = policy_for(about);
    auto policy = co_await std::move(preparing);
    if (policy.has_error()) {
        about.report.outcome = failed_before_connection(delivery_errc::credentials_unreadable);
        co_return go_on::done;
    }
    std::vector<tcp_endpoint> one{at};
    const auto limit = std::min(about.deadline, io::clock::now() + settings_.connect_timeout);
    auto connecting = io::connect(std::move(one), limit);
    auto peer = co_await std::move(connecting);
    if (peer.has_error()) {
        const bool cancelled = peer.error() == io::errc::cancelled;
        about.note(failed_before_connection(cancelled ? delivery_errc::cancelled : delivery_errc::peer_unreachable),
                   host);
        co_return cancelled ? go_on::done : go_on::try_next;
    }
    obs::add(obs::counter::smtp_connections_out);
    about.used =
        std::make_unique<client_connection>(std::move(**peer), at, std::move(host), std::move(*policy), about.epoch);
    auto attempting = attempt(about, begin(about));
    co_await std::move(attempting);
    const attempt_outcome& outcome = about.used->engine.outcome();
    go_on next = may_try_next(outcome, about.used->engine) ? go_on::try_next : go_on::done;
    if (next == go_on::try_next && about.resume && is_about_tls(outcome.ec)) next = go_on::try_without_session;
    settle(about);
    co_return next;
}

io::awaitable<result<client_policy>> smtp_client::policy_for(delivery& about)
{
    client_policy policy{settings_.helo_name, about.hop.policy, settings_.timeouts, {}, {}, about.hop.transfer};
    if (pool_->has_refused_binary(about.key)) policy.transfer = body_transfer::data;
    if (about.hop.access) {
        auto loading = [access = about.hop.access] { return load_login(*access); };
        auto login = co_await io::offload(runtime_.pool(), std::move(loading));
        if (login.has_error()) co_return login.error();
        policy.login = std::move(*login);
    }
    co_return policy;
}

// Before anything waits: from here on the connection speaks of this mail, also when the wait is cut off.
client_engine::action smtp_client::begin(delivery& about)
{
    client_connection& used = *about.used;
    used.reusable = false;
    return used.mails++ == 0 ? used.engine.start(about.mail) : used.engine.next_transaction(about.mail);
}

io::awaitable<void> smtp_client::attempt(delivery& about, client_engine::action next)
{
    std::array<char, 8 * 1024> buffer;
    client_connection& used = *about.used;
    auto& engine = used.engine;
    std::optional<std::size_t> awaited;  // the number of the reply that `limit` is about
    io::clock::time_point limit;
    for (;;) {
        if (std::holds_alternative<engine_type::finished>(next)) break;
        if (std::holds_alternative<engine_type::idle>(next)) {
            used.reusable = used.mails < settings_.max_mails_per_connection && used.epoch == pool_->epoch();
            if (used.reusable) break;
            next = engine.quit();
        } else if (const auto* out = std::get_if<engine_type::send>(&next)) {
            awaited.reset();
            limit = std::min(about.deadline, io::clock::now() + out->within);
            const auto sent = co_await used.peer.write_all(out->bytes, limit);
            next = sent.has_value() ? engine.on_sent() : engine.on_lost(to_loss(sent.error()));
        } else if (const auto* in = std::get_if<engine_type::receive>(&next)) {
            if (awaited != in->reply) limit = std::min(about.deadline, io::clock::now() + in->within);
            awaited = in->reply;
            const auto got = co_await used.peer.read_some(buffer, limit);
            next = got.has_value() ? engine.on_received({buffer.data(), *got}) : engine.on_lost(to_loss(got.error()));
        } else {
            limit = std::min(about.deadline, io::clock::now() + std::get<engine_type::start_tls>(next).within);
            const std::string& host = about.hop.tls_name.empty() ? used.host : about.hop.tls_name;
            const auto secured = co_await used.peer.start_tls(about.hop.tls, host, limit, about.resume);
            next = secured.has_value() ? engine.on_tls_ready() : engine.on_lost(to_loss(secured.error()));
        }
    }
}

// The report of what was under way; the connection goes to the pool, or ends.
void smtp_client::settle(delivery& about)
{
    auto used = std::exchange(about.used, nullptr);
    if (about.note(used->engine.outcome(), used->host)) {
        about.report.tls = used->peer.tls();
        about.report.peer_address = used->peer.peer_address();
        about.report.used = about.kind;
    }
    if (used->engine.has_refused_binary()) pool_->note_refused_binary(about.key);
    if (!used->reusable) return;
    pool_->keep_session(about.key, *used);
    connection_pool::put(pool_, about.key, std::move(used));
}
}
