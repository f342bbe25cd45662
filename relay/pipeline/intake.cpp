#include "relay/pipeline/intake.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "mime/hl7/acknowledgement.hpp"
#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"
#include "relay/pipeline/completeness.hpp"
#include "relay/pipeline/letter_deliveries.hpp"
#include "relay/pipeline/letter_documents.hpp"
#include "relay/pipeline/stay_fold.hpp"

namespace relay::pipeline {
namespace hl7 = mime::hl7;
namespace {
std::string sha256_hex(std::string_view bytes)
{
    return mime::hex(mime::sha256(bytes));
}

// Names and content of the submission: the same file, found again after a crash or sent twice, has the same digest.
std::string content_digest(const submission& from)
{
    std::string both = sha256_hex(from.bytes);
    if (from.attachment) both += sha256_hex(*from.attachment);
    if (from.oversize) both += from.name;
    return both;
}
}

namespace {
// An unknown key of a sidecar is whatever its author wrote, a name for instance: the acknowledgement shows it, the
// store keeps only where it stands (design.md §3.4).
std::string field_to_keep(const refusal& why)
{
    if (why.code != mime::sidecar::name_of(mime::sidecar::sidecar_errc::unknown_key)) return why.field;
    const auto dot = why.field.rfind('.');
    return (dot == std::string::npos ? std::string() : why.field.substr(0, dot + 1)) + "?";
}
}

// Writes the acknowledgement of one submission in its own form.
struct intake::answer_text {
    std::optional<hl7::message_header> header;
    mime::timestamp now;

    [[nodiscard]] submission_result accepted(const letter_id& letter, std::string_view what) const
    {
        if (header)
            return {verdict::accepted, ".ack.hl7",
                    hl7::write_ack(*header, {base::random_token().substr(0, 20), now, hl7::ack_code::AA, {}})};
        return {verdict::accepted, ".ack.json", json("ACCEPTED", "", what, letter.text())};
    }
    // The same file twice: the same words again.
    [[nodiscard]] submission_result repeated(const ports::submission_answer& before) const
    {
        obs::info(obs::event::letter_repeated, "id={}", before.letter.text());
        return {verdict::accepted, header ? ".ack.hl7" : ".ack.json", before.answer};
    }
    [[nodiscard]] submission_result refused(const refusal& why) const
    {
        if (header && !why.hl7.empty())
            return {verdict::refused, ".ack.hl7",
                    hl7::write_ack(*header, hl7::refusal(base::random_token().substr(0, 20), now, why.hl7))};
        return {verdict::refused, ".ack.json", json(why.code, why.field, why.message, "")};
    }
    // Nothing was kept. Only HL7 has a word for it; any other file stays where it is and is tried again.
    [[nodiscard]] submission_result busy() const
    {
        if (!header) return {verdict::busy, "", ""};
        const hl7::hl7_error full{hl7::condition::application, "",
                                  "stockage indisponible : renvoyer le message plus tard", hl7::ack_code::AR};
        return {verdict::busy, ".ack.hl7",
                hl7::write_ack(*header, hl7::refusal(base::random_token().substr(0, 20), now, {full}))};
    }

private:
    [[nodiscard]] static std::string json(std::string_view code, std::string_view field, std::string_view message,
                                          std::string_view letter)
    {
        return boost::json::serialize(
                   boost::json::object{{"code", code}, {"field", field}, {"message", message}, {"letter", letter}}) +
               "\n";
    }
};

namespace {
class stay_keeper {
public:
    stay_keeper(const services& with, const site_options& site) : with_(with), site_(site) {}

    // The stay with these numbers, made if need be; an empty id when there is no number to know it by.
    stay_row find_or_make(ports::transaction& tx, const stay_fact& fact, instant now) const
    {
        const std::string visit = key("visit", fact.visit_number);
        const std::string file = key("file", fact.file_number);
        if (visit.empty() && file.empty()) return {};
        stay_row row = tx.stay_by_key(visit, file).value_or(stay_row{});
        if (row.id.empty()) {
            row.id = stay_id::make();
            row.establishment = site_.finess;
            row.created_at = now;
        }
        if (row.visit_key.empty()) row.visit_key = visit;
        if (row.file_key.empty()) row.file_key = file;
        if (row.service.empty()) row.service = fact.service;
        return row;
    }

private:
    [[nodiscard]] std::string key(std::string_view kind, const std::string& number) const
    {
        return number.empty() ? std::string() : with_.vault.match_key(kind, site_.finess + "|" + number);
    }
    const services& with_;
    const site_options& site_;
};

event stay_event(const stay_id& id, event_kind kind, instant now, const discharge_fact& fact)
{
    event next;
    next.at = now;
    next.kind = kind;
    next.stay = id;
    next.facts.discharge = fact.at;
    next.facts.quality = fact.quality;
    next.facts.flags = fact.flags;
    return next;
}
}

intake::intake(services with, site_options site, std::function<void()> on_queued)
    : with_(with), site_(std::move(site)), on_queued_(std::move(on_queued))
{
}

// What a submission is known by when it comes again: its bytes, and for HL7 its message (domain.md §4).
struct intake::keys {
    std::string content;
    std::string message;  // of MSH-3, MSH-4, MSH-10, MSH-9; empty for any other form

    [[nodiscard]] bool is_message_known(ports::reader& store) const
    {
        return !message.empty() && store.answered(message).has_value();
    }
    void remember(ports::transaction& tx, const ports::submission_answer& answer) const
    {
        tx.add_answer(content, answer);
        if (!message.empty()) tx.add_answer(message, answer);
    }
};

namespace {
refusal reused(std::string form, std::string code, std::string field, std::string message)
{
    refusal why{std::move(form), std::move(code), std::move(field), std::move(message), {}};
    if (why.form == "hl7") why.hl7.push_back({hl7::condition::application, why.field, why.message, hl7::ack_code::AE});
    return why;
}

refusal reused_message()
{
    return reused("hl7", "207", "MSH^1^10", "cet identifiant de message a déjà servi pour un autre contenu");
}

struct fault_words {
    const char* code;
    const char* text;
};

fault_words words_of(admission_fault fault)
{
    switch (fault) {
        case admission_fault::document_reused: break;
        case admission_fault::not_latest:
            return {"VERSION_NOT_LATEST",
                    "ce document n'est pas la dernière version connue : demander la suppression de la dernière"};
        case admission_fault::deleted_already:
            return {"DOCUMENT_DELETED",
                    "ce document a été supprimé : envoyer une nouvelle version, sous un nouvel identifiant"};
    }
    return {"DOCUMENT_REUSED",
            "cet identifiant de document a déjà servi pour un autre contenu : donner un nouvel id à chaque version"};
}

refusal not_admitted(admission_fault fault, submission_form form, const std::optional<hl7::message_header>& header)
{
    const fault_words words = words_of(fault);
    if (form == submission_form::hl7_mdm)
        return reused("hl7", words.code, header && header->message_code == "ORU" ? "OBX^1^5" : "TXA^1^12", words.text);
    if (form == submission_form::cda) return reused("cda", words.code, "ClinicalDocument/id", words.text);
    return reused("pdf", words.code, "document.version", words.text);
}

std::string_view received_words(letter_operation operation)
{
    switch (operation) {
        case letter_operation::initial: break;
        case letter_operation::replace: return "remplacement reçu";
        case letter_operation::remove: return "suppression reçue";
    }
    return "lettre reçue";
}
}

submission_result intake::accept(const submission& from)
{
    const instant now = with_.clock.now();
    planned plan = plan_submission(from, site_, with_.routes, now);
    const answer_text text{plan.header, mime::local_timestamp(now, site_.zone)};
    if (const refusal* why = std::get_if<refusal>(&plan.what)) return refuse(*why, from, text);
    keys known_by{with_.vault.match_key("submission", content_digest(from)), {}};
    if (plan.header) {
        const auto& h = *plan.header;
        known_by.message = with_.vault.match_key("message", h.sending_application + '|' + h.sending_facility + '|' +
                                                                h.control_id + '|' + h.message_code + '^' + h.event);
    }
    std::optional<ports::submission_answer> before;
    if (!with_.store.read([&](ports::reader& store) { before = store.answered(known_by.content); }).has_value())
        return text.busy();
    if (before) return text.repeated(*before);
    taken made;
    if (auto* letter = std::get_if<letter_plan>(&plan.what)) {
        letter->details.source_name = from.name;
        made = accept_letter(std::move(*letter), text, known_by);
    } else {
        made = accept_discharge(std::get<discharge_plan>(plan.what), text, known_by);
    }
    if (const refusal* why = std::get_if<refusal>(&made)) return refuse(*why, from, text);
    return std::get<submission_result>(std::move(made));
}

intake::taken intake::accept_letter(letter_plan plan, const answer_text& text, const keys& known_by)
{
    const instant now = with_.clock.now();
    const sealed_documents documents = seal_documents(with_, plan);
    letter_row row;
    row.id = letter_id::make();
    row.form = plan.form;
    row.operation = plan.operation;
    documents.describe(row);
    row.establishment = site_.finess;
    row.received_at = now;
    row.signed_at = plan.signed_at;
    row.completeness = completeness_text(plan.documents.front().checks);
    row.details = with_.vault.seal_field(field::letter_details, write_details(plan.details));

    // An address without RPPS: the directory knows whose it is.
    for (recipient& to : plan.recipients)
        if (to.rpps.empty() && !to.address.empty())
            if (const auto entries = with_.directory.by_address(to.address); entries.size() == 1)
                to.rpps = entries.front().rpps;
    std::vector<routed_recipient> routed;
    for (recipient& to : plan.recipients) {
        route_decision decision = decide_route(to, with_.directory, with_.routes, with_.anchors, now);
        routed.push_back({std::move(to), std::move(decision)});
    }

    enum class outcome { stored, repeated, not_admitted, message_reused } made = outcome::stored;
    admission place;
    letter_id known_as = row.id;
    submission_result answer;
    std::optional<ports::submission_answer> before;
    const auto stored = with_.store.write([&](ports::transaction& tx) {
        made = outcome::stored;
        // Two copies of one file may be in hand at once: the second finds here what the first has just made.
        if ((before = tx.answered(known_by.content))) return;
        if (known_by.is_message_known(tx)) {
            made = outcome::message_reused;
            return;
        }
        const letter_deliveries deliveries(with_, now);
        std::vector<routed_recipient> named = routed;
        place = admit(tx, documents.coming(plan.operation));
        if (place.fault) {
            made = outcome::not_admitted;
            return;
        }
        if (place.known) {
            made = outcome::repeated;
            known_as = place.known->id;
            name_treating_doctor(named, place.known->treating_rpps, nullptr);
            deliveries.add(tx, *place.known, named);
        } else {
            stay_row stay = stay_keeper(with_, site_).find_or_make(tx, plan.stay, now);
            letter_row letter = row;
            letter.set_key = place.set_key;
            letter.version = place.version;
            letter.stay = stay.id;
            letter.service = !plan.stay.service.empty() ? plan.stay.service : stay.service;
            letter.treating_rpps = !stay.treating_rpps.empty() ? stay.treating_rpps : plan.stay.treating_rpps;
            name_treating_doctor(named, letter.treating_rpps, &letter.flags);
            if (!stay.id.empty()) {
                if (plan.stay.discharge)
                    tx.append(stay_event(stay.id, event_kind::stay_discharged, now, *plan.stay.discharge));
                project_stay(tx, stay);
            }
            if (!place.target_known) add_flag(letter.flags, flag_target_unknown);
            if (deliveries.leaves_out_somebody(tx, letter, named)) add_flag(letter.flags, flag_recipient_missing);
            documents.save(tx, letter);
            event received;
            received.at = now;
            received.kind = event_kind::letter_received;
            received.letter = letter.id;
            received.facts.flags = letter.flags;
            tx.append(received);
            deliveries.add(tx, letter, named);
        }
        answer =
            text.accepted(known_as, made == outcome::repeated ? "document déjà reçu" : received_words(plan.operation));
        known_by.remember(tx, {known_as, answer.content});
    });
    if (!stored.has_value()) {
        obs::error(obs::event::store_failed, "step=intake code={}", stored.error().message());
        return text.busy();
    }
    if (before) return text.repeated(*before);
    if (made == outcome::message_reused) return reused_message();
    if (made == outcome::not_admitted) return not_admitted(*place.fault, plan.form, text.header);
    obs::info(obs::event::letter_received, "id={} form={} operation={} type={} documents={} octets={} recipients={}",
              known_as.text(), name(row.form), name(row.operation), row.type_code, plan.documents.size(),
              plan.documents.front().bytes.size(), routed.size());
    if (on_queued_) on_queued_();
    return answer;
}

intake::taken intake::accept_discharge(const discharge_plan& plan, const answer_text& text, const keys& known_by)
{
    const instant now = with_.clock.now();
    submission_result answer = text.accepted({}, "sortie reçue");
    stay_id id;
    bool message_known = false;
    std::optional<ports::submission_answer> before;
    const auto stored = with_.store.write([&](ports::transaction& tx) {
        if ((before = tx.answered(known_by.content))) return;
        if ((message_known = known_by.is_message_known(tx))) return;
        stay_row stay = stay_keeper(with_, site_).find_or_make(tx, plan.stay, now);
        if (!plan.stay.treating_rpps.empty()) stay.treating_rpps = plan.stay.treating_rpps;
        if (!plan.stay.service.empty()) stay.service = plan.stay.service;
        const auto kind = plan.cancelled ? event_kind::stay_discharge_cancelled : event_kind::stay_discharged;
        if (plan.stay.discharge) tx.append(stay_event(stay.id, kind, now, *plan.stay.discharge));
        project_stay(tx, stay);
        if (!plan.stay.treating_rpps.empty())
            for (letter_row& letter : tx.letters_of_stay(stay.id))
                letter_deliveries(with_, now).name_doctor(tx, std::move(letter), stay.treating_rpps);
        id = stay.id;
        known_by.remember(tx, {{}, answer.content});
    });
    if (!stored.has_value()) {
        obs::error(obs::event::store_failed, "step=intake code={}", stored.error().message());
        return text.busy();
    }
    if (before) return text.repeated(*before);
    if (message_known) return reused_message();
    obs::info(obs::event::stay_discharged, "stay={}", id.text());
    return answer;
}

// The same file refused for the same reason is kept once and gets the same answer.
submission_result intake::refuse(const refusal& why, const submission& from, const answer_text& text)
{
    refusal_row row;
    row.at = with_.clock.now();
    row.form = why.form;
    row.code = why.code;
    row.field = field_to_keep(why);
    row.message = why.message;
    row.source_name = with_.vault.seal_field(field::source_name, from.name);
    row.source_name_key = with_.vault.match_key("refused", from.name + '|' + content_digest(from) + '|' + why.code);
    std::optional<ports::sealed_object> kept;
    if (!from.oversize) {
        std::string both = from.bytes;
        if (from.attachment) both += *from.attachment;  // the PDF follows its sidecar
        kept = with_.vault.seal(both);
        row.content = kept->id;
    }
    submission_result answer = text.refused(why);
    const auto stored = with_.store.write([&](ports::transaction& tx) {
        if (const auto before = tx.answered(row.source_name_key)) {
            answer.content = before->answer;
            return;
        }
        if (kept) tx.add_blob(*kept);
        tx.add_refusal(row);
        tx.add_answer(row.source_name_key, {{}, answer.content});
    });
    if (!stored.has_value()) {
        obs::error(obs::event::store_failed, "step=refuse code={}", stored.error().message());
        return text.busy();
    }
    obs::warn(obs::event::file_refused, "form={} code={}", why.form,
              why.code);  // no field: a key of a sidecar can be anything
    return answer;
}

namespace {
bool is_routing_cause(cause why)
{
    return why == cause::no_doctor || why == cause::doctor_unknown || why == cause::no_mailbox ||
           why == cause::ambiguous || why == cause::no_certificate || why == cause::untrusted_domain;
}
}

result<std::size_t> intake::route_again()
{
    constexpr std::size_t at_once = 500;
    const instant now = with_.clock.now();
    std::vector<delivery_row> held;
    const auto read = with_.store.read([&](ports::reader& store) {
        held = store.deliveries_in(delivery_state::held, 1'000'000);
        // Given up for want of an address or a certificate: still repairable (domain.md §4).
        for (delivery_row& row : store.deliveries_in(delivery_state::undeliverable, 1'000'000))
            if (is_routing_cause(row.why)) held.push_back(std::move(row));
    });
    if (!read.has_value()) return read.error();
    std::size_t freed = 0;
    for (std::size_t from = 0; from < held.size(); from += at_once) {
        std::vector<std::pair<delivery_id, route_decision>> decided;
        for (std::size_t i = from; i < std::min(held.size(), from + at_once); ++i) {
            const auto opened = with_.vault.open_field(field::recipient, held[i].recipient);
            if (!opened.has_value()) continue;
            route_decision decision =
                decide_route(read_recipient(*opened), with_.directory, with_.routes, with_.anchors, now);
            const cause* why = std::get_if<cause>(&decision);
            if (why == nullptr || *why != held[i].why) decided.emplace_back(held[i].id, std::move(decision));
        }
        if (decided.empty()) continue;
        const auto written = with_.store.write([&](ports::transaction& tx) {
            const letter_deliveries deliveries(with_, now);
            for (const auto& [id, decision] : decided) {
                auto row = tx.delivery(id);
                const bool given_up = row && row->state == delivery_state::undeliverable;
                if (!row || (row->state != delivery_state::held && !given_up)) continue;
                if (given_up && !std::holds_alternative<route_found>(decision)) continue;
                if (given_up) row->created_at = now;  // a new day to be delivered in
                deliveries.route(tx, *row, decision);
                deliveries.keep_newest(tx, *row);
            }
        });
        if (!written.has_value()) return written.error();
        freed += static_cast<std::size_t>(std::count_if(decided.begin(), decided.end(), [](const auto& d) {
            return std::holds_alternative<route_found>(d.second);
        }));
    }
    if (freed > 0 && on_queued_) on_queued_();
    return freed;
}
}
