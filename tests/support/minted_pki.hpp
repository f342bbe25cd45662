// tests/support/minted_pki.hpp: certificates made at test time with OpenSSL, good or wrong in one chosen way.
// Throws std::runtime_error if OpenSSL refuses. Link to a room that links OpenSSL::Crypto.
#pragma once

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

namespace tests {
struct minted {
    std::string certificate;  // PEM
    std::string key;          // PEM, PKCS #8
};

enum class minted_key { rsa_1024, rsa_2048, ec_p256 };

// Extension texts are those of x509v3_config(5); an empty one leaves the extension out.
struct mint_order {
    minted_key key = minted_key::ec_p256;
    std::string name = "test";
    std::string alternative_names = {};
    std::string uses = "critical,digitalSignature";
    std::string extended_uses = "emailProtection";
    std::string constraints = "critical,CA:FALSE";
    std::chrono::sys_seconds not_before = std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);
    std::chrono::sys_seconds not_after = std::chrono::sys_days(std::chrono::year(2049) / 12 / 31);
    const char* digest = "SHA256";
};

inline mint_order ca_order(std::string name)
{
    mint_order order;
    order.name = std::move(name);
    order.uses = "critical,keyCertSign,cRLSign";
    order.extended_uses.clear();
    order.constraints = "critical,CA:TRUE";
    return order;
}

namespace detail {
template <class T>
T* must(T* pointer)
{
    if (pointer == nullptr) throw std::runtime_error("OpenSSL refused to mint a certificate");
    return pointer;
}
inline void must(int status)
{
    if (status <= 0) throw std::runtime_error("OpenSSL refused to mint a certificate");
}

using key_owner = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using certificate_owner = std::unique_ptr<X509, decltype(&X509_free)>;
using bio_owner = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

inline key_owner make_key(minted_key kind)
{
    EVP_PKEY* key =
        kind == minted_key::ec_p256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(kind == minted_key::rsa_2048 ? 2048u : 1024u);
    return {must(key), &EVP_PKEY_free};
}

inline void extend(X509* certificate, X509* issuer, int nid, const std::string& value)
{
    if (value.empty()) return;
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = must(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    const int added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    must(added);
}

inline std::string text(BIO* sink)
{
    char* data = nullptr;
    const long size = BIO_get_mem_data(sink, &data);
    return {data, static_cast<std::size_t>(size)};
}
}

// Signed by `issuer`, or by itself.
inline minted mint(const mint_order& order, const minted* issuer = nullptr)
{
    using namespace detail;
    const key_owner key = make_key(order.key);
    const certificate_owner made(must(X509_new()), &X509_free);
    certificate_owner above(nullptr, &X509_free);
    key_owner signing(nullptr, &EVP_PKEY_free);
    if (issuer != nullptr) {
        const bio_owner certificate(BIO_new_mem_buf(issuer->certificate.data(), -1), &BIO_free_all);
        const bio_owner pem(BIO_new_mem_buf(issuer->key.data(), -1), &BIO_free_all);
        above.reset(must(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr)));
        signing.reset(must(PEM_read_bio_PrivateKey(pem.get(), nullptr, nullptr, nullptr)));
    }
    X509* const from = above ? above.get() : made.get();
    static long serial = 1000;
    must(X509_set_version(made.get(), X509_VERSION_3));
    must(ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial));
    must(ASN1_TIME_set(X509_getm_notBefore(made.get()), order.not_before.time_since_epoch().count()) != nullptr);
    must(ASN1_TIME_set(X509_getm_notAfter(made.get()), order.not_after.time_since_epoch().count()) != nullptr);
    must(X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(order.name.c_str()), -1, -1, 0));
    must(X509_set_issuer_name(made.get(), X509_get_subject_name(from)));
    must(X509_set_pubkey(made.get(), key.get()));
    extend(made.get(), from, NID_subject_key_identifier, "hash");
    if (above) extend(made.get(), from, NID_authority_key_identifier, "keyid");
    extend(made.get(), from, NID_basic_constraints, order.constraints);
    extend(made.get(), from, NID_key_usage, order.uses);
    extend(made.get(), from, NID_ext_key_usage, order.extended_uses);
    extend(made.get(), from, NID_subject_alt_name, order.alternative_names);
    must(X509_sign(made.get(), signing ? signing.get() : key.get(), EVP_get_digestbyname(order.digest)));
    const bio_owner certificate(must(BIO_new(BIO_s_mem())), &BIO_free_all);
    const bio_owner pem(must(BIO_new(BIO_s_mem())), &BIO_free_all);
    must(PEM_write_bio_X509(certificate.get(), made.get()));
    must(PEM_write_bio_PrivateKey(pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr));
    ERR_clear_error();
    return {text(certificate.get()), text(pem.get())};
}
}
