#include "relay/pipeline/intake.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "mime/hl7/acknowledgement.hpp"
#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"
#include "relay/pipeline/delivery_fold.hpp"
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

void keep_for_people(ports::transaction& tx, const services& with, std::string_view message, std::string_view code,
                     std::string_view text)
{
    const ports::sealed_object kept = with.vault.seal(message);
    refusal_row row;
    row.content = kept.id;
    row.at = with.clock.now();
    row.form = "mail";
    row.code = code;
    row.message = text;
    row.source_name = with.vault.seal_field(field::source_name, "");
    row.source_name_key = with.vault.match_key("mail", sha256_hex(message));
    tx.add_blob(kept);
    tx.add_refusal(row);
}

void record(ports::transaction& tx, delivery_row& row, event next)
{
    next.delivery = row.id;
    tx.append(next);
    const delivery_view view = fold_delivery(tx.events_of(row.id));
    row.state = view.state;
    row.why = view.why;
    row.attempts = view.attempts;
    row.accepted_at = view.accepted_at;
    row.confirmed_at = view.confirmed_at;
    tx.save_delivery(row);
}

void project_stay(ports::transaction& tx, stay_row& row)
{
    const stay_view view = fold_stay(tx.events_of(row.id));
    row.discharge = view.discharge;
    row.quality = view.quality;
    row.flags = view.flags;
    row.exclusion = view.exclusion;
    tx.save_stay(row);
}

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

// domain.md §3 rule 5: who counts for the indicators.
void name_treating_doctor(std::vector<recipient>& all, const std::string& rpps, std::string& flags)
{
    const auto is_doctor = [](const recipient& r) {
        return r.role == recipient_role::professional || r.role == recipient_role::treating_doctor;
    };
    if (!rpps.empty()) {
        for (recipient& r : all)
            if (is_doctor(r)) r.role = r.rpps == rpps ? recipient_role::treating_doctor : recipient_role::professional;
        return;
    }
    if (std::any_of(all.begin(), all.end(),
                    [](const recipient& r) { return r.role == recipient_role::treating_doctor; }))
        return;
    if (std::count_if(all.begin(), all.end(), is_doctor) != 1) return;
    std::find_if(all.begin(), all.end(), is_doctor)->role = recipient_role::treating_doctor;
    add_flag(flags, "mt_assumed");
}

struct routed_recipient {
    recipient to;
    route_decision decision;
};

class letter_writer {
public:
    letter_writer(const services& with, instant now) : with_(with), now_(now) {}

    void add_deliveries(ports::transaction& tx, const letter_row& letter,
                        const std::vector<routed_recipient>& all) const
    {
        const auto known = tx.deliveries_of_letter(letter.id);
        for (const routed_recipient& one : all) {
            delivery_row row;
            row.recipient_key = recipient_key(one.to);
            if (std::any_of(known.begin(), known.end(),
                            [&row](const delivery_row& d) { return d.recipient_key == row.recipient_key; }))
                continue;
            row.id = delivery_id::make();
            row.letter = letter.id;
            row.role = one.to.role;
            row.recipient = with_.vault.seal_field(field::recipient, write_recipient(one.to));
            row.domain = domain_of(one.to.address);
            row.set_key = letter.set_key;
            row.version = letter.version;
            row.created_at = row.next_try = now_;
            tx.save_delivery(row);
            record_route(tx, row, one.decision);
            supersede_older(tx, row);
        }
    }

    void record_route(ports::transaction& tx, delivery_row& row, const route_decision& decision) const
    {
        event next;
        next.at = now_;
        if (const cause* why = std::get_if<cause>(&decision)) {
            next.kind = event_kind::held;
            next.facts.why = *why;
        } else {
            const auto& found = std::get<route_found>(decision);
            next.kind = event_kind::routed;
            row.domain = found.domain;
            row.next_try = now_;
        }
        record(tx, row, std::move(next));
    }

private:
    [[nodiscard]] std::string recipient_key(const recipient& to) const
    {
        return with_.vault.match_key("recipient", !to.address.empty() ? to.address : "rpps:" + to.rpps);
    }

    // A newer version takes the place of one that has not begun to leave (domain.md §4).
    void supersede_older(ports::transaction& tx, const delivery_row& newer) const
    {
        for (const letter_row& letter : tx.letters_of_set(newer.set_key)) {
            if (letter.version >= newer.version) continue;
            for (delivery_row& older : tx.deliveries_of_letter(letter.id)) {
                const bool unsent = older.state == delivery_state::received || older.state == delivery_state::held ||
                                    older.state == delivery_state::queued || older.state == delivery_state::deferred;
                if (older.recipient_key != newer.recipient_key || !unsent) continue;
                event next;
                next.at = now_;
                next.kind = event_kind::superseded;
                record(tx, older, std::move(next));
            }
        }
    }

    const services& with_;
    instant now_;
};
}

intake::intake(services with, site_options site, std::function<void()> on_queued)
    : with_(with), site_(std::move(site)), on_queued_(std::move(on_queued))
{
}

submission_result intake::accept(const submission& from)
{
    const instant now = with_.clock.now();
    planned plan = plan_submission(from, site_, with_.routes, now);
    const answer_text text{plan.header, mime::local_timestamp(now, site_.zone)};
    if (const refusal* why = std::get_if<refusal>(&plan.what)) return refuse(*why, from, text);
    const std::string digest = content_digest(from);
    const std::string content_key = with_.vault.match_key("submission", digest);
    std::string key;  // of a message: MSH-3, MSH-4, MSH-10, MSH-9 (domain.md §4)
    if (plan.header) {
        const auto& h = *plan.header;
        key = with_.vault.match_key("message", h.sending_application + '|' + h.sending_facility + '|' + h.control_id +
                                                   '|' + h.message_code + '^' + h.event);
    }
    std::optional<ports::submission_answer> before;
    bool other_content = false;
    const auto looked = with_.store.read([&](ports::reader& store) {
        before = store.answered(content_key);
        other_content = !before && !key.empty() && store.answered(key).has_value();
    });
    if (!looked.has_value()) return text.busy();
    if (before) return text.repeated(*before);
    if (other_content)
        return refuse(
            refuse_hl7({{hl7::condition::application, "MSH^1^10",
                         "cet identifiant de message a déjà servi pour un autre contenu", hl7::ack_code::AE}}),
            from, text);
    if (auto* letter = std::get_if<letter_plan>(&plan.what)) {
        letter->details.source_name = from.name;
        auto result = accept_letter(std::move(*letter), text, key, content_key);
        // A document id used again for other bytes is found inside the unit: there it can no longer change under us.
        if (result.what == verdict::refused)
            return refuse({plan.header ? "hl7" : "cda", "DOCUMENT_REUSED",
                           plan.header ? "TXA^1^12" : "ClinicalDocument/id", result.content,
                           plan.header ? hl7::hl7_errors{{hl7::condition::application, "TXA^1^12", result.content,
                                                          hl7::ack_code::AE}}
                                       : hl7::hl7_errors{}},
                          from, text);
        return result;
    }
    return accept_discharge(std::get<discharge_plan>(plan.what), text, key, content_key);
}

submission_result intake::accept_letter(letter_plan plan, const answer_text& text, const std::string& key,
                                        const std::string& content_key)
{
    const instant now = with_.clock.now();
    letter_row row;
    row.id = letter_id::make();
    row.form = plan.form;
    row.document_key = with_.vault.match_key("document", plan.document_id);
    row.set_key = with_.vault.match_key("set", plan.set_id);
    row.version = plan.version;
    row.type_code = plan.type_code;
    row.content_sha256 = sha256_hex(plan.document);
    row.establishment = site_.finess;
    row.received_at = now;
    row.signed_at = plan.signed_at;
    row.details = with_.vault.seal_field(field::letter_details, write_details(plan.details));
    const ports::sealed_object document = with_.vault.seal(plan.document);
    row.document = document.id;

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

    enum class outcome { stored, repeated, reused } made = outcome::stored;
    letter_id known_as = row.id;
    submission_result answer;
    std::optional<ports::submission_answer> before;
    const auto stored = with_.store.write([&](ports::transaction& tx) {
        made = outcome::stored;
        // Two copies of one file may be in hand at once: the second finds here what the first has just made.
        if ((before = tx.answered(content_key))) return;
        const letter_writer writer(with_, now);
        if (const auto existing = tx.letter_by_document(row.document_key)) {
            if (existing->content_sha256 != row.content_sha256) {
                made = outcome::reused;
                return;
            }
            made = outcome::repeated;
            known_as = existing->id;
            writer.add_deliveries(tx, *existing, routed);
        } else {
            stay_row stay = stay_keeper(with_, site_).find_or_make(tx, plan.stay, now);
            letter_row letter = row;
            letter.stay = stay.id;
            letter.service = !plan.stay.service.empty() ? plan.stay.service : stay.service;
            letter.treating_rpps = !stay.treating_rpps.empty() ? stay.treating_rpps : plan.stay.treating_rpps;
            std::vector<recipient> named;
            for (const auto& one : routed) named.push_back(one.to);
            name_treating_doctor(named, letter.treating_rpps, letter.flags);
            std::vector<routed_recipient> final_list = routed;
            for (std::size_t i = 0; i < named.size(); ++i) final_list[i].to.role = named[i].role;
            if (!stay.id.empty()) {
                tx.save_stay(stay);
                if (plan.stay.discharge)
                    tx.append(stay_event(stay.id, event_kind::stay_discharged, now, *plan.stay.discharge));
                project_stay(tx, stay);
            }
            tx.add_blob(document);
            tx.save_letter(letter);
            event received;
            received.at = now;
            received.kind = event_kind::letter_received;
            received.letter = letter.id;
            received.facts.flags = letter.flags;
            tx.append(received);
            writer.add_deliveries(tx, letter, final_list);
        }
        answer = text.accepted(known_as, made == outcome::repeated ? "document déjà reçu" : "lettre reçue");
        tx.add_answer(content_key, {known_as, answer.content});
        if (!key.empty()) tx.add_answer(key, {known_as, answer.content});
    });
    if (!stored.has_value()) {
        obs::error(obs::event::store_failed, "step=intake code={}", stored.error().message());
        return text.busy();
    }
    if (before) return text.repeated(*before);
    if (made == outcome::reused)
        return {
            verdict::refused, "",
            "cet identifiant de document a déjà servi pour un autre contenu : donner un nouvel id à chaque version"};
    obs::info(obs::event::letter_received, "id={} form={} type={} octets={} recipients={}", known_as.text(),
              name(row.form), row.type_code, plan.document.size(), routed.size());
    if (on_queued_) on_queued_();
    return answer;
}

submission_result intake::accept_discharge(const discharge_plan& plan, const answer_text& text, const std::string& key,
                                           const std::string& content_key)
{
    const instant now = with_.clock.now();
    submission_result answer = text.accepted({}, "sortie reçue");
    stay_id id;
    std::optional<ports::submission_answer> before;
    const auto stored = with_.store.write([&](ports::transaction& tx) {
        if ((before = tx.answered(content_key))) return;
        stay_row stay = stay_keeper(with_, site_).find_or_make(tx, plan.stay, now);
        if (!plan.stay.treating_rpps.empty()) stay.treating_rpps = plan.stay.treating_rpps;
        if (!plan.stay.service.empty()) stay.service = plan.stay.service;
        tx.save_stay(stay);
        const auto kind = plan.cancelled ? event_kind::stay_discharge_cancelled : event_kind::stay_discharged;
        if (plan.stay.discharge) tx.append(stay_event(stay.id, kind, now, *plan.stay.discharge));
        project_stay(tx, stay);
        id = stay.id;
        tx.add_answer(content_key, {{}, answer.content});
        if (!key.empty()) tx.add_answer(key, {{}, answer.content});
    });
    if (!stored.has_value()) return text.busy();
    if (before) return text.repeated(*before);
    obs::info(obs::event::stay_discharged, "stay={}", id.text());
    return answer;
}

submission_result intake::refuse(const refusal& why, const submission& from, const answer_text& text)
{
    refusal_row row;
    row.at = with_.clock.now();
    row.form = why.form;
    row.code = why.code;
    row.field = why.field;
    row.message = why.message;
    row.source_name = with_.vault.seal_field(field::source_name, from.name);
    row.source_name_key = with_.vault.match_key("refused", from.name + '|' + content_digest(from));
    std::optional<ports::sealed_object> kept;
    if (!from.oversize) {
        std::string both = from.bytes;
        if (from.attachment) both += *from.attachment;  // the PDF follows its sidecar
        kept = with_.vault.seal(both);
        row.content = kept->id;
    }
    const auto stored = with_.store.write([&](ports::transaction& tx) {
        if (kept) tx.add_blob(*kept);
        tx.add_refusal(row);
    });
    if (!stored.has_value()) return text.busy();
    obs::warn(obs::event::file_refused, "form={} code={}", why.form,
              why.code);  // no field: a key of a sidecar can be anything
    return text.refused(why);
}

result<std::size_t> intake::route_again()
{
    constexpr std::size_t at_once = 500;
    const instant now = with_.clock.now();
    std::vector<delivery_row> held;
    if (auto read = with_.store.read(
            [&](ports::reader& store) { held = store.deliveries_in(delivery_state::held, 1'000'000); });
        !read.has_value())
        return read.error();
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
            for (const auto& [id, decision] : decided)
                if (auto row = tx.delivery(id); row && row->state == delivery_state::held)
                    letter_writer(with_, now).record_route(tx, *row, decision);
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
