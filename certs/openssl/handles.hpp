// certs/openssl/handles.hpp: owners for OpenSSL handles. Include it in source files only: the other rooms' headers
// carry certs::certificate and certs::private_key, which are opened here. Threads: OpenSSL 3 counts references
// atomically; a certificate or a key that nobody changes may be shared by threads.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

namespace certs::openssl {
template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* handle) const noexcept
    {
        Free(handle);
    }
};

inline void free_certificates(STACK_OF(X509) * all) noexcept
{
    sk_X509_pop_free(all, X509_free);
}
inline void free_certificate_list(STACK_OF(X509) * borrowed) noexcept
{
    sk_X509_free(borrowed);
}
inline void free_algorithms(STACK_OF(X509_ALGOR) * all) noexcept
{
    sk_X509_ALGOR_pop_free(all, X509_ALGOR_free);
}
inline void free_text(char* text) noexcept
{
    OPENSSL_free(text);
}
inline void free_octets(unsigned char* octets) noexcept
{
    OPENSSL_free(octets);
}

using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using pkey_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;  // wipes the private parts
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;
using bignum_ptr = std::unique_ptr<BIGNUM, freed_by<BN_free>>;
using cms_ptr = std::unique_ptr<CMS_ContentInfo, freed_by<CMS_ContentInfo_free>>;
using certificates_ptr = std::unique_ptr<STACK_OF(X509), freed_by<free_certificates>>;          // owns its members
using certificate_list_ptr = std::unique_ptr<STACK_OF(X509), freed_by<free_certificate_list>>;  // borrows its members
using algorithms_ptr = std::unique_ptr<STACK_OF(X509_ALGOR), freed_by<free_algorithms>>;
using store_ptr = std::unique_ptr<X509_STORE, freed_by<X509_STORE_free>>;
using store_context_ptr = std::unique_ptr<X509_STORE_CTX, freed_by<X509_STORE_CTX_free>>;
using general_names_ptr = std::unique_ptr<GENERAL_NAMES, freed_by<GENERAL_NAMES_free>>;
using key_purposes_ptr = std::unique_ptr<EXTENDED_KEY_USAGE, freed_by<EXTENDED_KEY_USAGE_free>>;
using time_ptr = std::unique_ptr<ASN1_TIME, freed_by<ASN1_TIME_free>>;
using text_ptr = std::unique_ptr<char, freed_by<free_text>>;
using octets_ptr = std::unique_ptr<unsigned char, freed_by<free_octets>>;

// What certs::certificate, certs::private_key and certs::trust_anchors hold.
struct certificate_handle {
    x509_ptr value;
};
struct key_handle {
    pkey_ptr value;
};
struct store_handle {
    store_ptr value;
};

// A BIO that reads `bytes`, which it borrows; null if over 2 GiB or out of memory.
[[nodiscard]] bio_ptr reading(std::string_view bytes);
// A BIO that keeps what is written to it.
[[nodiscard]] bio_ptr writing();
// What was written so far; valid until the next write.
[[nodiscard]] std::string_view written(BIO& sink);
// A list that borrows its members. Adding to it throws std::bad_alloc when memory is out.
[[nodiscard]] certificate_list_ptr certificate_list();
void add_borrowed(STACK_OF(X509) & list, const X509* certificate);

// Nothing for a time that is not well-formed.
[[nodiscard]] std::optional<std::chrono::sys_seconds> instant(const ASN1_TIME* time);
}
