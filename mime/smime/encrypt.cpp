#include "mime/smime/encrypt.hpp"

#include "certs/openssl/cms.hpp"
#include "certs/openssl/error.hpp"
#include "certs/openssl/handles.hpp"
#include "mime/smime/pkcs7.hpp"

#include <openssl/ec.h>
#include <openssl/rsa.h>

namespace mime::smime {
namespace openssl = certs::openssl;

namespace {
bool can_receive(const certs::certificate& recipient)
{
    switch (recipient.algorithm()) {
        case certs::key_algorithm::rsa: return recipient.key_bits() >= 2048;
        case certs::key_algorithm::ec_p256:
        case certs::key_algorithm::ec_other: return recipient.key_bits() >= 256;
        case certs::key_algorithm::other: break;
    }
    return false;
}

bool use_oaep(EVP_PKEY_CTX* context)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0;
}

bool add_recipient(CMS_ContentInfo* cms, const certs::certificate& recipient, const encrypt_options& options)
{
    // add1: the certificate gains a reference
    CMS_RecipientInfo* info = CMS_add1_recipient_cert(cms, recipient.handle().value.get(), CMS_KEY_PARAM);
    if (info == nullptr) return false;
    EVP_PKEY_CTX* context = CMS_RecipientInfo_get0_pkey_ctx(info);  // borrowed
    if (context == nullptr) return false;
    if (recipient.algorithm() == certs::key_algorithm::rsa)
        return options.rsa == rsa_transport::pkcs1_v15 || use_oaep(context);
    // OpenSSL's default is SHA-1. The wrap's parameters it leaves out, as RFC 5753 §7.2 and RFC 3565 §2.3.2 want.
    return EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) > 0;
}

result<std::string> encrypt_canonical(std::string_view canonical, std::span<const certs::certificate> recipients,
                                      const encrypt_options& options)
{
    const openssl::quiet_queue quiet;
    if (recipients.empty()) return smime_errc::no_recipient;
    const bool gcm = options.cipher == content_cipher::aes_256_gcm;
    const openssl::cms_ptr cms(gcm ? CMS_AuthEnvelopedData_create(EVP_aes_256_gcm())
                                   : CMS_EnvelopedData_create(EVP_aes_256_cbc()));
    // A new object is detached until told otherwise.
    if (!cms || CMS_set_detached(cms.get(), 0) != 1) return openssl::take_error(smime_errc::encryption_failed);
    for (const certs::certificate& recipient : recipients) {
        if (!can_receive(recipient)) return smime_errc::unsupported_key;
        if (!add_recipient(cms.get(), recipient, options)) return openssl::take_error(smime_errc::encryption_failed);
    }
    if (!openssl::finish_cms(*cms, canonical, openssl::content_place::attached))
        return openssl::take_error(smime_errc::encryption_failed);
    const auto der = openssl::write_cms(*cms);
    if (!der) return openssl::take_error(smime_errc::encryption_failed);
    const std::string_view type = gcm ? "pkcs7-mime; smime-type=authEnveloped-data;\r\n name=\"smime.p7m\""
                                      : "pkcs7-mime; smime-type=enveloped-data;\r\n name=\"smime.p7m\"";
    std::string out(options.fields_before);
    append_pkcs7_entity(out, type, "smime.p7m", der->view());
    return out;
}
}

result<std::string> encrypt(std::string_view entity, std::span<const certs::certificate> recipients,
                            const encrypt_options& options)
{
    if (recipients.empty()) return smime_errc::no_recipient;
    std::string room;
    const auto canonical = canonical_view(entity, room);
    if (!canonical.has_value()) return canonical.error();
    return encrypt_canonical(*canonical, recipients, options);
}

result<std::string> sign_then_encrypt(std::string_view entity, const signer& by,
                                      std::span<const certs::certificate> recipients, std::chrono::sys_seconds at,
                                      const seal_options& options)
{
    const auto inside = sign(entity, by, at, options.sign);
    if (!inside.has_value()) return inside.error();
    return encrypt_canonical(*inside, recipients, options.encrypt);  // sign wrote it so
}
}
