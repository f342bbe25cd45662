#include "relay/io/certificate_facts.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

namespace relay::io {
std::string certificate_sha256(const X509* certificate)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (certificate == nullptr || X509_digest(certificate, EVP_sha256(), digest.data(), &length) != 1) return {};
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < length; ++i) {
        text += digits[digest[i] >> 4U];
        text += digits[digest[i] & 15U];
    }
    return text;
}

std::string certificate_subject(const X509* certificate)
{
    constexpr int max_octets = 512;
    if (certificate == nullptr) return {};
    struct free_bio {
        void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }
    };
    const std::unique_ptr<BIO, free_bio> out(BIO_new(BIO_s_mem()));
    if (!out || X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) return {};
    std::string text(max_octets, '\0');
    const int length = BIO_read(out.get(), text.data(), max_octets);
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    for (char& c : text) {
        if (c < 0x20 || c > 0x7e) c = '?';
    }
    return text;
}
}
