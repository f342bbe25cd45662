// mime/cda/identifiers.hpp: shape of the French identifiers a letter carries (RPPS, FINESS, INS) and the OIDs of their
// systems. Pure functions, any thread.
#pragma once

#include "mime/text/check_digits.hpp"

#include <string>
#include <string_view>

namespace mime::cda {
namespace oid {
inline constexpr std::string_view ins_nir = "1.2.250.1.213.1.4.8";
inline constexpr std::string_view ins_nia = "1.2.250.1.213.1.4.9";
inline constexpr std::string_view ins_test = "1.2.250.1.213.1.4.10";
inline constexpr std::string_view ins_demo = "1.2.250.1.213.1.4.11";
inline constexpr std::string_view professional = "1.2.250.1.71.4.2.1";  // IdNatPS: type digit + number
inline constexpr std::string_view structure = "1.2.250.1.71.4.2.2";     // Struct_IdNat: type digit + number
inline constexpr std::string_view facility_type = "1.2.250.1.71.4.2.4";
inline constexpr std::string_view practice_setting = "1.2.250.1.213.1.1.4.9";
inline constexpr std::string_view loinc = "2.16.840.1.113883.6.1";
inline constexpr std::string_view document_type_a05 = "1.2.250.1.213.1.1.4.12";
inline constexpr std::string_view act_code = "2.16.840.1.113883.5.4";
inline constexpr std::string_view confidentiality = "2.16.840.1.113883.5.25";
inline constexpr std::string_view gender = "2.16.840.1.113883.5.1";
inline constexpr std::string_view participation_function = "2.16.840.1.113883.5.88";
inline constexpr std::string_view n1_pdf_template = "1.3.6.1.4.1.19376.1.2.20";
}

using mime::all_digits;
using mime::is_finess;
using mime::is_ins_matricule;
using mime::is_rpps;
using mime::passes_luhn;

// Five characters: commune (2A and 2B included) or 99xxx for a birth abroad.
[[nodiscard]] bool is_cog(std::string_view text) noexcept;

// Dotted decimal, no leading zeros, first arc 0 to 2, at most 64 characters (DICOM and XDS limit).
[[nodiscard]] bool is_oid(std::string_view text) noexcept;

[[nodiscard]] bool is_ins_root(std::string_view root) noexcept;             // .8 .9 .10 .11
[[nodiscard]] bool is_ins_production_root(std::string_view root) noexcept;  // .8 .9

// IdNatPS "8" + RPPS gives the RPPS; anything else gives empty text.
[[nodiscard]] std::string_view rpps_of(std::string_view root, std::string_view extension) noexcept;
// Struct_IdNat "1" + FINESS gives the FINESS; anything else gives empty text.
[[nodiscard]] std::string_view finess_of(std::string_view root, std::string_view extension) noexcept;
}
