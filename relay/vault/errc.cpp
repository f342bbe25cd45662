#include "relay/vault/errc.hpp"

namespace relay::vault {
namespace {
class vault_category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "vault"; }
    [[nodiscard]] std::string message(int code) const override
    {
        switch (static_cast<vault_errc>(code)) {
            case vault_errc::not_authentic:
                return "object or field does not open: wrong node key, or changed at rest; restore it from a backup";
            case vault_errc::length_mismatch: return "object does not match its recorded length or SHA-256";
            case vault_errc::key_file_unreadable:
                return "node key file cannot be read: check its path and owner, or make one with 'liaison init'";
            case vault_errc::key_file_exposed:
                return "node key file is readable by others or not owned by this user: chown it and chmod 600";
            case vault_errc::key_file_malformed:
                return "node key file is not 32 bytes: restore it from its backup; a new key cannot open what is "
                       "stored";
            case vault_errc::key_file_exists: return "node key file exists already and is never overwritten";
            case vault_errc::key_file_unwritable:
                return "node key file cannot be written: check the folder and its owner";
        }
        return "unknown vault error";
    }
};
}

const boost::system::error_category& vault_errors() noexcept
{
    static const vault_category category;
    return category;
}
}
