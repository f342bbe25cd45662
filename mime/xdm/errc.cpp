#include "mime/xdm/errc.hpp"

#include <stdexcept>
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
            case xdm_errc::bad_action: return "unknown action";
            case xdm_errc::several_patients: return "more than one patient";
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

std::string_view name_of(xdm_errc code) noexcept
{
    switch (code) {
        case xdm_errc::zip_failed: return "zip_failed";
        case xdm_errc::too_large: return "too_large";
        case xdm_errc::not_zip: return "not_zip";
        case xdm_errc::too_many_entries: return "too_many_entries";
        case xdm_errc::too_much_expanded: return "too_much_expanded";
        case xdm_errc::ratio: return "ratio";
        case xdm_errc::bad_name: return "bad_name";
        case xdm_errc::link_entry: return "link_entry";
        case xdm_errc::encrypted: return "encrypted";
        case xdm_errc::bad_checksum: return "bad_checksum";
        case xdm_errc::no_metadata: return "no_metadata";
        case xdm_errc::bad_metadata: return "bad_metadata";
        case xdm_errc::no_document: return "no_document";
        case xdm_errc::hash_mismatch: return "hash_mismatch";
        case xdm_errc::bad_action: return "bad_action";
        case xdm_errc::several_patients: return "several_patients";
        case xdm_errc::missing_value: return "missing_value";
    }
    return "unknown";
}

void throw_exception_from_error(const xdm_error& error, const boost::source_location&)
{
    throw std::logic_error(std::string(name_of(error.code)) + " " + error.place);
}
}
