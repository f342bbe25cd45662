#include "mime/sidecar/keys.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace mime::sidecar {
namespace {
constexpr std::array all_keys = std::to_array<std::string_view>({
    "$schema",
    "operation",
    "patient.ins.matricule",
    "patient.ins.oid",
    "patient.ipp",
    "patient.birth_name",
    "patient.first_given_name",
    "patient.given_names",
    "patient.used_name",
    "patient.used_given_name",
    "patient.birth_date",
    "patient.sex",
    "patient.birthplace_cog",
    "patient.birthplace",
    "stay.number",
    "stay.admission",
    "stay.discharge",
    "stay.service.code",
    "stay.service.label",
    "stay.class",
    "author.rpps",
    "author.family",
    "author.given",
    "author.phone",
    "author.civility",
    "author.title",
    "author.speciality.code",
    "author.speciality.label",
    "signatory.rpps",
    "signatory.family",
    "signatory.given",
    "signatory.phone",
    "signatory.civility",
    "signatory.title",
    "signatory.speciality.code",
    "signatory.speciality.label",
    "signatory.signed_at",
    "treating_doctor.rpps",
    "treating_doctor.family",
    "treating_doctor.given",
    "treating_doctor.address",
    "recipients[].address",
    "recipients[].rpps",
    "recipients[].family",
    "recipients[].given",
    "recipients[].organisation",
    "recipients[].role",
    "document.type",
    "document.title",
    "document.id",
    "document.set_id",
    "document.version",
    "document.replaces",
    "document.confidentiality",
    "document.language",
    "document.created",
    "establishment.finess",
    "establishment.name",
    "establishment.oid_root",
    "establishment.ipp_root",
    "establishment.stay_root",
    "establishment.phone",
    "establishment.address[]",
    "establishment.facility_type",
});

// recipients[3].rpps -> recipients[].rpps
std::string without_numbers(std::string_view path)
{
    std::string out;
    bool inside = false;
    for (const char c : path) {
        if (c == ']') inside = false;
        if (!inside) out += c;
        if (c == '[') inside = true;
    }
    return out;
}
}

std::span<const std::string_view> sidecar_keys() noexcept
{
    return all_keys;
}

bool is_sidecar_key(std::string_view path)
{
    const std::string wanted = without_numbers(path);
    return std::any_of(all_keys.begin(), all_keys.end(), [&](std::string_view key) {
        if (!key.starts_with(wanted)) return false;
        return key.size() == wanted.size() || key[wanted.size()] == '.' || key[wanted.size()] == '[';
    });
}
}
