#include "mime/smime/sign.hpp"

#include "certs/openssl/cms.hpp"
#include "certs/openssl/error.hpp"
#include "certs/openssl/handles.hpp"
#include "mime/smime/pkcs7.hpp"
#include "mime/text/digest.hpp"

#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <array>
#include <new>

namespace mime::smime {
namespace openssl = certs::openssl;

namespace {
// 128 random bits: no entity holds it by chance. "=_" can stand in no base64 or quoted-printable line.
std::string random_boundary()
{
    std::array<unsigned char, 16> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) throw std::bad_alloc();
    return "=_s_" + mime::hex(random);
}

bool can_sign(const certs::certificate& certificate)
{
    switch (certificate.algorithm()) {
        case certs::key_algorithm::rsa: return certificate.key_bits() >= 2048;
        case certs::key_algorithm::ec_p256:
        case certs::key_algorithm::ec_other: return certificate.key_bits() >= 256;
        case certs::key_algorithm::other: break;
    }
    return false;
}

bool use_pss(CMS_SignerInfo* info)
{
    EVP_PKEY_CTX* context = CMS_SignerInfo_get0_pkey_ctx(info);  // borrowed
    return context != nullptr && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0;
}

bool add_signing_time(CMS_SignerInfo* info, std::chrono::sys_seconds at)
{
    // UTCTime to 2049, GeneralizedTime from 2050 (RFC 5652 §11.3): ASN1_TIME_set picks it
    const openssl::time_ptr time(ASN1_TIME_set(nullptr, static_cast<time_t>(at.time_since_epoch().count())));
    return time && CMS_signed_add1_attr_by_NID(info, NID_pkcs9_signingTime, time->type, time.get(), -1) == 1;
}

// RFC 8551 §2.5.2, best first. OpenSSL's own list still offers RC2 and DES.
bool add_capabilities(CMS_SignerInfo* info)
{
    STACK_OF(X509_ALGOR)* raw = nullptr;
    bool added = true;
    for (const int cipher : {NID_aes_256_gcm, NID_aes_256_cbc})
        added = added && CMS_add_simple_smimecap(&raw, cipher, -1) == 1;
    const openssl::algorithms_ptr all(raw);
    return added && CMS_add_smimecap(info, all.get()) == 1;
}

bool add_signer(CMS_ContentInfo* cms, const signer& by, std::chrono::sys_seconds at, const sign_options& options)
{
    const bool pss = options.rsa == rsa_signature::pss && by.certificate.algorithm() == certs::key_algorithm::rsa;
    const unsigned flags = CMS_BINARY | CMS_NOSMIMECAP | (pss ? CMS_KEY_PARAM : 0u);
    // add1: certificate and key gain a reference
    CMS_SignerInfo* info =
        CMS_add1_signer(cms, by.certificate.handle().value.get(), by.key.handle().value.get(), EVP_sha256(), flags);
    if (info == nullptr || (pss && !use_pss(info))) return false;
    for (const certs::certificate& one : by.intermediates)
        if (!(one == by.certificate) && CMS_add1_cert(cms, one.handle().value.get()) != 1) return false;
    return add_signing_time(info, at) && add_capabilities(info);
}

result<openssl::written_cms> signed_data(std::string_view canonical, const signer& by, std::chrono::sys_seconds at,
                                         const sign_options& options)
{
    const openssl::quiet_queue quiet;
    constexpr unsigned flags = CMS_PARTIAL | CMS_DETACHED | CMS_BINARY;
    const openssl::cms_ptr cms(CMS_sign(nullptr, nullptr, nullptr, nullptr, flags));
    if (!cms || !add_signer(cms.get(), by, at, options) ||
        !openssl::finish_cms(*cms, canonical, openssl::content_place::detached))
        return openssl::take_error(smime_errc::signing_failed);
    auto der = openssl::write_cms(*cms);
    if (!der) return openssl::take_error(smime_errc::signing_failed);
    return *std::move(der);
}
}

result<std::string_view> canonical_view(std::string_view entity, std::string& room)
{
    if (entity.find('\0') != std::string_view::npos) return smime_errc::not_canonical;
    std::size_t kept = 0;  // up to here `room` has it; while every line ends by CRLF, nothing is copied
    // By memchr over whole lines: searching for a set of characters costs a call per octet.
    for (std::size_t at = 0;;) {
        const std::size_t end = entity.find('\n', at);
        const bool last = end == std::string_view::npos;
        const std::string_view line = entity.substr(at, last ? end : end - at);
        const std::size_t cr = line.find('\r');
        if (cr != std::string_view::npos && (last || cr + 1 != line.size())) return smime_errc::not_canonical;
        if (last) break;
        at = end + 1;
        if (cr != std::string_view::npos) continue;
        if (room.empty()) room.reserve(entity.size() + entity.size() / 64);
        room.append(entity, kept, end - kept).append("\r\n");
        kept = at;
    }
    if (kept == 0) return entity;
    room.append(entity.substr(kept));
    return std::string_view(room);
}

result<std::string> sign(std::string_view entity, const signer& by, std::chrono::sys_seconds at,
                         const sign_options& options)
{
    std::string room;
    const auto canonical = canonical_view(entity, room);
    if (!canonical.has_value()) return canonical.error();
    if (!can_sign(by.certificate)) return smime_errc::unsupported_key;
    if (!by.key.matches(by.certificate)) return smime_errc::key_mismatch;
    const auto signature = signed_data(*canonical, by, at, options);
    if (!signature.has_value()) return signature.error();
    const std::string boundary = random_boundary();
    std::string out;
    out.reserve(canonical->size() + signature->size * 3 / 2 + 1024);
    out.append(
           "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n micalg=\"sha-256\"; "
           "boundary=\"")
        .append(boundary)
        .append("\"\r\n\r\n--")
        .append(boundary)
        .append("\r\n")
        .append(*canonical)
        .append("\r\n--")
        .append(boundary)
        .append("\r\n");
    append_pkcs7_entity(out, "pkcs7-signature; name=\"smime.p7s\"", "smime.p7s", signature->view());
    out.append("\r\n--").append(boundary).append("--\r\n");
    return out;
}
}
