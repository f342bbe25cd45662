#include "mime/smime/errc.hpp"

#include <string>

namespace mime::smime {
namespace {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored \
    "-Wnon-virtual-dtor"  // Boost's base has a protected destructor: nothing deletes through it
class category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "mime.smime"; }
    [[nodiscard]] std::string message(int value) const override
    {
        switch (static_cast<smime_errc>(value)) {
            case smime_errc::not_canonical: return "the entity holds NUL or a bare CR";
            case smime_errc::key_mismatch: return "the private key does not belong to the certificate";
            case smime_errc::unsupported_key: return "the key is neither RSA of 2048 bits or more nor EC";
            case smime_errc::no_recipient: return "no recipient certificate";
            case smime_errc::signing_failed: return "signing failed";
            case smime_errc::encryption_failed: return "encryption failed";
            case smime_errc::too_large: return "the mail is over the size limit";
            case smime_errc::too_many_layers: return "too many nested S/MIME layers";
            case smime_errc::too_many_signers: return "too many signers, recipients or certificates";
            case smime_errc::malformed_entity: return "malformed S/MIME entity";
            case smime_errc::malformed_cms: return "malformed CMS object";
            case smime_errc::unsupported_content: return "unsupported CMS content";
            case smime_errc::not_a_recipient: return "not encrypted to this certificate";
            case smime_errc::decryption_failed: return "decryption failed";
            case smime_errc::bad_signature: return "the signature does not match";
            case smime_errc::weak_algorithm: return "signed with a weak digest";
        }
        return "unknown error";
    }
};
#pragma GCC diagnostic pop
}

const boost::system::error_category& smime_category() noexcept
{
    static const category instance;
    return instance;
}
}
