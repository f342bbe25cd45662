#include "relay/io/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/ssl.hpp>
#include <ctime>

#include "relay/io/certificate_facts.hpp"
#include "relay/obs/metrics.hpp"

// g++ 12 takes Asio's per-thread frame allocator for a mismatch once it has inlined one half of it.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace relay::io {
struct tls_session {
    explicit tls_session(SSL_SESSION* taken) : native(taken) {}
    struct release {
        void operator()(SSL_SESSION* one) const noexcept { SSL_SESSION_free(one); }
    };
    std::unique_ptr<SSL_SESSION, release> native;
};

namespace {
using tcp = asio::ip::tcp;
using tls_stream = asio::ssl::stream<tcp::socket&>;

// An alert the peer sent arrives as reason 1000 + its number (RFC 8446 §6.2).
bool is_alert_of_peer(const error_code& ec)
{
    if (ec.category() != asio::error::get_ssl_category()) return false;
    const int reason = ERR_GET_REASON(static_cast<unsigned long>(ec.value()));
    return reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255;
}

error_code name_error(const error_code& ec)
{
    if (!ec) return {};
    if (ec == asio::error::operation_aborted) return errc::cancelled;
    if (is_alert_of_peer(ec)) return errc::tls_refused;
    if (ec.category() == asio::error::get_ssl_category()) return errc::tls_failed;
    return errc::closed_by_peer;  // EOF, reset, broken pipe, truncated TLS: the connection is gone
}

error_code handshake_error(const error_code& ec, SSL* ssl)
{
    switch (SSL_get_verify_result(ssl)) {
        case X509_V_OK: break;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH: return errc::name_mismatch;
        case X509_V_ERR_CERT_HAS_EXPIRED:
        case X509_V_ERR_CERT_NOT_YET_VALID: return errc::certificate_expired;
        default: return errc::certificate_untrusted;
    }
    return name_error(ec);
}

bool is_numeric(const std::string& host)
{
    error_code not_numeric;
    asio::ip::make_address(host, not_numeric);
    return !not_numeric;
}

// Names count in subjectAltName only (RFC 9525 §2): the subject's CN is never looked at. "*" stands for one whole
// label.
constexpr unsigned host_rules = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;

error_code expect_host(SSL* ssl, const std::string& host)
{
    X509_VERIFY_PARAM* expected = SSL_get0_param(ssl);  // borrowed
    if (is_numeric(host))
        return X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1 ? error_code{} : errc::tls_failed;
    X509_VERIFY_PARAM_set_hostflags(expected, host_rules);
    const bool set = !host.empty() && X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size()) == 1 &&
                     SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
    return set ? error_code{} : errc::tls_failed;
}

// A resumed handshake verifies nothing by itself.
error_code check_resumed(SSL* ssl, const std::string& host)
{
    X509* peer = SSL_get0_peer_certificate(ssl);  // borrowed
    if (peer == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return errc::certificate_untrusted;
    if (X509_cmp_current_time(X509_get0_notAfter(peer)) <= 0) return errc::certificate_expired;
    const int same = is_numeric(host) ? X509_check_ip_asc(peer, host.c_str(), 0)
                                      : X509_check_host(peer, host.data(), host.size(), host_rules, nullptr);
    return same == 1 ? error_code{} : errc::name_mismatch;
}

void offer(const std::shared_ptr<tls_session>& resume, SSL* ssl)
{
    constexpr long max_age_seconds = 3600;
    if (!resume || std::time(nullptr) - SSL_SESSION_get_time(resume->native.get()) > max_age_seconds) return;
    SSL_set_session(ssl, resume->native.get());  // takes a reference
}

tls_facts read_facts(SSL* ssl)
{
    const X509* peer = SSL_get0_peer_certificate(ssl);  // borrowed
    return {SSL_get_version(ssl),      SSL_get_cipher_name(ssl), certificate_sha256(peer),
            certificate_subject(peer), certificate_emails(peer), SSL_session_reused(ssl) == 1};
}

template <class Stream>
awaitable<result<std::size_t>> read_from(Stream& from, std::span<char> into)
{
    error_code ec;
    const std::size_t length = co_await from.async_read_some(asio::buffer(into.data(), into.size()),
                                                             asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return name_error(ec);
    co_return length;
}

awaitable<result<std::size_t>> wait_readable(tcp::socket& socket)
{
    error_code ec;
    co_await socket.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return name_error(ec);
    co_return std::size_t{0};
}

template <class Stream>
awaitable<result<std::size_t>> write_to(Stream& to, std::string_view bytes)
{
    error_code ec;
    const std::size_t length = co_await asio::async_write(to, asio::buffer(bytes.data(), bytes.size()),
                                                          asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return name_error(ec);
    co_return length;
}

awaitable<result<std::size_t>> shake_hands(tls_stream& stream, asio::ssl::stream_base::handshake_type side)
{
    error_code ec;
    co_await stream.async_handshake(side, asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return handshake_error(ec, stream.native_handle());
    co_return std::size_t{0};
}

awaitable<result<std::size_t>> shut_down(tls_stream& stream)
{
    error_code ec;
    co_await stream.async_shutdown(asio::redirect_error(asio::use_awaitable, ec));
    co_return std::size_t{0};
}

awaitable<result<std::size_t>> connect_to(tcp::socket& socket, tcp::endpoint endpoint)
{
    error_code ec;
    co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return make_error_code(ec == asio::error::operation_aborted ? errc::cancelled : errc::connect_failed);
    co_return std::size_t{0};
}
}

struct stream::state {
    explicit state(tcp::socket connected) : socket(std::move(connected)) {}
    tcp::socket socket;
    std::shared_ptr<tls_context> context;  // outlives tls
    std::unique_ptr<tls_stream> tls;
    std::optional<tls_facts> facts;
};

stream::stream(tcp::socket connected) : state_(std::make_unique<state>(std::move(connected)))
{
    error_code ignored;
    state_->socket.set_option(tcp::no_delay(true), ignored);
}
stream::~stream() = default;
stream::stream(stream&&) noexcept = default;
stream& stream::operator=(stream&&) noexcept = default;

awaitable<result<std::size_t>> stream::read_some(std::span<char> into, clock::time_point deadline)
{
    auto reading = state_->facts ? read_from(*state_->tls, into) : read_from(state_->socket, into);
    auto got = co_await with_deadline(deadline, std::move(reading));
    co_return got;
}

awaitable<result<void>> stream::wait_for_news(clock::time_point deadline)
{
    if (has_news()) co_return result<void>();
    auto waiting = wait_readable(state_->socket);
    const auto heard = co_await with_deadline(deadline, std::move(waiting));
    if (!heard.has_value()) co_return heard.error();
    co_return result<void>();
}

awaitable<result<void>> stream::write_all(std::string_view bytes, clock::time_point deadline)
{
    auto writing = state_->facts ? write_to(*state_->tls, bytes) : write_to(state_->socket, bytes);
    const auto wrote = co_await with_deadline(deadline, std::move(writing));
    if (wrote.has_value()) co_return result<void>();
    if (state_->facts && wrote.error() == errc::closed_by_peer) {
        // The peer may have said why before it closed: its alert is still in our receive buffer.
        std::array<char, 512> rest{};
        auto last_words = read_from(*state_->tls, rest);
        const auto got =
            co_await with_deadline(std::min(deadline, clock::now() + std::chrono::seconds(1)), std::move(last_words));
        if (got.has_error() && got.error() == errc::tls_refused) co_return got.error();
    }
    co_return wrote.error();
}

awaitable<result<void>> stream::start_tls(std::shared_ptr<tls_context> context, std::string host,
                                          clock::time_point deadline, std::shared_ptr<tls_session> resume)
{
    state_->context = std::move(context);
    state_->tls = std::make_unique<tls_stream>(state_->socket, state_->context->native());
    SSL* ssl = state_->tls->native_handle();
    const bool server = state_->context->role() == tls_role::server;
    if (!server) {
        if (const error_code failed = expect_host(ssl, host)) co_return failed;
        offer(resume, ssl);
    }
    auto shaking = shake_hands(*state_->tls, server ? asio::ssl::stream_base::server : asio::ssl::stream_base::client);
    const auto shaken = co_await with_deadline(deadline, std::move(shaking));
    ERR_clear_error();
    if (shaken.has_error()) {
        obs::add(obs::counter::tls_failures);
        co_return shaken.error();
    }
    if (!server && SSL_session_reused(ssl) == 1) {
        if (const error_code refused = check_resumed(ssl, host)) co_return refused;
    }
    state_->facts = read_facts(ssl);
    co_return result<void>();
}

std::shared_ptr<tls_session> stream::session() const
{
    if (!state_ || !state_->facts || state_->context->role() == tls_role::server) return nullptr;
    // A copy: OpenSSL takes a session out of use when its connection ends without close_notify.
    const SSL_SESSION* current = SSL_get0_session(state_->tls->native_handle());
    auto taken = std::make_shared<tls_session>(current != nullptr ? SSL_SESSION_dup(current) : nullptr);
    return taken->native && SSL_SESSION_is_resumable(taken->native.get()) == 1 ? taken : nullptr;
}

awaitable<void> stream::close(clock::time_point deadline)
{
    if (!is_open()) co_return;
    if (state_->facts) {
        auto goodbye = shut_down(*state_->tls);
        co_await with_deadline(deadline, std::move(goodbye));
    }
    // Closing with unread bytes would reset the connection, and the peer might lose our last words: an alert or a
    // reply.
    error_code ignored;
    state_->socket.shutdown(tcp::socket::shutdown_send, ignored);
    std::array<char, 2048> rest{};
    for (int i = 0; i < 32; ++i) {
        auto reading = read_from(state_->socket, rest);
        const auto got = co_await with_deadline(deadline, std::move(reading));
        if (got.has_error()) break;
    }
    abort();
}

void stream::abort() noexcept
{
    error_code ignored;
    state_->socket.close(ignored);
}

bool stream::is_open() const noexcept
{
    return state_ && state_->socket.is_open();
}

bool stream::has_news() noexcept
{
    if (!is_open()) return true;
    if (state_->facts) {  // read from the socket already, and not asked for
        SSL* ssl = state_->tls->native_handle();
        if (SSL_pending(ssl) > 0 || BIO_pending(SSL_get_rbio(ssl)) > 0) return true;
    }
    char one = 0;
    return ::recv(state_->socket.native_handle(), &one, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

const std::optional<tls_facts>& stream::tls() const noexcept
{
    return state_->facts;
}

std::string stream::peer_address() const
{
    error_code failed;
    const auto endpoint = state_->socket.remote_endpoint(failed);
    return failed ? std::string("unknown") : endpoint.address().to_string();
}

awaitable<result<std::unique_ptr<stream>>> connect(std::vector<tcp::endpoint> endpoints, clock::time_point deadline)
{
    auto executor = co_await asio::this_coro::executor;
    error_code last = errc::connect_failed;
    for (const auto& endpoint : endpoints) {
        tcp::socket socket(executor);
        auto connecting = connect_to(socket, endpoint);
        const auto connected = co_await with_deadline(deadline, std::move(connecting));
        if (connected.has_value()) co_return std::make_unique<stream>(std::move(socket));
        last = connected.error();
        if (last != errc::connect_failed) break;
    }
    co_return last;
}
}
