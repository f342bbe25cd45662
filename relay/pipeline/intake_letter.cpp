// Letters: everything that is made durable together before one is acknowledged.
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/intake_answer.hpp"
#include "relay/pipeline/intake_refusal.hpp"
#include "relay/pipeline/letter_deliveries.hpp"
#include "relay/pipeline/letter_documents.hpp"
#include "relay/pipeline/reception.hpp"
#include "relay/pipeline/retention.hpp"
#include "relay/pipeline/stay_keeper.hpp"

namespace relay::pipeline {
namespace {
std::string_view received_words(letter_operation operation)
{
    switch (operation) {
        case letter_operation::initial: break;
        case letter_operation::replace: return "remplacement reçu";
        case letter_operation::remove: return "suppression reçue";
    }
    return "lettre reçue";
}

std::vector<routed_recipient> route_all(const services& with, std::vector<recipient> named, instant now)
{
    std::vector<routed_recipient> routed;
    for (recipient& to : named) {
        // An address without RPPS: the directory knows whose it is.
        if (to.rpps.empty() && !to.address.empty())
            if (const auto entries = with.directory.by_address(to.address); entries.size() == 1)
                to.rpps = entries.front().rpps;
        route_decision decision = decide_route(to, with.directory, with.routes, with.anchors, now);
        routed.push_back({std::move(to), std::move(decision)});
    }
    return routed;
}

// What one store unit makes of a letter. CPU work is done before it, by the constructor.
class arrival {
public:
    enum class outcome { stored, repeated, answered_before, message_reused, not_admitted };

    arrival(const services& with, const site_options& site, letter_plan plan, const answer_text& text,
            const submission_keys& known_by)
        : with_(with),
          site_(site),
          text_(text),
          known_by_(known_by),
          now_(with.clock.now()),
          plan_(std::move(plan)),
          documents_(seal_documents(with, plan_)),
          routed_(route_all(with, std::move(plan_.recipients), now_))
    {
        row_.id = letter_id::make();
        row_.form = plan_.form;
        row_.operation = plan_.operation;
        documents_.describe(row_);
        row_.establishment = site_.finess;
        row_.received_at = now_;
        row_.signed_at = plan_.signed_at;
        row_.details = with_.vault.seal_field(field::letter_details, write_details(plan_.details));
    }

    [[nodiscard]] outcome enter(ports::transaction& tx)
    {
        known_as_ = row_.id;
        // Two copies of one file may be in hand at once: the second finds here what the first has just made.
        if (const auto before = tx.answered(known_by_.content)) {
            answer_ = text_.repeated(*before);
            return outcome::answered_before;
        }
        if (known_by_.is_message_known(tx)) return outcome::message_reused;
        const admission place = admit(tx, documents_.keys.coming(plan_.operation));
        if (place.fault) {
            fault_ = *place.fault;
            return outcome::not_admitted;
        }
        if (place.known)
            add_to(tx, *place.known);
        else
            store(tx, place);
        answer_ = text_.accepted(known_as_, place.known ? "document déjà reçu" : received_words(plan_.operation));
        known_by_.remember(tx, {known_as_, answer_.content});
        return place.known ? outcome::repeated : outcome::stored;
    }

    [[nodiscard]] const submission_result& answer() const noexcept { return answer_; }
    [[nodiscard]] admission_fault fault() const noexcept { return fault_; }
    void log() const
    {
        obs::add(obs::counter::letters_received);
        for (const routed_recipient& one : routed_)
            if (std::holds_alternative<cause>(one.decision)) obs::add(obs::counter::letters_held);
        obs::info(obs::event::letter_received,
                  "id={} form={} operation={} type={} documents={} octets={} recipients={}", known_as_.text(),
                  name(row_.form), name(row_.operation), row_.type_code, plan_.documents.size(),
                  plan_.documents.front().bytes.size(), routed_.size());
    }

private:
    // The document is here: only who has not been named before gets something.
    void add_to(ports::transaction& tx, const letter_row& known)
    {
        known_as_ = known.id;
        const letter_deliveries deliveries(with_, now_, site_);
        if (deliveries.unserved(tx, known, routed_).empty()) return;
        if (!has_traces(known)) return revive(tx, known);
        std::vector<routed_recipient> named = routed_;
        name_treating_doctor(named, known.treating_rpps, nullptr);
        deliveries.add(tx, known, named);
        if (known.document.empty()) documents_.restore(tx, known, row_.details);
    }

    // Only the hashes of it were left: a letter as any other again, whose terms begin anew.
    void revive(ports::transaction& tx, letter_row letter)
    {
        std::vector<routed_recipient> named = routed_;
        letter.establishment = row_.establishment;
        letter.received_at = row_.received_at;
        letter.signed_at = row_.signed_at;
        const letter_clues clues = bind(tx, letter);
        name_treating_doctor(named, letter.treating_rpps, &letter.flags);
        documents_.restore(tx, letter, row_.details);
        tx.save_clues(clues);
        append_received(tx, letter);
        letter_deliveries(with_, now_, site_).add(tx, letter, named);
    }

    // Which stay it is of, and what that says of the letter.
    letter_clues bind(ports::transaction& tx, letter_row& letter) const
    {
        bound_letter bound = stay_keeper(with_, site_, now_).bind_new(tx, letter.id, plan_.stay);
        const stay_row& stay = bound.stay;
        letter.stay = stay.id;
        if (bound.clues.state == match_state::identity) add_flag(letter.flags, flag_matched_by_identity);
        letter.service = !plan_.stay.service.empty() ? plan_.stay.service : stay.service;
        letter.treating_rpps = !stay.treating_rpps.empty() ? stay.treating_rpps : plan_.stay.treating_rpps;
        return std::move(bound.clues);
    }

    void append_received(ports::transaction& tx, const letter_row& letter) const
    {
        event received;
        received.at = now_;
        received.kind = event_kind::letter_received;
        received.letter = letter.id;
        received.facts.flags = letter.flags;
        tx.append(received);
    }

    void store(ports::transaction& tx, const admission& place)
    {
        const letter_deliveries deliveries(with_, now_, site_);
        std::vector<routed_recipient> named = routed_;
        letter_row letter = row_;
        letter.set_key = place.set_key;
        letter.version = place.version;
        const letter_clues clues = bind(tx, letter);
        name_treating_doctor(named, letter.treating_rpps, &letter.flags);
        if (!place.target_known) add_flag(letter.flags, flag_target_unknown);
        if (place.content_differs) add_flag(letter.flags, flag_content_differs);
        if (deliveries.leaves_out_somebody(tx, letter, named)) add_flag(letter.flags, flag_recipient_missing);
        documents_.save(tx, letter);
        tx.save_clues(clues);
        append_received(tx, letter);
        deliveries.add(tx, letter, named);
        if (plan_.details.shared_record_refused) queue_shared_record_refusal(tx, with_, letter, now_, site_.zone);
    }

    const services& with_;
    const site_options& site_;
    const answer_text& text_;
    const submission_keys& known_by_;
    instant now_;
    letter_plan plan_;
    sealed_documents documents_;
    std::vector<routed_recipient> routed_;
    letter_row row_;
    letter_id known_as_;
    submission_result answer_;
    admission_fault fault_{};
};
}

intake::taken intake::accept_letter(letter_plan plan, const answer_text& text, const submission_keys& known_by)
{
    const std::optional<mime::hl7::message_header>& header = text.header;
    const submission_form form = plan.form;
    arrival letter(with_, site_, std::move(plan), text, known_by);
    auto made = arrival::outcome::stored;
    const auto stored = with_.store.write([&](ports::transaction& tx) { made = letter.enter(tx); });
    if (!stored.has_value()) {
        obs::error(obs::event::store_failed, "step=intake code={}", stored.error().message());
        return text.busy();
    }
    switch (made) {
        case arrival::outcome::answered_before: return letter.answer();
        case arrival::outcome::message_reused: return refuse_reused_message();
        case arrival::outcome::not_admitted: return refuse_admission(letter.fault(), form, header);
        case arrival::outcome::stored:
        case arrival::outcome::repeated: break;
    }
    letter.log();
    if (on_queued_) on_queued_();
    return letter.answer();
}
}
