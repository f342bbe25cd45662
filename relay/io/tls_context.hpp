// relay/io/tls_context.hpp: settings of one side of TLS (RFC 8446, RFC 5246), read from PEM files: TLS 1.2 or later, no
// renegotiation, no compression. A server gives out no session to resume; a client resumes only those that its caller
// kept (stream.hpp).
// The peer's certificate is verified against the anchors given; the system's own anchors are never used.
// Errors: errc::bad_settings. Immutable once made: share it between threads and streams by shared_ptr.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "relay/base/result.hpp"

namespace relay::io {
enum class tls_role { server, client };
// An optional certificate is a trap (design.md §5): it is either required, at the handshake, or not asked for.
// `optional` is for submission alone, where the certificate is one of two ways to log in and nothing goes without a
// login.
enum class peer_certificate { not_asked, optional, required };

struct tls_files {
    std::filesystem::path certificate_chain;  // leaf first; empty: none (client without certificate)
    std::filesystem::path private_key;
    std::filesystem::path anchors;  // PEM bundle; may be empty for a server that asks for no certificate
};

class tls_context {
public:
    [[nodiscard]] static result<std::shared_ptr<tls_context>> server(const tls_files& files, peer_certificate clients);
    // Always verifies the server: chain, purpose and host name.
    [[nodiscard]] static result<std::shared_ptr<tls_context>> client(const tls_files& files);

    [[nodiscard]] tls_role role() const noexcept { return role_; }
    [[nodiscard]] peer_certificate peers() const noexcept { return peers_; }
    // SHA-256 of our own certificate and of the anchors' file: whom we are and whom we believe, so part of the key of a
    // connection pool.
    [[nodiscard]] const std::string& identity() const noexcept { return identity_; }
    [[nodiscard]] boost::asio::ssl::context& native() noexcept { return native_; }

private:
    tls_context(tls_role role, peer_certificate peers);
    error_code load(const tls_files& files);

    tls_role role_;
    peer_certificate peers_;
    std::string identity_;
    boost::asio::ssl::context native_;
};
}
