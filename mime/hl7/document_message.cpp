#include "mime/hl7/document_message.hpp"

#include "mime/hl7/checker.hpp"
#include "mime/hl7/observation.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mime::hl7 {
namespace {
bool is_oid(std::string_view text)
{
    if (text.empty() || text.size() > 128 || text.front() < '0' || text.front() > '2') return false;
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
    return id;
}

// The order of MDM_T02 (§2.2); segments that are not in it may stand anywhere and are ignored.
void check_order(checker& check, const message& message)
{
    constexpr std::array<std::string_view, 8> order = {"MSH", "EVN", "PID", "PV1", "ORC", "OBR", "TXA", "OBX"};
    std::size_t reached = 0;
    for (const segment& each : message.segments()) {
        const auto* const found = std::find(order.begin(), order.end(), each.name());
        if (found == order.end()) continue;
        const auto rank = static_cast<std::size_t>(found - order.begin());
        if (rank < reached) check.fail(condition::segment_sequence, each.location(), "Segment mal placé");
        reached = std::max(reached, rank);
    }
}

void check_operation(checker& check, const segment& orc, const profile& profile)
{
    const std::string control = check.required(orc, 1);
    if (control.empty() || contains(profile.new_order_codes, control)) return;
    if (control == "RO" || control == "CA") {
        check.fail(condition::application, orc.location(1), "ORC-1 contredit l'événement T02");
    } else {
        check.fail(condition::table_value_not_found, orc.location(1), "Valeur non admise");
    }
}

coded_value read_type(checker& check, const segment& obr, const segment& txa)
{
    coded_value type{check.required(obr, 4), obr.field(4).component(2).text(), check.required(obr, 4, 3)};
    if (!type.system.empty() && type.system != "LN" && type.system != "TRE_A05") {
        check.fail(condition::table_value_not_found, obr.location(4, 3), "Système de codage attendu : LN ou TRE_A05");
    }
    const std::string again = check.required(txa, 2);
    if (!again.empty() && !type.code.empty() && again != type.code) {
        check.fail(condition::application, txa.location(2), "TXA-2 et OBR-4 désignent deux types différents");
    }
    return type;
}

void check_txa(checker& check, const segment& txa, const profile& profile)
{
    const std::string content = check.required(txa, 3);
    if (!content.empty() && !same_letters(content, "TEXT")) {
        check.fail(condition::table_value_not_found, txa.location(3), "Valeur attendue : TEXT");
    }
    check.required(txa, 12);
    check.one_of(txa, 17, profile.availability_codes);
}

struct required_segments {
    segment evn, pid, pv1, orc, obr, txa;
};

std::optional<required_segments> find_segments(checker& check, const message& message)
{
    check_order(check, message);
    const auto evn = check.only(message, "EVN");
    const auto pid = check.only(message, "PID");
    const auto pv1 = check.only(message, "PV1");
    const auto orc = check.only(message, "ORC");
    const auto obr = check.only(message, "OBR");
    const auto txa = check.only(message, "TXA");
    if (!evn || !pid || !pv1 || !orc || !obr || !txa) return std::nullopt;
    return required_segments{*evn, *pid, *pv1, *orc, *obr, *txa};
}

bool any_recipient(const document_message& value, bool patient)
{
    return std::any_of(value.recipients.begin(), value.recipients.end(),
                       [&](const recipient& r) { return (r.kind == recipient_kind::patient) == patient; });
}

// What the volet leaves to the reader, and the hard rules of §2.4 and §2.6.
void check_coherence(checker& check, const document_message& value, const flag_places& places)
{
    const handling_flags& flags = value.flags;
    if (flags.to_professionals && !any_recipient(value, false)) {
        check.fail(condition::application, places.to_professionals,
                   "DESTMSSANTEPS sans destinataire autre que le patient");
    }
    if (flags.to_patient && !any_recipient(value, true)) {
        check.fail(condition::application, places.to_patient, "DESTMSSANTEPAT sans destinataire patient");
    }
    if (flags.to_patient && flags.invisible_to_patient) {
        check.fail(condition::application, places.to_patient, "Document invisible au patient et adressé au patient");
    }
    if (flags.to_shared_record && !value.sender) {
        check.fail(condition::required_field_missing, "PRT^1", "DESTDMP demande un expéditeur (PRT SB)");
    }
}
}

hl7_result<document_message> read_document_message(const message& message, const profile& profile)
{
    checker check;
    const auto found = find_segments(check, message);
    if (!found) return std::move(check).errors();
    document_message value;
    value.header = header_of(message.header());
    value.recorded = check.required_time(found->evn, 2).value_or(timestamp());
    value.patient = read_patient(check, found->pid, profile, value.header.processing_id);
    value.visit = read_visit(check, found->pv1);
    check_operation(check, found->orc, profile);
    value.type = read_type(check, found->obr, found->txa);
    check_txa(check, found->txa, profile);
    value.id = read_document_id(check, found->txa, 12, profile).value_or(document_id());
    value.parent_id = read_document_id(check, found->txa, 13, profile);

    const observations all = group_observations(check, message, profile);
    if (all.document) {
        value.document = read_document(check, all.document->obx, value.type.code);
        participants who = read_participants(check, all.document->prts, profile);
        value.sender = std::move(who.sender);
        value.recipients = std::move(who.recipients);
        value.reply_to = std::move(who.reply_to);
    }
    const flag_places places = read_metadata(check, all, message.charset(), value);
    check_coherence(check, value, places);
    if (!check.good()) return std::move(check).errors();
    value.warnings = std::move(check).warnings();
    return value;
}
}
