// What the handling flags of an HL7 message order (mssante.md §2.5, §2.6): the row of the matrix, the shared record's
// policy, and whom the mail goes to.
#include <algorithm>

#include "relay/pipeline/plan_hl7.hpp"

namespace relay::pipeline {
namespace hl7 = mime::hl7;
namespace {
flag_values values_of(const hl7::handling_flags& flags)
{
    flag_values values{};
    values[masked_from_professionals] = flags.masked_from_professionals;
    values[invisible_to_patient] = flags.invisible_to_patient;
    values[invisible_to_representatives] = flags.invisible_to_representatives;
    values[secret_connection] = flags.secret_connection;
    values[confidentiality_change] = flags.confidentiality_change;
    values[to_shared_record] = flags.to_shared_record;
    values[to_professionals] = flags.to_professionals;
    values[to_patient] = flags.to_patient;
    return values;
}

// Where the sender wrote that flag, under its national name or an older one.
std::string place_of(std::size_t flag, const plan_request& with, const hl7::message& message)
{
    for (const hl7::segment& each : message.segments()) {
        if (each.name() != "OBX") continue;
        std::string code = each.field(3).component(1).text();
        for (const auto& [alias, national] : with.site.hl7.metadata_aliases)
            if (alias == code) code = national;
        if (code == matrix_flags[flag]) return each.location(5);
    }
    return "OBX";
}

refusal refuse_combination(const matrix_miss& miss, const plan_request& with, const hl7::message& message,
                           const flag_values& values)
{
    std::string text = "combinaison de drapeaux hors de la matrice " + with.site.matrix.version +
                       (with.site.mode == matrix_mode::strict ? " (mode strict)" : " (mode tolérant)") +
                       " ; la ligne la plus proche, " + miss.row + ", demande ";
    for (const std::size_t flag : miss.flags)
        text += (flag == miss.flags.front() ? "" : ", ") + std::string(matrix_flags[flag]) +
                (values[flag] ? " = N" : " = Y");
    const std::size_t first = miss.flags.empty() ? std::size_t{to_professionals} : miss.flags.front();
    return refuse("hl7", "207", place_of(first, with, message), std::move(text));
}

// No mailbox but the patient's own may get what representatives must not see: theirs is known by another matricule.
bool is_patients_own(const hl7::recipient& named, const hl7::patient& patient)
{
    if (!patient.ins) return false;
    const std::string_view address = named.address.reveal();
    if (domain_of(address) == patient_domain)
        return address.substr(0, address.find('@')) == patient.ins->value.reveal();
    return named.person && named.person->id.reveal() == patient.ins->value.reveal();
}

// What is not known of the birth date counts for the youngest: holding a letter back is repaired, sending it is not.
bool is_minor(std::string_view birth_date, const std::chrono::year_month_day& today)
{
    const auto number = [&](std::size_t from, std::size_t count, int otherwise) {
        int value = 0;
        if (birth_date.size() < from + count) return otherwise;
        for (const char c : birth_date.substr(from, count)) {
            if (c < '0' || c > '9') return otherwise;
            value = 10 * value + (c - '0');
        }
        return value;
    };
    const auto coming_of_age = std::chrono::year(number(0, 4, 9999 - 18) + 18) /
                               std::chrono::month(static_cast<unsigned>(number(4, 2, 12))) /
                               std::chrono::day(static_cast<unsigned>(number(6, 2, 31)));
    return today < coming_of_age;
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

recipient recipient_of(const hl7::recipient& named)
{
    recipient to{named.address.reveal(), "", "", "", role_of(named.kind)};
    if (named.refusal) to.hold = cause::address_refused;
    if (named.person) {
        to.rpps = named.person->rpps;
        to.family = named.person->family.reveal();
        to.given = named.person->given.reveal();
    } else if (named.organisation) {
        to.family = named.organisation->name;
    }
    return to;
}

// mssante.md §2.6, hard rules: they hold whatever the rows say.
bool wanted(const hl7::handling_flags& flags, hl7::recipient_kind kind)
{
    if (kind != hl7::recipient_kind::patient) return flags.to_professionals;
    return flags.to_patient && !flags.invisible_to_patient;
}
}

std::optional<refusal> take_orders(const plan_request& with, letter_plan& plan, const hl7::message& message,
                                   const hl7::document_message& read)
{
    const flag_values values = values_of(read.flags);
    const bool record = read.flags.to_shared_record;
    if (!read.flags.to_professionals && !read.flags.to_patient)
        return refuse(
            "hl7", "207", place_of(record ? to_shared_record : to_professionals, with, message),
            record ? "dépôt au DMP seul : ce nœud n'a pas de lien DMP et aucun envoi par messagerie n'est demandé"
                   : "aucun destinataire par messagerie n'est demandé (DESTMSSANTEPS, DESTMSSANTEPAT) : rien "
                     "à envoyer");
    const matrix_answer answer = look_up(with.site.matrix, with.site.mode, values);
    if (const auto* miss = std::get_if<matrix_miss>(&answer)) return refuse_combination(*miss, with, message, values);
    if (record && with.site.shared_record == shared_record_policy::refuse)
        return refuse(
            "hl7", "207", place_of(to_shared_record, with, message),
            "DESTDMP = Y : ce nœud n'a pas de lien DMP ; ne pas le demander, ou régler [intake] shared_record "
            "= \"mail_only\"");
    plan.details.shared_record_refused = record;
    plan.orders = handling_orders{values, std::get<const matrix_row*>(answer)->name};
    return std::nullopt;
}

std::optional<refusal> take_recipients(const plan_request& with, letter_plan& plan, const hl7::document_message& read)
{
    const bool hidden = read.flags.invisible_to_representatives;
    const bool minor = is_minor(read.patient.birth_date.reveal(), mime::local_date(with.now, with.site.zone));
    std::optional<refusal> unusable;
    for (const hl7::recipient& named : read.recipients) {
        if (!wanted(read.flags, named.kind)) continue;
        const std::string where = named.location + "^15^1^4";
        recipient to = recipient_of(named);
        if (named.refusal) {
            unusable = refuse_hl7({*named.refusal});
        } else if (auto why = refuse_domain(with.routes, to, "hl7", where)) {
            return why;
        } else if (hidden && named.kind == hl7::recipient_kind::patient) {
            if (!is_patients_own(named, read.patient))
                return refuse("hl7", "207", where,
                              "INVISIBLE_REP_LEGAUX = Y : la boîte n'est pas celle de l'INS du patient (PID-3)");
            if (minor) to.hold = cause::minor_patient;
        }
        add_recipient(plan.recipients, std::move(to));
    }
    // One that cannot be served is held by itself; when nobody else is left, the message is the fault.
    const bool served = std::any_of(plan.recipients.begin(), plan.recipients.end(),
                                    [](const recipient& to) { return to.hold != cause::address_refused; });
    return served ? std::nullopt : unusable;
}
}
