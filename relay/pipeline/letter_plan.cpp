#include "relay/pipeline/letter_plan.hpp"

#include <algorithm>

#include "mime/cda/document.hpp"
#include "mime/cda/identifiers.hpp"
#include "mime/hl7/document_message.hpp"
#include "mime/hl7/peek.hpp"
#include "relay/pipeline/stay_fold.hpp"

namespace relay::pipeline {
namespace cda = mime::cda;
namespace hl7 = mime::hl7;
namespace {
constexpr std::string_view where_document = "OBX^1^5";

struct planner {
    const submission& from;
    const site_options& site;
    const route_policy& routes;
    instant now;

    using letter_or_refusal = std::variant<letter_plan, refusal>;

    [[nodiscard]] planned run() const;

private:
    [[nodiscard]] planned hl7_message() const;
    [[nodiscard]] letter_or_refusal hl7_document(const hl7::message& message) const;
    [[nodiscard]] letter_or_refusal cda_file() const;
    [[nodiscard]] letter_or_refusal pdf_with_sidecar() const;
    // Reads and checks the document, and fills what every form takes from it.
    [[nodiscard]] std::optional<refusal> take_document(letter_plan& plan, std::string bytes, std::string form) const;
    [[nodiscard]] std::optional<discharge_fact> discharge_of(const std::optional<mime::timestamp>& at,
                                                             discharge_quality quality) const;
    [[nodiscard]] std::optional<refusal> check_domain(const recipient& to, std::string form, std::string field) const;
};

refusal refuse(std::string form, std::string code, std::string field, std::string message)
{
    refusal why{std::move(form), std::move(code), std::move(field), std::move(message), {}};
    if (why.form == "hl7") why.hl7.push_back({hl7::condition::application, why.field, why.message, hl7::ack_code::AE});
    return why;
}

// The place of a document's fault: the field of the CDA, and for HL7 the OBX that holds it.
refusal refuse_document(std::string form, std::string code, const std::string& field, const std::string& text)
{
    if (form != "hl7") return refuse(std::move(form), std::move(code), field, text);
    refusal why = refuse(std::move(form), std::move(code), std::string(where_document),
                         text + (field.empty() ? "" : " (" + field + ")"));
    return why;
}

recipient from_professional(const cda::professional& who, recipient_role role)
{
    return {"", std::string(cda::rpps_of(who.id.root, who.id.extension)), who.name.family, who.name.given, role};
}

void add_recipient(std::vector<recipient>& all, recipient next)
{
    for (recipient& known : all)
        if (same_mailbox(known, next)) {
            if (known.address.empty()) known.address = next.address;
            if (known.rpps.empty()) known.rpps = next.rpps;
            return;
        }
    all.push_back(std::move(next));
}

recipient_role role_of(hl7::recipient_kind kind)
{
    switch (kind) {
        case hl7::recipient_kind::professional: return recipient_role::professional;
        case hl7::recipient_kind::organisation:
        case hl7::recipient_kind::application: return recipient_role::organisation;
        case hl7::recipient_kind::patient: return recipient_role::patient;
    }
    return recipient_role::professional;
}

letter_details details_of(const hl7::document_message& message)
{
    letter_details d;
    d.sending_application = message.header.sending_application;
    d.sending_facility = message.header.sending_facility;
    d.receiving_application = message.header.receiving_application;
    d.receiving_facility = message.header.receiving_facility;
    d.processing_id = message.header.processing_id;
    d.control_id = message.header.control_id;
    d.wants_reception = message.flags.acknowledge_reception;
    d.patient_class = message.visit.patient_class;
    d.service_label = message.visit.service_name;
    if (message.reply_to) d.reply_to = message.reply_to->reveal();
    if (message.body_for_professionals) d.body_text = message.body_for_professionals->reveal();
    if (message.flags.masked_from_professionals) d.masking.emplace_back("MASQUE_PS");
    if (message.flags.invisible_to_patient) d.masking.emplace_back("INVISIBLE_PATIENT");
    if (message.flags.invisible_to_representatives) d.masking.emplace_back("INVISIBLE_REPRESENTANTS_LEGAUX");
    d.qualified_identity = message.patient.reliability == "VALI" && message.patient.ins.has_value();
    if (message.sender && message.sender->person) {
        d.author_id = message.sender->person->id.reveal();
        d.author_family = message.sender->person->family.reveal();
        d.author_given = message.sender->person->given.reveal();
    }
    if (message.sender && message.sender->organisation) {
        d.author_organisation = message.sender->organisation->name;
        d.author_organisation_id = message.sender->organisation->id;
    }
    return d;
}

std::string number_of(const std::optional<hl7::patient_identifier>& from)
{
    return from ? from->value.reveal() : std::string();
}

bool is_code(std::string_view text)
{
    const auto fits = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' ||
               c == '_';
    };
    return !text.empty() && text.size() <= 20 && std::all_of(text.begin(), text.end(), fits);
}

// A ward's name in the place of its code is not kept: it may tell what the patient suffers from (domain.md §10.4).
std::string code_or_nothing(const std::string& text)
{
    return is_code(text) ? text : std::string();
}

discharge_quality quality_of(hl7::discharge_source source)
{
    switch (source) {
        case hl7::discharge_source::exact: return discharge_quality::exact;
        case hl7::discharge_source::movement: return discharge_quality::movement;
        case hl7::discharge_source::event: return discharge_quality::event;
    }
    return discharge_quality::event;
}

std::string_view place_of(hl7::discharge_source source)
{
    switch (source) {
        case hl7::discharge_source::exact: return "PV1^1^45";
        case hl7::discharge_source::movement: return "ZBE^1^2";
        case hl7::discharge_source::event: return "EVN^1^6";
    }
    return "PV1^1^45";
}

bool wanted(const hl7::handling_flags& flags, hl7::recipient_kind kind)
{
    if (kind != hl7::recipient_kind::patient) return flags.to_professionals;
    return flags.to_patient && !flags.invisible_to_patient;  // hard rule of mssante.md §2.6
}
}

refusal refuse_hl7(hl7::hl7_errors errors)
{
    refusal why{"hl7", {}, {}, {}, std::move(errors)};
    if (!why.hl7.empty()) {
        why.code = std::to_string(why.hl7.front().code);
        why.field = why.hl7.front().location;
        why.message = why.hl7.front().text;
    }
    return why;
}

std::optional<discharge_fact> planner::discharge_of(const std::optional<mime::timestamp>& at,
                                                    discharge_quality quality) const
{
    if (!at || at->precision < mime::time_precision::day) return std::nullopt;
    const mime::zoned_instant when = mime::to_utc(*at, site.zone);
    discharge_fact fact{when.at, quality, {}};
    if (when.detail == mime::time_detail::date_only) fact.quality = discharge_quality::date_only;
    if (when.ambiguity != mime::time_ambiguity::exact) add_flag(fact.flags, flag_ambiguous_time);
    return fact;
}

std::optional<refusal> planner::check_domain(const recipient& to, std::string form, std::string field) const
{
    if (to.address.empty() || routes.trusts(domain_of(to.address))) return std::nullopt;
    return refuse(std::move(form), "UNTRUSTED_DOMAIN", std::move(field),
                  "le domaine du destinataire n'est pas dans l'espace de confiance : corriger l'adresse, ou faire "
                  "ajouter le domaine à la liste");
}

std::optional<refusal> planner::take_document(letter_plan& plan, std::string bytes, std::string form) const
{
    const auto read = cda::read_document(bytes);
    if (!read.has_value())
        return refuse_document(form, std::string(cda::name_of(read.error().code)), read.error().field,
                               read.error().text);
    const cda::header& header = read->header();
    const auto content = cda::extract_body(*read);
    const auto findings = cda::check_document(*read, content, {site.environment, mime::local_date(now, site.zone)});
    for (const cda::finding& found : findings)
        if (found.level == cda::level::block) return refuse_document(form, found.id, found.field, found.text);
    plan.document_id = header.id.text();
    plan.set_id = header.set_id ? header.set_id->text() : plan.document_id;
    plan.version = static_cast<int>(std::min<std::uint32_t>(header.version.value_or(1), 1'000'000));
    if (!is_code(header.type.code))  // goes into clear columns, logs and headers
        return refuse_document(form, "C01", "code",
                               "code de type de document inattendu : un code LOINC ou TRE_A05 est attendu");
    plan.type_code = header.type.code;
    if (header.legal_authenticator && header.legal_authenticator->at)
        plan.signed_at = mime::to_utc(*header.legal_authenticator->at, site.zone).at;
    if (const cda::participant* doctor = header.treating_doctor())
        plan.stay.treating_rpps = cda::rpps_of(doctor->who.id.root, doctor->who.id.extension);
    if (header.encounter) {
        if (plan.stay.visit_number.empty() && !header.encounter->ids.empty())
            plan.stay.visit_number = header.encounter->ids.front().extension;
        if (!plan.stay.discharge)
            plan.stay.discharge = discharge_of(header.encounter->when.high, discharge_quality::document);
    }
    plan.document = std::move(bytes);
    return std::nullopt;
}

planner::letter_or_refusal planner::hl7_document(const hl7::message& message) const
{
    auto read = hl7::read_document_message(message, site.hl7);
    if (!read.has_value()) return refuse_hl7(read.error());
    if (read->what != hl7::operation::initial || read->documents.size() != 1)
        return refuse_hl7({{hl7::condition::unsupported_event, "MSH^1^9", "Opération non prise en charge"}});
    hl7::carried_document& carried = read->documents.front();
    letter_plan plan;
    plan.form = submission_form::hl7_mdm;
    plan.details = details_of(*read);
    plan.stay.visit_number = number_of(read->visit.number);
    plan.stay.file_number = number_of(read->patient.file_number);
    plan.stay.service = code_or_nothing(read->visit.service);
    plan.stay.discharge = discharge_of(read->visit.discharge, discharge_quality::document);
    if (auto why = take_document(plan, std::move(carried.bytes), "hl7")) return std::move(*why);
    const std::string said =
        carried.id.extension.empty() ? carried.id.root : carried.id.root + "^" + carried.id.extension;
    if (!said.empty() && said != plan.document_id)
        return refuse("hl7", "207", "TXA^1^12", "TXA-12 et ClinicalDocument/id désignent deux documents différents");
    for (const hl7::recipient& named : read->recipients) {
        if (!wanted(read->flags, named.kind)) continue;
        if (named.refusal) return refuse_hl7({*named.refusal});
        recipient to{named.address.reveal(), "", "", "", role_of(named.kind)};
        if (named.person) {
            to.rpps = named.person->rpps;
            to.family = named.person->family.reveal();
            to.given = named.person->given.reveal();
        } else if (named.organisation) {
            to.family = named.organisation->name;
        }
        if (auto why = check_domain(to, "hl7", named.location + "^15^1^4")) return std::move(*why);
        add_recipient(plan.recipients, std::move(to));
    }
    if (plan.recipients.empty())
        return refuse(
            "hl7", "207", "OBX",
            "aucun destinataire par messagerie n'est demandé (DESTMSSANTEPS, DESTMSSANTEPAT) : rien à envoyer");
    return plan;
}

planner::letter_or_refusal planner::cda_file() const
{
    letter_plan plan;
    plan.form = submission_form::cda;
    if (auto why = take_document(plan, from.bytes, "cda")) return std::move(*why);
    const auto read = cda::read_document(plan.document);
    const cda::header& header = read->header();
    if (header.encounter)
        plan.details.patient_class = header.encounter->type.code == "EMER"  ? "E"
                                     : header.encounter->type.code == "AMB" ? "O"
                                                                            : "I";
    // A bare document has no addressees of its own: the treating doctor, and the professionals it names, by RPPS only.
    if (const cda::participant* doctor = header.treating_doctor())
        add_recipient(plan.recipients, from_professional(doctor->who, recipient_role::treating_doctor));
    for (const cda::recipient& named : header.recipients) {
        const std::string rpps(cda::rpps_of(named.id.root, named.id.extension));
        if (!rpps.empty())
            add_recipient(plan.recipients,
                          {"", rpps, named.name.family, named.name.given, recipient_role::professional});
    }
    if (plan.recipients.empty()) plan.recipients.emplace_back();
    return plan;
}

planner::letter_or_refusal planner::pdf_with_sidecar() const
{
    namespace sc = mime::sidecar;
    auto read = sc::read_sidecar(from.bytes, site.sidecar);
    if (!read.has_value())
        return refuse("pdf", std::string(sc::name_of(read.error().code)), read.error().field, read.error().text);
    letter_plan plan;
    plan.form = submission_form::pdf_sidecar;
    plan.stay.visit_number = read->stay.number;
    plan.stay.service = code_or_nothing(read->stay.service_code);
    plan.stay.discharge = discharge_of(read->stay.discharge, discharge_quality::document);
    plan.details.patient_class = read->stay.patient_class;
    plan.details.service_label = read->stay.service_label;
    if (auto why = take_document(plan, sc::write_n1(*read, *from.attachment), "pdf")) return std::move(*why);
    std::size_t number = 0;
    const auto add = [&](const sc::letter_recipient& named, const std::string& field) -> std::optional<refusal> {
        recipient to{named.address, named.rpps, named.family.empty() ? named.organisation : named.family, named.given,
                     recipient_role::professional};
        if (named.role == sc::recipient_role::treating_doctor) to.role = recipient_role::treating_doctor;
        if (named.role == sc::recipient_role::organisation) to.role = recipient_role::organisation;
        if (named.role == sc::recipient_role::patient) to.role = recipient_role::patient;
        if (auto why = check_domain(to, "pdf", field)) return why;
        add_recipient(plan.recipients, std::move(to));
        return std::nullopt;
    };
    if (read->treating_doctor)
        if (auto why = add(*read->treating_doctor, "treating_doctor.address")) return std::move(*why);
    for (const sc::letter_recipient& named : read->recipients)
        if (auto why = add(named, "recipients[" + std::to_string(number++) + "].address")) return std::move(*why);
    if (plan.recipients.empty()) plan.recipients.emplace_back();
    return plan;
}

planned planner::hl7_message() const
{
    planned out;
    out.header = hl7::read_header(from.bytes);
    hl7::message_limits limits;
    limits.max_octets = site.max_input_octets;
    const auto message = hl7::read_message(from.bytes, site.hl7.ending, limits);
    if (!message.has_value()) {
        out.what = refuse_hl7(message.error());
        return out;
    }
    const auto form = hl7::form_of(*message, site.hl7);
    if (!form.has_value()) {
        out.what = refuse_hl7(form.error());
    } else if (*form == hl7::message_form::document) {
        std::visit([&out](auto&& value) { out.what = std::forward<decltype(value)>(value); }, hl7_document(*message));
    } else {
        const auto read = hl7::read_discharge_message(*message, site.hl7);
        if (!read.has_value()) {
            out.what = refuse_hl7(read.error());
            return out;
        }
        discharge_plan plan;
        plan.stay.visit_number = number_of(read->visit.number);
        plan.stay.file_number = number_of(read->patient.file_number);
        plan.stay.service = code_or_nothing(read->visit.service);
        if (read->treating_doctor) plan.stay.treating_rpps = read->treating_doctor->rpps;
        plan.cancelled = read->action == hl7::movement_action::cancel;
        plan.stay.discharge = discharge_of(read->discharged.value, quality_of(read->discharged.source));
        if (plan.stay.visit_number.empty() && plan.stay.file_number.empty()) {
            out.what = refuse("hl7", "101", "PV1^1^19",
                              "aucun numéro de venue ni de dossier : séjour impossible à reconnaître");
            return out;
        }
        if (!plan.stay.discharge) {  // a month is no day: it would be acknowledged and start no clock
            out.what = refuse("hl7", "102", std::string(place_of(read->discharged.source)),
                              "la date de sortie n'a pas de jour");
            return out;
        }
        if (plan.stay.discharge) add_flag(plan.stay.discharge->flags, flag_adt);
        out.what = std::move(plan);
    }
    return out;
}

planned planner::run() const
{
    planned out;
    const auto take = [&out](letter_or_refusal found) {
        std::visit([&out](auto&& value) { out.what = std::forward<decltype(value)>(value); }, std::move(found));
        return std::move(out);
    };
    const std::string_view bytes = from.bytes;
    if (from.oversize || bytes.size() + (from.attachment ? from.attachment->size() : 0) > site.max_input_octets)
        return take(refuse("unknown", "TOO_LARGE", "", "le fichier dépasse limits.input_octets : réduire le document"));
    if (hl7::peek(bytes.substr(0, 64)) == hl7::message_kind::hl7) return hl7_message();
    const auto first = bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    const char sign = first == std::string_view::npos ? '\0' : bytes[first];
    if (from.attachment) return take(pdf_with_sidecar());
    if (sign == '<') return take(cda_file());
    if (bytes.substr(0, 1024).find("%PDF-") != std::string_view::npos)
        return take(refuse("pdf", "SIDECAR_MISSING", "", "un PDF doit être accompagné d'un fichier .json du même nom"));
    if (sign == '{')
        return take(
            refuse("pdf", "PDF_MISSING", "", "le PDF du même nom n'est pas arrivé : déposer les deux fichiers"));
    return take(
        refuse("unknown", "UNKNOWN_FORM", "",
               "ni message HL7, ni document CDA, ni PDF avec son fichier .json : corriger ou retirer le fichier"));
}

planned plan_submission(const submission& from, const site_options& site, const route_policy& routes, instant now)
{
    return planner{from, site, routes, now}.run();
}
}
