// An ECDH mail whose key-wrap algorithm carries NULL parameters, as some senders write (RFC 5753 §7.2 wants them
// absent). The parameters are input of the key derivation, so no finished mail can be patched: this one is built by
// hand.
#include "mime/smime/open.hpp"
#include "mime/text/base64.hpp"
#include "tests/unit/mime/smime/people.hpp"

#include "certs/openssl/handles.hpp"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <catch2/catch.hpp>

namespace openssl = certs::openssl;

namespace {
std::string der(unsigned char tag, const std::string& content)
{
    std::string out(1, static_cast<char>(tag));
    const std::size_t size = content.size();
    if (size >= 256) out += '\x82', out += static_cast<char>(size >> 8);
    if (size >= 128 && size < 256) out += '\x81';
    return out + static_cast<char>(size & 255) + content;
}
std::string sequence(const std::string& content)
{
    return der(0x30, content);
}
std::string oid(const char* dotted)
{
    ASN1_OBJECT* object = OBJ_txt2obj(dotted, 1);
    unsigned char* raw = nullptr;
    const int size = i2d_ASN1_OBJECT(object, &raw);
    const openssl::octets_ptr owner(raw);
    ASN1_OBJECT_free(object);
    return {reinterpret_cast<char*>(raw), static_cast<std::size_t>(size)};
}
const unsigned char* octets(const std::string& text)
{
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* octets(std::string& text)
{
    return reinterpret_cast<unsigned char*>(text.data());
}

std::string shared_secret(EVP_PKEY* own, EVP_PKEY* peer)
{
    const std::unique_ptr<EVP_PKEY_CTX, openssl::freed_by<EVP_PKEY_CTX_free>> context(EVP_PKEY_CTX_new(own, nullptr));
    std::string secret(32, '\0');
    std::size_t size = secret.size();
    REQUIRE(EVP_PKEY_derive_init(context.get()) == 1);
    REQUIRE(EVP_PKEY_derive_set_peer(context.get(), peer) == 1);
    REQUIRE(EVP_PKEY_derive(context.get(), octets(secret), &size) == 1);
    return secret;
}

// X9.63 with SHA-256 (RFC 5753 §7.1.2).
std::string derive(std::string secret, std::string info)
{
    const std::unique_ptr<EVP_KDF, openssl::freed_by<EVP_KDF_free>> kdf(EVP_KDF_fetch(nullptr, "X963KDF", nullptr));
    const std::unique_ptr<EVP_KDF_CTX, openssl::freed_by<EVP_KDF_CTX_free>> context(EVP_KDF_CTX_new(kdf.get()));
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
                                 OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
                                 OSSL_PARAM_construct_end()};
    std::string key(32, '\0');
    REQUIRE(EVP_KDF_derive(context.get(), octets(key), key.size(), params) == 1);
    return key;
}

std::string encipher(const EVP_CIPHER* cipher, const std::string& key, const unsigned char* iv, const std::string& text)
{
    const std::unique_ptr<EVP_CIPHER_CTX, openssl::freed_by<EVP_CIPHER_CTX_free>> context(EVP_CIPHER_CTX_new());
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    REQUIRE(EVP_EncryptInit_ex(context.get(), cipher, nullptr, octets(key), iv) == 1);
    std::string out(text.size() + 32, '\0');
    int done = 0;
    int last = 0;
    REQUIRE(EVP_EncryptUpdate(context.get(), octets(out), &done, octets(text), static_cast<int>(text.size())) == 1);
    REQUIRE(EVP_EncryptFinal_ex(context.get(), octets(out) + done, &last) == 1);
    out.resize(static_cast<std::size_t>(done + last));
    return out;
}

std::string public_point(EVP_PKEY* key)
{
    unsigned char* raw = nullptr;
    const std::size_t size = EVP_PKEY_get1_encoded_public_key(key, &raw);
    const openssl::octets_ptr owner(raw);
    return {reinterpret_cast<char*>(raw), size};
}

std::string issuer_and_serial(X509* x509)
{
    unsigned char* name = nullptr;
    const int name_size = i2d_X509_NAME(X509_get_issuer_name(x509), &name);
    const openssl::octets_ptr name_owner(name);
    unsigned char* serial = nullptr;
    const int serial_size = i2d_ASN1_INTEGER(X509_get0_serialNumber(x509), &serial);
    const openssl::octets_ptr serial_owner(serial);
    return sequence(std::string(reinterpret_cast<char*>(name), static_cast<std::size_t>(name_size)) +
                    std::string(reinterpret_cast<char*>(serial), static_cast<std::size_t>(serial_size)));
}

// EnvelopedData (RFC 5652 §6.1) with one KeyAgreeRecipientInfo; `wrap_parameters` is what follows the wrap's OID.
std::string enveloped_mail(const tests::person& reader, const std::string& entity, const std::string& wrap_parameters)
{
    X509* to = reader.certificate.handle().value.get();
    const openssl::pkey_ptr ephemeral(EVP_EC_gen("P-256"));
    const std::string wrap = sequence(oid("2.16.840.1.101.3.4.1.45") + wrap_parameters);
    const std::string shared_info = sequence(wrap + der(0xa2, der(0x04, std::string("\0\0\1\0", 4))));  // 256 bits
    const std::string content_key(32, '\x42');
    const std::string iv(16, '\x24');
    const std::string wrapped =
        encipher(EVP_aes_256_wrap(), derive(shared_secret(ephemeral.get(), X509_get0_pubkey(to)), shared_info), nullptr,
                 content_key);
    const std::string originator =
        der(0xa0, der(0xa1, sequence(oid("1.2.840.10045.2.1")) +
                                der(0x03, std::string(1, '\0') + public_point(ephemeral.get()))));
    const std::string recipient =
        der(0xa1, std::string("\x02\x01\x03", 3) + originator + sequence(oid("1.3.132.1.11.1") + wrap) +
                      sequence(sequence(issuer_and_serial(to) + der(0x04, wrapped))));
    const std::string content =
        sequence(oid("1.2.840.113549.1.7.1") + sequence(oid("2.16.840.1.101.3.4.1.42") + der(0x04, iv)) +
                 der(0x80, encipher(EVP_aes_256_cbc(), content_key, octets(iv), entity)));
    const std::string data = sequence(std::string("\x02\x01\x02", 3) + der(0x31, recipient) + content);
    return "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\nContent-Transfer-Encoding: "
           "base64\r\n\r\n" +
           mime::base64_encode(sequence(oid("1.2.840.113549.1.7.3") + der(0xa0, data)), 76);
}
}

TEST_CASE("ECDH opens with key-wrap parameters absent or NULL", "[smime]")
{
    const tests::person& reader = tests::world().ec_doctor;
    for (const std::string& parameters : {std::string(), std::string("\x05\x00", 2)}) {
        CAPTURE(parameters.size());
        const auto read =
            mime::smime::open(enveloped_mail(reader, tests::letter, parameters), reader.key, reader.certificate,
                              tests::world().anchors, tests::now, tests::hospital_address);
        if (!read.has_value()) FAIL(read.error().message());
        CHECK(read->entity == tests::letter);
        CHECK(read->has(mime::smime::finding::not_signed));
    }
}
