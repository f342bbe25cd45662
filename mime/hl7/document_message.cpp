#include "mime/hl7/document_message.hpp"

#include "mime/hl7/checker.hpp"
#include "mime/hl7/grammar.hpp"
#include "mime/hl7/observation.hpp"
#include "mime/text/ascii.hpp"
#include "mime/text/check_digits.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mime::hl7 {
namespace {
constexpr std::size_t max_oru_documents = 2;  // the same content as CDA N1 and as CDA N3 (§1.2)
constexpr std::size_t max_id_octets = 199;    // EI.1 (§10)

bool is_oid(std::string_view text)
{
    if (text.empty() || text.size() > max_id_octets || text.front() < '0' || text.front() > '2') return false;
    if (text.ends_with('.') || text.find("..") != std::string_view::npos) return false;
    return text.find('.') != std::string_view::npos &&
           std::all_of(text.begin(), text.end(), [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

bool is_uuid(std::string_view text)
{
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if ((i == 8 || i == 13 || i == 18 || i == 23) ? c != '-' : !hex) return false;
    }
    return true;
}

// TXA-12, TXA-13: `ext^^root^ISO`, or the root alone in .1 (§2.3).
std::optional<document_id> read_document_id(checker& check, const segment& txa, std::size_t number,
                                            const profile& profile)
{
    const field ei = txa.field(number);
    if (ei.empty()) return std::nullopt;
    if (!ei.component(2).empty() && profile.document_id_namespace == tolerance::refused) {
        check.fail(condition::data_type, txa.location(number, 2), "Composante qui doit rester vide");
    }
    document_id id{ei.component(3).text(), ei.component(1).text()};
    if (id.root.empty()) std::swap(id.root, id.extension);
    if (!is_oid(id.root) && !is_uuid(id.root)) {
        check.fail(condition::data_type, txa.location(number), "Identifiant de document : OID ou UUID attendu");
    }
    if (id.extension.size() > max_id_octets) {
        check.fail(condition::data_type, txa.location(number), "Identifiant de document trop long");
    }
    return id;
}

struct operation_rule {
    operation what;
    std::string_view event, control, status;  // MSH-9.2 of MDM, ORC-1, OBX-11 of the document (§2.1)
};
constexpr std::array operation_rules = {
    operation_rule{operation::initial, "T02", "NW", "F"},
    operation_rule{operation::replace, "T10", "RO", "C"},
    operation_rule{operation::remove, "T04", "CA", "D"},
};

const operation_rule* rule_with(std::string_view operation_rule::*key, std::string_view value)
{
    const auto* const found = std::find_if(operation_rules.begin(), operation_rules.end(),
                                           [&](const operation_rule& rule) { return rule.*key == value; });
    return found == operation_rules.end() ? nullptr : found;
}

// ORC-1 in the words of the rules; nullptr and an error if it is none of them.
const operation_rule* read_control(checker& check, const segment& orc, const profile& profile)
{
    const std::string control = check.required(orc, 1);
    if (control.empty()) return nullptr;
    const auto* const rule =
        rule_with(&operation_rule::control, contains(profile.new_order_codes, control) ? "NW" : control);
    if (rule == nullptr) check.fail(condition::table_value_not_found, orc.location(1), "Valeur non admise");
    return rule;
}

// What the event says, or for ORU the first ORC-1; every ORC-1 agrees. nullptr and an error if nothing says it.
const operation_rule* read_operation(checker& check, const message& message, std::string_view event,
                                     const profile& profile)
{
    const operation_rule* rule = rule_with(&operation_rule::event, event);
    for (const segment& orc : message.segments()) {
        if (orc.name() != "ORC") continue;
        const operation_rule* const control = read_control(check, orc, profile);
        if (rule == nullptr) {
            rule = control;
        } else if (control != nullptr && control != rule) {
            check.fail(condition::application, orc.location(1),
                       "ORC-1 contredit l'événement ou un autre ORC : attendu " + std::string(rule->control));
        }
    }
    return rule;
}

// OBX-11 of a document.
void check_status(checker& check, const segment& obx, const operation_rule* rule)
{
    const std::string status = check.required(obx, 11);
    if (status.empty()) return;
    if (rule_with(&operation_rule::status, status) == nullptr) {
        check.fail(condition::table_value_not_found, obx.location(11), "Valeur non admise");
    } else if (rule != nullptr && status != rule->status) {
        check.fail(condition::application, obx.location(11),
                   "OBX-11 contredit l'opération demandée : attendu " + std::string(rule->status));
    }
}

coded_value read_type(checker& check, const segment& obr)
{
    coded_value type{check.required(obr, 4), obr.field(4).component(2).text(), check.required(obr, 4, 3)};
    if (!type.system.empty() && type.system != "LN" && type.system != "TRE_A05") {
        check.fail(condition::table_value_not_found, obr.location(4, 3), "Système de codage attendu : LN ou TRE_A05");
    }
    return type;
}

// Type of each OBR, in the order of the message.
std::vector<coded_value> read_types(checker& check, const message& message)
{
    std::vector<coded_value> types;
    for (const segment& each : message.segments()) {
        if (each.name() == "OBR") types.push_back(read_type(check, each));
    }
    return types;
}

void read_txa(checker& check, const segment& txa, const profile& profile, const operation_rule* rule,
              carried_document& into)
{
    check.one_of(txa, 1, {"1"});
    const std::string again = check.required(txa, 2);
    if (!again.empty() && !into.type.code.empty() && again != into.type.code) {
        check.fail(condition::application, txa.location(2), "TXA-2 et OBR-4 désignent deux types différents");
    }
    const std::string content = check.required(txa, 3);
    if (!content.empty() && !same_text(content, "TEXT")) {
        check.fail(condition::table_value_not_found, txa.location(3), "Valeur attendue : TEXT");
    }
    check.required(txa, 12);
    into.id = read_document_id(check, txa, 12, profile).value_or(document_id());
    into.parent = read_document_id(check, txa, 13, profile);
    if (!into.parent && rule != nullptr && rule->what == operation::replace) {
        check.fail(condition::required_field_missing, txa.location(13), "Document remplacé absent");
    }
    if (into.parent && into.parent == into.id) {
        check.fail(condition::application, txa.location(13), "TXA-13 désigne le document lui-même");
    }
    check.one_of(txa, 17, profile.availability_codes);
}

bool same_mailboxes(const std::vector<recipient>& a, const std::vector<recipient>& b)
{
    const auto within = [](const std::vector<recipient>& some, const std::vector<recipient>& all) {
        return std::all_of(some.begin(), some.end(), [&](const recipient& one) {
            return std::any_of(all.begin(), all.end(), [&](const recipient& other) {
                return same_text(one.address.reveal(), other.address.reveal());
            });
        });
    };
    return within(a, b) && within(b, a);
}

// One mail per recipient holds all documents: a second document may repeat the recipients, not change them.
void read_people(checker& check, const observations& all, const profile& profile, document_message& into)
{
    bool given = false;
    for (const observation& document : all.documents) {
        if (document.prts.empty()) continue;
        participants who = read_participants(check, document.prts, profile);
        if (!given) {
            into.sender = std::move(who.sender);
            into.recipients = std::move(who.recipients);
            into.reply_to = std::move(who.reply_to);
            given = true;
        } else if (!same_mailboxes(into.recipients, who.recipients) || into.reply_to != who.reply_to) {
            check.fail(condition::application, document.prts.front().location(),
                       "Les deux documents n'ont pas les mêmes destinataires");
        }
    }
}

void read_documents(checker& check, const message& message, const observations& all, const profile& profile,
                    const operation_rule* rule, document_message& into)
{
    const std::vector<coded_value> types = read_types(check, message);
    const auto txa = message.first("TXA");
    for (const observation& each : all.documents) {
        carried_document document;
        if (each.order < types.size()) document.type = types[each.order];
        if (txa) read_txa(check, *txa, profile, rule, document);
        check_status(check, each.obx, rule);
        document.bytes = read_document(check, each.obx, document.type.code);
        document.location = each.obx.location(5);
        into.documents.push_back(std::move(document));
    }
}

bool any_recipient(const document_message& value, bool patient)
{
    return std::any_of(value.recipients.begin(), value.recipients.end(),
                       [&](const recipient& r) { return (r.kind == recipient_kind::patient) == patient; });
}

// A patient's mailbox is named after an INS (§4.8): the letter goes to the patient it is about, and to no other.
void check_patient_mailboxes(document_message& value)
{
    const auto known = [&](std::string_view ins) {
        return std::any_of(
            value.patient.identifiers.begin(), value.patient.identifiers.end(),
            [&](const patient_identifier& id) { return is_ins_oid(id.authority_id) && id.value.reveal() == ins; });
    };
    for (recipient& each : value.recipients) {
        if (each.kind != recipient_kind::patient || each.refusal || !value.patient.ins) continue;
        const std::string_view address = each.address.reveal();
        const std::string_view local = address.substr(0, address.find('@'));
        const bool ins = local.size() == 15 && all_digits(local);
        if (ins && !known(local)) {
            each.refusal = hl7_error{condition::application, each.location + "^15^1^4",
                                     "Adresse de patient qui n'est pas celle du patient du message", ack_code::AE};
        }
    }
}

// What the volet leaves to the reader, and the hard rules of §2.4 and §2.6.
void check_coherence(checker& check, const document_message& value)
{
    const auto place = [&](std::string_view code) {
        const auto found = value.flag_places.find(code);
        return found == value.flag_places.end() ? std::string() : found->second;
    };
    const handling_flags& flags = value.flags;
    if (flags.to_professionals && !any_recipient(value, false)) {
        check.fail(condition::application, place("DESTMSSANTEPS"),
                   "DESTMSSANTEPS sans destinataire autre que le patient");
    }
    if (flags.to_patient && !any_recipient(value, true)) {
        check.fail(condition::application, place("DESTMSSANTEPAT"), "DESTMSSANTEPAT sans destinataire patient");
    }
    if (flags.to_patient && flags.invisible_to_patient) {
        check.fail(condition::application, place("DESTMSSANTEPAT"),
                   "Document invisible au patient et adressé au patient");
    }
    if (!value.sender && !flags.to_shared_record) {
        check.warn(value.documents.empty() ? "OBX^1" : value.documents.front().location, "Aucun expéditeur (PRT SB)");
    }
    if (flags.to_shared_record && !value.sender) {
        check.fail(condition::application, place("DESTDMP"), "DESTDMP demande un expéditeur (PRT SB)");
    }
}
}

hl7_result<document_message> read_document_message(const message& message, const profile& profile)
{
    checker check;
    document_message value;
    value.header = header_of(message.header());
    const bool mdm = value.header.message_code == "MDM";
    if (!check_segments(check, message, mdm ? structure::mdm_t02 : structure::oru_r01)) {
        return std::move(check).errors();
    }
    const segment instant = mdm ? *message.first("EVN") : message.header();
    value.recorded = check.required_time(instant, mdm ? 2 : 7).value_or(timestamp());
    value.patient = read_patient(check, *message.first("PID"), profile, value.header.processing_id);
    if (const auto pv1 = message.first("PV1")) value.visit = read_visit(check, *pv1);
    const operation_rule* const rule = read_operation(check, message, mdm ? value.header.event : "", profile);
    if (rule != nullptr) value.what = rule->what;

    const observations all = group_observations(check, message, profile, mdm ? 1 : max_oru_documents);
    read_documents(check, message, all, profile, rule, value);
    read_people(check, all, profile, value);
    check_patient_mailboxes(value);
    read_metadata(check, all, message.charset(), value);
    check_coherence(check, value);
    if (!check.good()) return std::move(check).errors();
    value.warnings = std::move(check).warnings();
    return value;
}
}
