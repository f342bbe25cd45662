#include "mime/hl7/header.hpp"

#include "mime/hl7/checker.hpp"

#include <algorithm>
#include <array>

namespace mime::hl7 {
namespace {
constexpr std::size_t max_header_octets = 8192;  // what an acknowledgement is willing to echo
constexpr std::size_t max_control_id = 199;

// A field, or one component of it, as an acknowledgement may repeat it.
std::string echo(const segment& msh, std::size_t field, std::size_t component = 0)
{
    const repetition first = msh.field(field).first();
    return with_standard_delimiters(component == 0 ? first.raw() : first.component(component).raw(), msh.marks());
}

// Spaces around components are seen in the field (§2.8).
std::string profile_name(const segment& msh)
{
    const auto field = msh.field(21);
    const std::string first = field.component(1).text();
    const std::string second = field.component(2).text();
    std::string name(trimmed(first));
    if (!trimmed(second).empty()) name.append("^").append(trimmed(second));
    return name;
}

struct message_type {
    std::string_view code, event, structure, version;
    message_form form;
};
// §1.2, and PAM France.
constexpr std::array message_types = {
    message_type{"MDM", "T02", "MDM_T02", "2.6", message_form::document},
    message_type{"MDM", "T10", "MDM_T02", "2.6", message_form::document},
    message_type{"MDM", "T04", "MDM_T02", "2.6", message_form::document},
    message_type{"ORU", "R01", "ORU_R01", "2.5", message_form::document},
    message_type{"ADT", "A01", "ADT_A01", "2.5", message_form::movement},
    message_type{"ADT", "A02", "ADT_A02", "2.5", message_form::movement},
    message_type{"ADT", "A03", "ADT_A03", "2.5", message_form::movement},
    message_type{"ADT", "A11", "ADT_A09", "2.5", message_form::movement},
    message_type{"ADT", "A13", "ADT_A01", "2.5", message_form::movement},
    message_type{"ADT", "Z99", "ADT_A01", "2.5", message_form::movement},
};

// A damaged MSH-2 must not cost the sender its answer: the field separator and the component sign are enough for MSH.
std::optional<delimiters> header_delimiters(std::string_view octets) noexcept
{
    if (auto marks = read_delimiters(octets)) return marks;
    const auto sign = [](char c) { return c > 0x20 && c < 0x7f && (c < '0' || c > '9') && (c < 'A' || c > 'Z'); };
    if (octets.size() < 5 || !octets.starts_with("MSH") || !sign(octets[3])) return std::nullopt;
    constexpr std::size_t max_encoding_octets = 12;
    const std::size_t end = octets.substr(4, max_encoding_octets).find(octets[3]);
    if (end == std::string_view::npos || octets.size() <= 5 + end) return std::nullopt;
    delimiters marks;
    marks.field = octets[3];
    if (sign(octets[4]) && octets[4] != octets[3]) marks.component = octets[4];
    return marks;
}

void check_common(checker& check, const segment& msh, const profile& profile)
{
    for (const std::size_t field : {3U, 4U, 5U, 6U}) check.required(msh, field);
    check.required_time(msh, 7);
    if (check.required(msh, 10).size() > max_control_id) {
        check.fail(condition::data_type, msh.location(10), "Identifiant de message trop long");
    }
    const std::string processing = check.required(msh, 11);
    if (!processing.empty() && !contains(profile.processing_ids, processing)) {
        check.fail(condition::unsupported_processing_id, msh.location(11), "Environnement non admis ici");
    }
    check.one_of(msh, 17, {"FRA"});
}

void check_version(checker& check, const segment& msh, std::string_view version)
{
    const std::string found = check.required(msh, 12);
    if (!found.empty() && found != version) {
        check.fail(condition::unsupported_version, msh.location(12), "Version HL7 attendue : " + std::string(version));
    }
}

void check_profile(checker& check, const segment& msh, const std::vector<std::string>& accepted)
{
    if (accepted.empty()) return;
    const std::string name = profile_name(msh);
    if (name.empty()) {
        check.fail(condition::required_field_missing, msh.location(21), "Champ obligatoire absent");
    } else if (!contains(accepted, name)) {
        check.fail(condition::table_value_not_found, msh.location(21), "Profil non admis");
    }
}

// nullptr and an error (200 or 201) for a type or an event we do not read.
const message_type* find_type(checker& check, const segment& msh, std::string_view code, std::string_view event)
{
    bool known = false;
    for (const message_type& each : message_types) {
        if (each.code == code && each.event == event) return &each;
        known = known || each.code == code;
    }
    check.fail(known ? condition::unsupported_event : condition::unsupported_message_type, msh.location(9),
               known ? "Événement non pris en charge" : "Type de message non pris en charge");
    return nullptr;
}

// MSH-9.3. The PAM of France lets it out in old versions.
void check_structure(checker& check, const segment& msh, const message_type& type)
{
    const std::string structure = msh.field(9).component(3).text();
    if (structure == type.structure || (structure.empty() && type.form == message_form::movement)) return;
    check.fail(structure.empty() ? condition::required_field_missing : condition::table_value_not_found,
               msh.location(9, 3), "Structure de message attendue : " + std::string(type.structure));
}
}

message_header header_of(const segment& msh)
{
    message_header header;
    header.sending_application = echo(msh, 3);
    header.sending_facility = echo(msh, 4);
    header.receiving_application = echo(msh, 5);
    header.receiving_facility = echo(msh, 6);
    header.message_code = echo(msh, 9, 1);
    header.event = echo(msh, 9, 2);
    header.control_id = echo(msh, 10, 1);
    header.processing_id = echo(msh, 11, 1);
    header.version = echo(msh, 12);
    header.profile = profile_name(msh);
    return header;
}

std::optional<message_header> read_header(std::string_view octets)
{
    const std::string_view body = without_frame(octets.substr(0, max_header_octets));
    const auto marks = header_delimiters(body);
    if (!marks) return std::nullopt;
    std::string line(body.substr(0, body.find_first_of("\r\n")));
    for (char& c : line) {
        if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    }
    return header_of(segment(line, 1, &*marks));
}

hl7_result<message_form> form_of(const message& message, const profile& profile)
{
    checker check;
    const segment& msh = message.header();
    const std::string code = check.required(msh, 9);
    const std::string event = check.required(msh, 9, 2);
    if (!check.good()) return std::move(check).errors();
    const message_type* const type = find_type(check, msh, code, event);
    if (type == nullptr) return std::move(check).errors();
    check_structure(check, msh, *type);
    check_common(check, msh, profile);
    check_version(check, msh, type->version);
    check_profile(check, msh,
                  type->form == message_form::document ? profile.document_profiles : profile.discharge_profiles);
    if (!check.good()) return std::move(check).errors();
    return type->form;
}
}
