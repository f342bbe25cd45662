// mime/xdm/errc.hpp: why a package could not be written or read.
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/error_code.hpp>
#include <string>
#include <string_view>
#include <type_traits>

#include "mime/text/result.hpp"

namespace mime::xdm {
enum class xdm_errc {
    zip_failed = 1,     // the zip library refused (memory)
    too_large,          // archive over xdm_limits::max_zip_octets
    not_zip,            // not a zip archive, or a broken one
    too_many_entries,   // over max_entries
    too_much_expanded,  // over max_expanded_octets in all
    ratio,              // over max_ratio: a bomb
    bad_name,           // absolute, "..", back-slash, drive letter, NUL or control character
    link_entry,         // a symbolic link or another special file
    encrypted,          // an encrypted entry
    bad_checksum,       // an entry that does not expand to what the directory says
    no_metadata,        // no IHE_XDM/<subset>/METADATA.XML
    bad_metadata,       // not readable as ebRIM, or an entry without URI
    no_document,        // a document named by the metadata is absent
    hash_mismatch,      // its SHA-1 or size is not that of the metadata
    bad_action,         // an action other than C and D, or two different ones
    several_patients,   // entries and submission set do not agree on one patientId
    missing_value,      // writing: a required attribute cannot be derived from the header
};

[[nodiscard]] std::string_view name_of(xdm_errc code) noexcept;  // "bad_name"

// Where in a package that is read: "entry 3" of the zip, "METADATA.XML", "METADATA.XML document 2". Names inside the
// zip may be a patient's, so they are not told.
struct xdm_error {
    xdm_errc code = xdm_errc::not_zip;
    std::string place;
    friend bool operator==(const xdm_error& error, xdm_errc wanted) noexcept { return error.code == wanted; }
};

template <class T>
using xdm_result = result<T, xdm_error>;

[[noreturn]] void throw_exception_from_error(const xdm_error& error, const boost::source_location& where);

[[nodiscard]] const boost::system::error_category& xdm_category() noexcept;

[[nodiscard]] inline boost::system::error_code make_error_code(xdm_errc value) noexcept
{
    return {static_cast<int>(value), xdm_category()};
}
}

template <>
struct boost::system::is_error_code_enum<mime::xdm::xdm_errc> : std::true_type {
};
