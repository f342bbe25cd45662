#include "certs/errc.hpp"

#include <string>

namespace certs {
namespace {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored \
    "-Wnon-virtual-dtor"  // Boost's base has a protected destructor: nothing deletes through it
class category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "certs"; }
    [[nodiscard]] std::string message(int value) const override
    {
        switch (static_cast<errc>(value)) {
            case errc::unreadable_file: return "the file cannot be read";
            case errc::too_large: return "more bytes or certificates than the limit";
            case errc::malformed_certificate: return "not a certificate in PEM or DER";
            case errc::no_certificate: return "no certificate in the input";
            case errc::malformed_key: return "not a private key in PEM without passphrase";
            case errc::exposed_key: return "the private key is open to its group or to others: chmod 600 the file";
            case errc::expired: return "the certificate has expired";
            case errc::not_yet_valid: return "the certificate is not valid yet";
            case errc::issuer_expired: return "a certificate of the issuing chain is outside its dates";
            case errc::untrusted_issuer: return "no chain from the certificate to a trust anchor";
            case errc::wrong_key_usage: return "the certificate is not meant for this use";
            case errc::address_mismatch: return "the certificate is bound neither to the address nor to its domain";
            case errc::weak_key: return "the certificate's key or a digest of its chain is too weak";
        }
        return "unknown error";
    }
};
#pragma GCC diagnostic pop
}

const boost::system::error_category& certs_category() noexcept
{
    static const category instance;
    return instance;
}
}
