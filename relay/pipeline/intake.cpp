#include "relay/pipeline/intake.hpp"

#include "relay/obs/log.hpp"
#include "relay/pipeline/intake_answer.hpp"
#include "relay/pipeline/intake_refusal.hpp"

namespace relay::pipeline {
intake::intake(services with, site_options site, std::function<void()> on_queued, std::function<bool()> refusing)
    : with_(with), site_(std::move(site)), on_queued_(std::move(on_queued)), refusing_(std::move(refusing))
{
}

submission_result intake::accept(const submission& from)
{
    const instant now = with_.clock.now();
    const mime::timestamp here = mime::local_timestamp(now, site_.zone);
    if (refusing_ && refusing_()) return answer_text{header_of(from), here}.busy();
    planned plan = plan_submission(from, site_, with_.routes, now);
    const answer_text text{plan.header, here};
    if (const refusal* why = std::get_if<refusal>(&plan.what)) return refuse(*why, from, text);
    const submission_keys known_by = submission_keys::of(with_.vault, from, plan.header);
    std::optional<ports::submission_answer> before;
    if (!with_.store.read([&](ports::reader& store) { before = store.answered(known_by.content); }).has_value())
        return text.busy();
    if (before) return text.repeated(*before);
    taken made;
    if (auto* letter = std::get_if<letter_plan>(&plan.what)) {
        letter->details.source_name = from.name;
        made = accept_letter(std::move(*letter), text, known_by);
    } else {
        made = accept_movement(std::get<movement_plan>(plan.what), text, known_by);
    }
    if (const refusal* why = std::get_if<refusal>(&made)) return refuse(*why, from, text);
    return std::get<submission_result>(std::move(made));
}

intake::taken intake::accept_movement(const movement_plan& plan, const answer_text& text,
                                      const submission_keys& known_by)
{
    const instant now = with_.clock.now();
    submission_result answer = text.accepted({}, "mouvement reçu");
    stay_id id;
    bool message_known = false;
    std::optional<ports::submission_answer> before;
    const auto stored = with_.store.write([&](ports::transaction& tx) {
        if ((before = tx.answered(known_by.content))) return;
        if ((message_known = known_by.is_message_known(tx))) return;
        id = stay_keeper(with_, site_, now).take_movement(tx, plan);
        known_by.remember(tx, {{}, answer.content});
    });
    if (!stored.has_value()) {
        obs::error(obs::event::store_failed, "step=intake code={}", stored.error().message());
        return text.busy();
    }
    if (before) return text.repeated(*before);
    if (message_known) return refuse_reused_message();
    obs::info(obs::event::stay_moved, "stay={} event={}", id.text(), plan.what ? name(*plan.what) : "none");
    return answer;
}

result<intake::handed_counts> intake::hand_over(const std::vector<handed>& all, const std::string& actor)
{
    handed_counts counts;
    const auto written = with_.store.write([&](ports::transaction& tx) {
        counts = {};
        const stay_keeper stays(with_, site_, with_.clock.now());
        for (const handed& one : all) switch (stays.take_hand_over(tx, one.visit_number, one.at, actor)) {
                case stay_keeper::hand_over::done: ++counts.done; break;
                case stay_keeper::hand_over::already: ++counts.already; break;
                case stay_keeper::hand_over::no_stay: ++counts.unknown; break;
            }
    });
    if (!written.has_value()) return written.error();
    return counts;
}

result<stay_keeper::binding> intake::bind_by_hand(const letter_id& letter, const stay_id& stay,
                                                  const std::string& actor)
{
    auto done = stay_keeper::binding::no_letter;
    const auto written = with_.store.write([&](ports::transaction& tx) {
        done = stay_keeper(with_, site_, with_.clock.now()).bind_by_hand(tx, letter, stay, actor);
    });
    if (!written.has_value()) return written.error();
    if (done == stay_keeper::binding::done) obs::info(obs::event::letter_matched, "id={}", letter.text());
    return done;
}
}
