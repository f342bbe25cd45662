#include "relay/io/certificate_facts.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "certs/openssl/handles.hpp"

namespace relay::io {
namespace {
std::string hex_of(const std::array<unsigned char, EVP_MAX_MD_SIZE>& digest, unsigned length)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < length; ++i) {
        text += digits[digest[i] >> 4U];
        text += digits[digest[i] & 15U];
    }
    return text;
}
}

std::string certificate_sha256(const X509* certificate)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (certificate == nullptr || X509_digest(certificate, EVP_sha256(), digest.data(), &length) != 1) return {};
    return hex_of(digest, length);
}

std::string octets_sha256(std::string_view octets)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (EVP_Digest(octets.data(), octets.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) return {};
    return hex_of(digest, length);
}

std::string certificate_subject(const X509* certificate)
{
    constexpr int max_octets = 512;
    if (certificate == nullptr) return {};
    const certs::openssl::bio_ptr out(BIO_new(BIO_s_mem()));
    if (!out || X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) return {};
    std::string text(max_octets, '\0');
    const int length = BIO_read(out.get(), text.data(), max_octets);
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    for (char& c : text) {
        if (c < 0x20 || c > 0x7e) c = '?';
    }
    return text;
}

std::vector<std::string> certificate_emails(const X509* certificate)
{
    std::vector<std::string> found;
    if (certificate == nullptr) return found;
    const certs::openssl::general_names_ptr names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);  // borrowed
        if (name->type != GEN_EMAIL) continue;
        const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.rfc822Name));
        std::string text(bytes, static_cast<std::size_t>(ASN1_STRING_length(name->d.rfc822Name)));
        if (std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; }))
            found.push_back(std::move(text));
    }
    return found;
}
}
