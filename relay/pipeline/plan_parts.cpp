#include "relay/pipeline/plan_parts.hpp"

#include <algorithm>

#include "mime/cda/document.hpp"
#include "mime/cda/identifiers.hpp"
#include "relay/pipeline/stay_fold.hpp"

namespace relay::pipeline {
namespace cda = mime::cda;
namespace hl7 = mime::hl7;
namespace {
plan_document described(const cda::cda_document& read, std::string bytes)
{
    const cda::header& header = read.header();
    plan_document document;
    document.document_id = header.id.text();
    document.set_id = header.set_id ? header.set_id->text() : document.document_id;
    document.version = static_cast<int>(std::min<std::uint32_t>(header.version.value_or(1), 1'000'000));
    document.type_code = header.type.code;
    document.body = read.body().kind;
    if (header.replaces) document.parent_id = header.replaces->text();
    document.bytes = std::move(bytes);
    return document;
}

identity_fact identity_of(const cda::patient& patient)
{
    identity_fact fact;
    if (const cda::patient_id* ins = patient.ins()) fact.ins = ins->extension;
    // Traits are those of birth; a used name would match somebody else.
    fact.family = patient.birth_family.empty() ? patient.family : patient.birth_family;
    const std::string& all_given = patient.given_list.reveal();
    fact.given = patient.birth_given.empty() ? mime::patient_text(all_given.substr(0, all_given.find(' ')))
                                             : patient.birth_given;
    fact.birth_date = patient.birth_date;
    fact.sex = patient.gender;
    return fact;
}

void take_from_header(letter_plan& plan, const cda::header& header, const mime::zone& zone)
{
    if (header.legal_authenticator && header.legal_authenticator->at)
        plan.signed_at = mime::to_utc(*header.legal_authenticator->at, zone).at;
    if (const cda::participant* doctor = header.treating_doctor())
        plan.stay.treating_rpps = cda::rpps_of(doctor->who.id.root, doctor->who.id.extension);
    if (!plan.stay.written && header.effective_time) plan.stay.written = instant_of(header.effective_time, zone);
    if (plan.form != submission_form::hl7_mdm) plan.stay.identity = identity_of(header.patient);
    if (!header.encounter) return;
    if (!plan.stay.admission) plan.stay.admission = instant_of(header.encounter->when.low, zone);
    if (plan.stay.visit_number.empty() && !header.encounter->ids.empty())
        plan.stay.visit_number = header.encounter->ids.front().extension;
    if (!plan.stay.discharge)
        plan.stay.discharge = discharge_of(header.encounter->when.high, discharge_quality::document, zone);
}

// "document non signé : responsable absent [C03, R.1112-1-2 1°]"
std::string told(const cda::check_outcome& found)
{
    const cda::check_row* row = cda::find_check(found.id);
    const bool of_law = row != nullptr && !row->law.empty();
    return found.gaps.front().text + " [" + found.id + (of_law ? ", " + std::string(row->law) : "") + "]";
}
}

cda::check_context context_of(const plan_request& with)
{
    cda::check_context context{with.site.zone};
    context.environment = with.site.environment;
    context.now = with.now;
    return context;
}

document_or_refusal take_document(const plan_request& with, letter_plan& plan, std::string bytes, std::string form,
                                  const cda::check_context& context, std::string_view place)
{
    auto read = cda::read_document(bytes);
    if (!read.has_value())
        return refuse_document(form, place, std::string(cda::name_of(read.error().code)), read.error().field,
                               read.error().text);
    const cda::header& header = read->header();
    auto checks = cda::check_document(*read, cda::extract_body(*read), context);
    if (const cda::check_outcome* found = cda::first_block(checks)) {
        refusal why = refuse_document(form, place, found->id, found->gaps.front().field, told(*found));
        why.checks = std::move(checks);
        return why;
    }
    if (!is_code(header.type.code))  // goes into clear columns, logs and headers
        return refuse_document(form, place, "C01", "code",
                               "code de type de document inattendu : un code LOINC ou TRE_A05 est attendu");
    if (plan.documents.empty()) take_from_header(plan, header, with.site.zone_of(plan.stay.service));
    plan.documents.push_back(described(*read, std::move(bytes)));
    plan.documents.back().checks = std::move(checks);
    return std::move(*read);
}

void take_operation(letter_plan& plan)
{
    plan.parent_id = plan.documents.front().parent_id;
    if (plan.parent_id) plan.operation = letter_operation::replace;
}

refusal refuse(std::string form, std::string code, std::string field, std::string message)
{
    refusal why{std::move(form), std::move(code), std::move(field), std::move(message), {}};
    if (why.form == "hl7") why.hl7.push_back({hl7::condition::application, why.field, why.message, hl7::ack_code::AE});
    return why;
}

refusal refuse_document(std::string form, std::string_view place, std::string code, const std::string& field,
                        const std::string& text)
{
    if (form != "hl7") return refuse(std::move(form), std::move(code), field, text);
    return refuse(std::move(form), std::move(code), std::string(place),
                  text + (field.empty() ? "" : " (" + field + ")"));
}

std::optional<refusal> refuse_domain(const route_policy& routes, const recipient& to, std::string form,
                                     std::string field)
{
    if (to.address.empty() || routes.trusts(domain_of(to.address))) return std::nullopt;
    return refuse(std::move(form), std::string(name(cause::untrusted_domain)), std::move(field),
                  "le domaine du destinataire n'est pas dans l'espace de confiance : corriger l'adresse, ou faire "
                  "ajouter le domaine à la liste");
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

std::optional<discharge_fact> discharge_of(const std::optional<mime::timestamp>& at, discharge_quality quality,
                                           const mime::zone& zone)
{
    if (!at || at->precision < mime::time_precision::day) return std::nullopt;
    const mime::zoned_instant when = mime::to_utc(*at, zone);
    discharge_fact fact{when.at, quality, {}};
    if (when.detail == mime::time_detail::date_only) fact.quality = discharge_quality::date_only;
    if (when.ambiguity != mime::time_ambiguity::exact) add_flag(fact.flags, flag_ambiguous_time);
    return fact;
}

std::optional<instant> instant_of(const std::optional<mime::timestamp>& at, const mime::zone& zone)
{
    if (!at || at->precision < mime::time_precision::day) return std::nullopt;
    return mime::to_utc(*at, zone).at;
}

identity_fact identity_of(const hl7::patient& patient, const hl7::profile& profile)
{
    const auto& never = profile.unmatched_identities;
    if (patient.identity_unknown || std::find(never.begin(), never.end(), patient.reliability) != never.end())
        return {};
    identity_fact fact;
    if (patient.ins) fact.ins = patient.ins->value;
    fact.family = patient.birth_name.family;
    fact.given = patient.birth_name.given;
    fact.birth_date = patient.birth_date;
    fact.sex = patient.sex;
    return fact;
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

std::string code_or_nothing(const std::string& text)
{
    return is_code(text) ? text : std::string();
}
}
