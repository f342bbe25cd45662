// relay/io/stream.hpp: one TCP connection, in clear until start_tls() and under TLS from then on.
// Every wait has a deadline; after any error the stream is of no use but to be closed. A stream keeps no bytes of its
// own: whoever reads in clear must refuse bytes behind STARTTLS itself (RFC 3207 §4.2), and those still in the socket
// fail the handshake. Used on one strand; movable while no operation runs. Errors: errc (timed_out, closed_by_peer,
// cancelled, tls_failed, certificate_*, name_mismatch, tls_refused).
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relay/io/io_runtime.hpp"
#include "relay/io/tls_context.hpp"

namespace relay::io {
struct tls_facts {
    std::string version;                               // "TLSv1.3"
    std::string cipher;                                // "TLS_AES_256_GCM_SHA384"
    std::string peer_certificate_sha256;               // of the DER, hex; empty if the peer sent none
    std::string peer_certificate_subject;              // RFC 2253
    std::vector<std::string> peer_certificate_emails;  // SAN rfc822Name, as written
    bool resumed = false;  // no certificate was shown: it is the one of the session's first handshake
};

// What a later connection to the same host, with the same context settings, may resume (RFC 8446 §2.2, RFC 5077). It
// holds keys: never shared across hosts, contexts or policies, and used once.
struct tls_session;

class stream {
public:
    explicit stream(asio::ip::tcp::socket connected);
    ~stream();
    stream(stream&&) noexcept;
    stream& operator=(stream&&) noexcept;

    // At least one byte. The end of the peer's bytes is errc::closed_by_peer; under TLS also without close_notify.
    [[nodiscard]] awaitable<result<std::size_t>> read_some(std::span<char> into, clock::time_point deadline);
    // Until has_news(). Takes nothing: after errc::timed_out the stream is as good as before.
    [[nodiscard]] awaitable<result<void>> wait_for_news(clock::time_point deadline);
    [[nodiscard]] awaitable<result<void>> write_all(std::string_view bytes, clock::time_point deadline);
    // `host` is checked against the server's certificate (name or IP address) and sent as SNI; a server passes "".
    // In TLS 1.3 a client learns only at its first read that its certificate was refused: errc::tls_refused then.
    // A client may offer a session to resume, at most an hour old: the certificate it was made with is looked at again
    // for the host and the time, its chain is not.
    [[nodiscard]] awaitable<result<void>> start_tls(std::shared_ptr<tls_context> context, std::string host,
                                                    clock::time_point deadline,
                                                    std::shared_ptr<tls_session> resume = nullptr);
    // The session of a client, once the peer has given one and something was read; else nullptr.
    [[nodiscard]] std::shared_ptr<tls_session> session() const;
    // Says goodbye (close_notify), then closes. Errors do not matter any more.
    awaitable<void> close(clock::time_point deadline);
    // Closes at once, without waiting; running operations end with errc::cancelled.
    void abort() noexcept;

    [[nodiscard]] bool is_open() const noexcept;
    // True if the peer has closed or sent something while nobody was reading: an idle connection not to be reused.
    [[nodiscard]] bool has_news() noexcept;
    [[nodiscard]] const std::optional<tls_facts>& tls() const noexcept;
    [[nodiscard]] std::string peer_address() const;  // numeric, without port

private:
    struct state;
    std::unique_ptr<state> state_;
};

// Tries the endpoints in order until one accepts. Errors: errc::connect_failed, timed_out, cancelled.
[[nodiscard]] awaitable<result<std::unique_ptr<stream>>> connect(std::vector<asio::ip::tcp::endpoint> endpoints,
                                                                 clock::time_point deadline);
}
