#include "mime/xdm/errc.hpp"

#include <string>

namespace mime::xdm {
namespace {
class category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "mime.xdm"; }
    [[nodiscard]] std::string message(int value) const override
    {
        switch (static_cast<xdm_errc>(value)) {
            case xdm_errc::zip_failed: return "zip could not be written";
            case xdm_errc::too_large: return "zip too large";
            case xdm_errc::not_zip: return "not a zip archive";
            case xdm_errc::too_many_entries: return "too many zip entries";
            case xdm_errc::too_much_expanded: return "zip expands to too much";
            case xdm_errc::ratio: return "zip entry expands beyond the allowed ratio";
            case xdm_errc::bad_name: return "forbidden zip entry name";
            case xdm_errc::link_entry: return "zip entry is not a regular file";
            case xdm_errc::encrypted: return "encrypted zip entry";
            case xdm_errc::bad_checksum: return "zip entry is damaged";
            case xdm_errc::no_metadata: return "no METADATA.XML";
            case xdm_errc::bad_metadata: return "unreadable METADATA.XML";
            case xdm_errc::no_document: return "document of the metadata is absent";
            case xdm_errc::hash_mismatch: return "document differs from its metadata";
            case xdm_errc::missing_value: return "a required metadata value is missing";
        }
        return "unknown error";
    }
};
}

const boost::system::error_category& xdm_category() noexcept
{
    static const category instance;
    return instance;
}
}
