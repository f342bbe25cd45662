#include "relay/io/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "relay/io/certificate_facts.hpp"
#include "relay/io/errc.hpp"
#include "relay/io/files.hpp"

namespace relay::io {
namespace ssl = boost::asio::ssl;

tls_context::tls_context(tls_role role, peer_certificate peers)
    : role_(role),
      peers_(peers),
      native_(role == tls_role::server ? ssl::context::tls_server : ssl::context::tls_client)
{
    SSL_CTX* raw = native_.native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    if (role == tls_role::server) SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(raw, 0);
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);  // an idle connection keeps no 34 kB of buffers
}

error_code tls_context::load(const tls_files& files)
{
    ERR_clear_error();
    error_code failed;
    if (!files.certificate_chain.empty()) {
        native_.use_certificate_chain_file(files.certificate_chain.string(), failed);
        if (!failed) native_.use_private_key_file(files.private_key.string(), ssl::context::pem, failed);
        if (!failed && SSL_CTX_check_private_key(native_.native_handle()) != 1) failed = errc::bad_settings;
        if (!failed) identity_ = certificate_sha256(SSL_CTX_get0_certificate(native_.native_handle()));
    }
    if (!failed && !files.anchors.empty()) {
        constexpr std::size_t max_octets = 16U << 20U;
        const auto anchors = read_file(files.anchors, max_octets);
        if (anchors.has_error()) return errc::bad_settings;
        identity_ += ':' + octets_sha256(*anchors);
        native_.load_verify_file(files.anchors.string(), failed);
    }
    if (!failed && role_ == tls_role::server && peers_ != peer_certificate::not_asked) {
        // The names of the anchors tell a client which of its certificates to send.
        STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(files.anchors.c_str());
        if (names == nullptr)
            failed = errc::bad_settings;
        else
            SSL_CTX_set_client_CA_list(native_.native_handle(), names);  // takes the list over
    }
    ERR_clear_error();
    if (failed) return errc::bad_settings;
    const ssl::verify_mode asked = peers_ == peer_certificate::required
                                       ? ssl::verify_peer | ssl::verify_fail_if_no_peer_cert
                                   : peers_ == peer_certificate::optional ? ssl::verify_peer
                                                                          : ssl::verify_none;
    native_.set_verify_mode(asked, failed);
    return failed;
}

result<std::shared_ptr<tls_context>> tls_context::server(const tls_files& files, peer_certificate clients)
{
    if (files.certificate_chain.empty()) return make_error_code(errc::bad_settings);
    if (clients != peer_certificate::not_asked && files.anchors.empty()) return make_error_code(errc::bad_settings);
    std::shared_ptr<tls_context> made(new tls_context(tls_role::server, clients));
    if (const error_code failed = made->load(files)) return failed;
    return made;
}

result<std::shared_ptr<tls_context>> tls_context::client(const tls_files& files)
{
    if (files.anchors.empty()) return make_error_code(errc::bad_settings);
    std::shared_ptr<tls_context> made(new tls_context(tls_role::client, peer_certificate::required));
    if (const error_code failed = made->load(files)) return failed;
    return made;
}
}
