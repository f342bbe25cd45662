#include "mime/hl7/participant.hpp"

#include "mime/hl7/patient.hpp"
#include "mime/text/ascii.hpp"
#include "mime/text/check_digits.hpp"

#include <algorithm>

namespace mime::hl7 {
namespace {
constexpr std::string_view patient_domain = "patient.mssante.fr";
constexpr std::size_t max_local_octets = 64;
constexpr std::size_t max_address_octets = 254;
constexpr std::size_t ins_digits = 15;

std::string domain_of(std::string_view address)
{
    return std::string(address.substr(address.rfind('@') + 1));
}

bool is_patient(const std::optional<person>& who, std::string_view address)
{
    if (same_text(domain_of(address), patient_domain)) return true;
    return who && (who->id_type == "INS" || is_ins_oid(who->authority_oid));
}

std::optional<organisation> read_organisation(const segment& prt)
{
    const repetition xon = prt.field(8).first();
    const component authority = xon.component(6);
    const component oid = authority.sub(2).empty() ? authority.sub(1) : authority.sub(2);
    organisation value{xon.component(1).text(), oid.text(), xon.component(7).text(), xon.component(10).text()};
    if (value.name.empty() && value.id.empty()) return std::nullopt;
    return value;
}

// Check digits of the numbers that say who somebody is (§9.3).
void check_keys(checker& check, const segment& prt, const profile& profile, const std::optional<person>& who,
                const std::optional<organisation>& where)
{
    if (who) {
        const std::string& id = who->id.reveal();
        const std::string& type = who->id_type;
        const bool patient = type == "INS" || is_ins_oid(who->authority_oid);
        const bool rpps = type == "RPPS" || (!who->rpps.empty() && (type.empty() || type == "IDNPS"));
        if (patient ? !is_ins_matricule(id) : rpps && !is_rpps(who->rpps)) {
            check.wrong_key(
                profile, prt.location(5, 1),
                patient ? "INS dont la clé ou la longueur est fausse" : "RPPS dont la clé ou la longueur est fausse");
        }
    }
    if (where && (where->id_type == "FINEJ" || where->id_type == "FINEG") && !where->id.empty()) {
        std::string_view id = where->id;
        if (id.size() == 10 && id.front() == '1') id.remove_prefix(1);  // Struct_IdNat, type 1 = FINESS (§9.1)
        if (!is_finess(id)) {
            check.wrong_key(profile, prt.location(8, 10), "FINESS dont la clé ou la longueur est fausse");
        }
    }
}

// PRT-15.4 with its checks; empty if it was refused.
std::string read_address(checker& check, const segment& prt, const profile& profile)
{
    const field xtn = prt.field(15);
    const std::string use = xtn.component(2).text();
    if (!use.empty() && !contains(profile.telecom_uses, use)) {
        check.fail(condition::table_value_not_found, prt.location(15, 2), "Usage de l'adresse non admis");
    }
    const std::string type = check.required(prt, 15, 3);
    if (!type.empty() && !same_text(type, "X.400")) {
        check.fail(condition::table_value_not_found, prt.location(15, 3), "Type d'adresse attendu : X.400");
    }
    std::string address = check.required(prt, 15, 4);
    if (!address.empty() && !is_mail_address(address)) {
        check.fail(condition::data_type, prt.location(15, 4), "Adresse de messagerie mal formée");
        return {};
    }
    return address;
}

void classify(checker& check, const segment& prt, recipient& into)
{
    const std::string_view address = into.address.reveal();
    if (is_patient(into.person, address)) {
        into.kind = recipient_kind::patient;
        if (into.person) into.person->rpps.clear();
        const std::string_view local = address.substr(0, address.find('@'));
        if (same_text(domain_of(address), patient_domain) && (local.size() != ins_digits || !all_digits(local))) {
            into.refusal = hl7_error{condition::data_type, prt.location(15, 4),
                                     "Adresse de patient : 15 chiffres attendus avant @", ack_code::AE};
        }
    } else if (into.person) {
        into.kind = recipient_kind::professional;
    } else if (into.organisation) {
        into.kind = recipient_kind::organisation;
    } else if (!into.device.empty()) {
        into.kind = recipient_kind::application;
    } else {
        check.fail(condition::required_field_missing, prt.location(5),
                   "Destinataire sans personne (PRT-5), structure (PRT-8) ni application (PRT-10)");
    }
}

void add_recipient(checker& check, const segment& prt, const profile& profile, participants& into)
{
    recipient value;
    value.address = patient_text(read_address(check, prt, profile));
    value.person = read_person(prt.field(5).first());
    value.organisation = read_organisation(prt);
    value.device = prt.field(10).component(1).text();
    value.location = prt.location();
    classify(check, prt, value);
    check_keys(check, prt, profile, value.person, value.organisation);
    into.recipients.push_back(std::move(value));
}

void add_sender(checker& check, const segment& prt, const profile& profile, participants& into)
{
    if (into.sender) check.fail(condition::cardinality, prt.location(4), "Un seul expéditeur (SB) est admis");
    into.sender = sender{read_person(prt.field(5).first()), read_organisation(prt), prt.field(10).component(1).text()};
    if (!into.sender->person && !into.sender->organisation && into.sender->device.empty()) {
        check.fail(condition::required_field_missing, prt.location(5),
                   "Expéditeur sans personne (PRT-5), structure (PRT-8) ni application (PRT-10)");
    }
    check_keys(check, prt, profile, into.sender->person, into.sender->organisation);
}

void add_reply(checker& check, const segment& prt, const profile& profile, participants& into)
{
    if (into.reply_to) check.fail(condition::cardinality, prt.location(4), "Une seule adresse de réponse est admise");
    into.reply_to = patient_text(read_address(check, prt, profile));
}
}

std::string normalised_rpps(std::string_view id)
{
    if (!all_digits(id)) return {};
    if (id.size() == 12 && id[0] == '8') return std::string(id.substr(1));
    return id.size() == 11 ? std::string(id) : std::string();
}

bool is_mail_address(std::string_view text) noexcept
{
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos || at == 0 || at > max_local_octets || text.size() > max_address_octets)
        return false;
    const std::string_view domain = text.substr(at + 1);
    const auto plain = [](char c) {
        return c > 0x20 && c < 0x7f && std::string_view("@<>()[],;:\\\"").find(c) == std::string_view::npos;
    };
    const auto host = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    };
    const std::string_view local = text.substr(0, at);
    const auto dots_fit = [](std::string_view part) {
        return !part.starts_with('.') && !part.ends_with('.') && part.find("..") == std::string_view::npos;
    };
    return !domain.empty() && std::all_of(local.begin(), local.end(), plain) &&
           std::all_of(domain.begin(), domain.end(), host) && dots_fit(local) && dots_fit(domain);
}

std::optional<person> read_person(const repetition& xcn)
{
    // The INS OID comes as ns&oid&ISO, or bare (§2.8).
    const component authority = xcn.component(9);
    const component oid = authority.sub(2).empty() ? authority.sub(1) : authority.sub(2);
    person value{patient_text(xcn.component(1).text()), {},         patient_text(xcn.component(2).sub(1).text()),
                 patient_text(xcn.component(3).text()), oid.text(), xcn.component(13).text()};
    if (value.id.empty() && value.family.empty()) return std::nullopt;
    if (value.id_type != "INS" && !is_ins_oid(value.authority_oid)) value.rpps = normalised_rpps(value.id.reveal());
    return value;
}

participants read_participants(checker& check, const std::vector<segment>& prts, const profile& profile)
{
    participants value;
    for (const segment& prt : prts) {
        check.one_of(prt, 2, {"UC"});
        const std::string role =
            check.required(prt, 4);  // .2 and .3 vary between senders: the code alone counts (§2.8)
        if (!role.empty()) check.required(prt, 4, 3);
        if (role == "SB") {
            add_sender(check, prt, profile, value);
        } else if (role == "RCT") {
            add_recipient(check, prt, profile, value);
        } else if (role == "REPLY") {
            add_reply(check, prt, profile, value);
        } else if (!role.empty()) {
            check.warn(prt.location(4), "Participation non prise en charge : segment ignoré");
        }
    }
    return value;
}
}
