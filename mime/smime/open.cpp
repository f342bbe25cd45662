#include "mime/smime/open.hpp"

#include "certs/openssl/cms.hpp"
#include "certs/openssl/error.hpp"
#include "certs/openssl/handles.hpp"
#include "certs/recipient_check.hpp"
#include "mime/smime/layer.hpp"
#include "mime/smime/sign.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <new>

namespace mime::smime {
namespace openssl = certs::openssl;

namespace {
struct opener {                     // what every layer needs; borrows all of it
    const certs::private_key* key;  // null with its certificate: nothing is decrypted
    const certs::certificate* certificate;
    const certs::trust_anchors& anchors;
    std::chrono::sys_seconds at;
    std::string_view from_address;
    const open_limits& limits;
};

bool is_for(CMS_RecipientInfo* info, X509* certificate)
{
    const int type = CMS_RecipientInfo_type(info);
    if (type == CMS_RECIPINFO_TRANS) return CMS_RecipientInfo_ktri_cert_cmp(info, certificate) == 0;
    if (type != CMS_RECIPINFO_AGREE) return false;
    const STACK_OF(CMS_RecipientEncryptedKey)* keys = CMS_RecipientInfo_kari_get0_reks(info);  // borrowed
    for (int i = 0; i < sk_CMS_RecipientEncryptedKey_num(keys); ++i)
        if (CMS_RecipientEncryptedKey_cert_cmp(sk_CMS_RecipientEncryptedKey_value(keys, i), certificate) == 0)
            return true;
    return false;
}

bool is_for(const STACK_OF(CMS_RecipientInfo) * recipients, const certs::certificate& certificate)
{
    for (int i = 0; i < sk_CMS_RecipientInfo_num(recipients); ++i)
        if (is_for(sk_CMS_RecipientInfo_value(recipients, i), certificate.handle().value.get())) return true;
    return false;
}

result<std::string> decrypt(CMS_ContentInfo* cms, const opener& with)
{
    const STACK_OF(CMS_RecipientInfo)* recipients = CMS_get0_RecipientInfos(cms);  // borrowed
    if (recipients == nullptr || sk_CMS_RecipientInfo_num(recipients) == 0) return smime_errc::malformed_cms;
    if (sk_CMS_RecipientInfo_num(recipients) > with.limits.max_recipients) return smime_errc::too_many_signers;
    if (!openssl::has_content(*cms)) return smime_errc::unsupported_content;
    if (with.certificate == nullptr || !is_for(recipients, *with.certificate)) return smime_errc::not_a_recipient;
    const openssl::bio_ptr sink = openssl::writing();
    if (!sink) throw std::bad_alloc();
    // With the certificate given, only its own RecipientInfo is tried, and a wrong RSA padding goes on with a random
    // key (RFC 3218): it fails later, like changed content does.
    if (CMS_decrypt(cms, with.key->handle().value.get(), with.certificate->handle().value.get(), nullptr, sink.get(),
                    CMS_BINARY) != 1)
        return openssl::take_error(smime_errc::decryption_failed);
    return std::string(openssl::written(*sink));
}

bool strong_digest(CMS_SignerInfo* info)
{
    X509_ALGOR* digest = nullptr;  // borrowed
    CMS_SignerInfo_get0_algs(info, nullptr, nullptr, &digest, nullptr);
    const ASN1_OBJECT* oid = nullptr;
    X509_ALGOR_get0(&oid, nullptr, nullptr, digest);
    const std::array allowed{NID_sha256, NID_sha384, NID_sha512};
    return std::find(allowed.begin(), allowed.end(), OBJ_obj2nid(oid)) != allowed.end();
}

std::optional<std::chrono::sys_seconds> signing_time(CMS_SignerInfo* info)
{
    for (const int type : {V_ASN1_UTCTIME, V_ASN1_GENERALIZEDTIME}) {
        // -3: the attribute must stand once, with one value (RFC 5652 §11.3)
        const auto* time = static_cast<const ASN1_TIME*>(
            CMS_signed_get0_data_by_OBJ(info, OBJ_nid2obj(NID_pkcs9_signingTime), -3, type));
        std::tm parts{};
        if (time != nullptr && ASN1_TIME_to_tm(time, &parts) == 1)
            return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
    }
    return std::nullopt;
}

result<certs::certificate> as_value(X509* x509)
{
    unsigned char* raw = nullptr;
    const int size = i2d_X509(x509, &raw);
    const openssl::octets_ptr der(raw);
    if (size <= 0) return openssl::take_error(smime_errc::malformed_cms);
    return certs::read_certificate({reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size)});
}

// One that does not read is left out: it can only be missing from a chain then.
result<std::vector<certs::certificate>> sent_certificates(CMS_ContentInfo* cms, const open_limits& limits)
{
    const openssl::certificates_ptr all(CMS_get1_certs(cms));  // null when there is none
    std::vector<certs::certificate> values;
    if (!all) return values;
    if (sk_X509_num(all.get()) > limits.max_certificates) return smime_errc::too_many_signers;
    for (int i = 0; i < sk_X509_num(all.get()); ++i)
        if (auto one = as_value(sk_X509_value(all.get(), i)); one.has_value()) values.push_back(*std::move(one));
    return values;
}

result<std::string> check_signature(CMS_ContentInfo* cms, std::optional<std::string_view> detached)
{
    constexpr unsigned flags = CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY;  // chains follow, by our own rules
    const openssl::bio_ptr content = detached ? openssl::reading(*detached) : nullptr;
    const openssl::bio_ptr sink = openssl::writing();
    if (!sink || (detached && !content)) throw std::bad_alloc();
    if (CMS_verify(cms, nullptr, nullptr, content.get(), sink.get(), flags) != 1)
        return openssl::take_error(smime_errc::bad_signature);
    return detached ? std::string(*detached) : std::string(openssl::written(*sink));
}

// multipart/signed travels as text: if its line ends were changed on the way, the canonical form is what was signed.
result<std::string> check_detached(CMS_ContentInfo* cms, std::string_view detached)
{
    auto exact = check_signature(cms, detached);
    if (exact.has_value()) return exact;
    std::string room;
    const auto canonical = canonical_view(detached, room);
    if (!canonical.has_value() || canonical->data() == detached.data()) return exact;
    return check_signature(cms, *canonical);
}

result<void> check_signers(CMS_ContentInfo* cms, const opener& with, opened& out)
{
    auto sent = sent_certificates(cms, with.limits);
    if (!sent.has_value()) return sent.error();
    const STACK_OF(CMS_SignerInfo)* infos = CMS_get0_SignerInfos(cms);  // borrowed
    out.signer.reset();
    bool bound = false;
    for (int i = 0; i < sk_CMS_SignerInfo_num(infos); ++i) {
        CMS_SignerInfo* info = sk_CMS_SignerInfo_value(infos, i);
        X509* x509 = nullptr;  // borrowed
        CMS_SignerInfo_get0_algs(info, nullptr, &x509, nullptr, nullptr);
        if (x509 == nullptr) return smime_errc::bad_signature;
        auto by = as_value(x509);
        if (!by.has_value()) return by.error();
        const auto chain = certs::verify_chain(*by, *sent, with.anchors, certs::purpose::smime_sign, with.at);
        if (!chain.has_value()) return chain.error();
        const bool binds = certs::binding_to(*by, with.from_address).has_value();
        if (out.signer && (bound || !binds)) continue;
        out.signer = *std::move(by);
        out.signing_time = signing_time(info);
        bound = binds;
    }
    std::erase(out.findings, finding::signer_address_mismatch);
    if (!bound) out.findings.push_back(finding::signer_address_mismatch);
    return {};
}

result<std::string> verify(CMS_ContentInfo* cms, const opener& with, std::optional<std::string_view> detached,
                           opened& out)
{
    const STACK_OF(CMS_SignerInfo)* infos = CMS_get0_SignerInfos(cms);  // borrowed
    const int signers = infos == nullptr ? 0 : sk_CMS_SignerInfo_num(infos);
    if (signers == 0) return smime_errc::unsupported_content;  // certificates only
    if (signers > with.limits.max_signers) return smime_errc::too_many_signers;
    for (int i = 0; i < signers; ++i)
        if (!strong_digest(sk_CMS_SignerInfo_value(infos, i))) return smime_errc::weak_algorithm;
    // Content in both places would leave it open which one the signature covers.
    if (openssl::has_content(*cms) == detached.has_value()) return smime_errc::unsupported_content;
    auto content = detached ? check_detached(cms, *detached) : check_signature(cms, std::nullopt);
    if (!content.has_value()) return content;
    const auto signers_ok = check_signers(cms, with, out);
    if (!signers_ok.has_value()) return signers_ok.error();
    return content;
}

result<std::string> open_layer(const layer& outer, const opener& with, opened& out)
{
    const openssl::cms_ptr owner = openssl::read_cms(outer.cms);
    if (!owner) return openssl::take_error(smime_errc::malformed_cms);
    CMS_ContentInfo* cms = owner.get();
    const int type = OBJ_obj2nid(CMS_get0_type(cms));
    if (type == NID_pkcs7_signed) {
        out.layers.push_back(outer.detached_content ? protection::signed_multipart : protection::signed_opaque);
        return verify(cms, with, outer.detached_content, out);
    }
    if (outer.detached_content) return smime_errc::unsupported_content;
    if (type != NID_pkcs7_enveloped && type != NID_id_smime_ct_authEnvelopedData)
        return smime_errc::unsupported_content;
    out.layers.push_back(type == NID_pkcs7_enveloped ? protection::enveloped : protection::auth_enveloped);
    return decrypt(cms, with);
}

void add_missing_protection(opened& out)
{
    const auto any = [&out](protection a, protection b) {
        return std::any_of(out.layers.begin(), out.layers.end(), [a, b](protection p) { return p == a || p == b; });
    };
    if (!any(protection::enveloped, protection::auth_enveloped)) out.findings.push_back(finding::not_encrypted);
    if (!any(protection::signed_opaque, protection::signed_multipart)) out.findings.push_back(finding::not_signed);
}
}

bool opened::has(finding wanted) const noexcept
{
    return std::find(findings.begin(), findings.end(), wanted) != findings.end();
}

namespace {
result<opened> open_all(std::string_view message_or_entity, const opener& with)
{
    const openssl::quiet_queue quiet;
    if (message_or_entity.size() > with.limits.max_octets) return smime_errc::too_large;
    opened out;
    out.entity = message_or_entity;
    for (;;) {
        const auto outer = read_layer(out.entity);
        if (!outer.has_value()) return outer.error();
        if (!outer->has_value()) break;
        if (out.layers.size() == with.limits.max_layers) return smime_errc::too_many_layers;
        auto inner = open_layer(**outer, with, out);
        if (!inner.has_value()) return inner.error();
        out.entity = *std::move(inner);
    }
    add_missing_protection(out);
    return out;
}
}

result<opened> open(std::string_view message_or_entity, const certs::private_key& key,
                    const certs::certificate& certificate, const certs::trust_anchors& anchors,
                    std::chrono::sys_seconds at, std::string_view from_address, const open_limits& limits)
{
    return open_all(message_or_entity, {&key, &certificate, anchors, at, from_address, limits});
}

result<opened> open_signed(std::string_view message_or_entity, const certs::trust_anchors& anchors,
                           std::chrono::sys_seconds at, std::string_view from_address, const open_limits& limits)
{
    return open_all(message_or_entity, {nullptr, nullptr, anchors, at, from_address, limits});
}
}
