#include "relay/pipeline/services.hpp"

#include "mime/text/ascii.hpp"
#include "mime/text/digest.hpp"
#include "relay/pipeline/evidence_record.hpp"
#include "relay/pipeline/stay_fold.hpp"

namespace relay::pipeline {
ports::stored_as keep_for_people(ports::transaction& tx, const services& with, std::string_view message,
                                 std::string_view code, std::string_view text, std::string_view about)
{
    refusal_row row;
    row.source_name_key = with.vault.match_key("mail", mime::hex(mime::sha256(message)));
    if (tx.answered(row.source_name_key)) return ports::stored_as::duplicate;
    const ports::sealed_object kept = with.vault.seal(message);
    row.content = kept.id;
    row.at = with.clock.now();
    row.form = "mail";
    row.code = code;
    row.field = about;
    row.message = text;
    row.source_name = with.vault.seal_field(field::source_name, "");
    tx.add_blob(kept);
    tx.add_refusal(row);
    tx.add_answer(row.source_name_key, {});
    return ports::stored_as::new_message;
}

std::string recipient_key(const ports::vault& vault, const recipient& to)
{
    return vault.match_key("recipient", to.address.empty() ? "rpps:" + to.rpps : mime::lower(to.address));
}

void record(ports::transaction& tx, delivery_row& row, event next)
{
    next.delivery = row.id;
    tx.append(next);
    const bool first = row.first_trouble == cause::none && row.attempts <= 1 && !row.accepted_at;
    const bool not_tried = row.attempts == 0 && next.kind == event_kind::held;
    if (first && (not_tried || next.kind == event_kind::refused)) row.first_trouble = next.facts.why;
    delivery_view view;
    if (folds_alone(row.state, row.why, next)) {
        view = view_of_open(row.state, row.why, row.attempts);
        apply(view, next);
    } else {
        view = fold_delivery(tx.events_of(row.id));
    }
    project(tx, row, view);
}

void project_stay(ports::transaction& tx, stay_row& row, const stay_rules& rules)
{
    const stay_view view = fold_stay(tx.events_of(row.id), rules);
    row.discharge = view.discharge;
    row.quality = view.quality;
    row.flags = view.flags;
    row.exclusion = view.exclusion;
    row.patient_class = view.patient_class;
    row.in_feed = view.in_feed;
    if (view.admission) row.admission = view.admission;
    if (!view.service.empty()) row.service = view.service;
    if (!view.treating_rpps.empty()) row.treating_rpps = view.treating_rpps;
    if (!view.identity_key.empty() || !view.traits_key.empty()) {
        row.identity_key = view.identity_key;
        row.traits_key = view.traits_key;
    }
    tx.save_stay(row);
}
}
