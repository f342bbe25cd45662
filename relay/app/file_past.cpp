#include "relay/app/file_past.hpp"

#include "relay/pipeline/intake_answer.hpp"
#include "relay/pipeline/intake_refusal.hpp"
#include "relay/pipeline/letter_documents.hpp"
#include "relay/pipeline/patient_keys.hpp"
#include "relay/pipeline/stay_match.hpp"

namespace relay::app {
using namespace pipeline;
namespace {
constexpr const char* document_place = "ClinicalDocument/id";

void tell_removal(const admission& place, file_past& past)
{
    if (!place.target_known)
        past.remarks.emplace_back(document_place, "le document à supprimer n'est jamais venu ici");
    else if (place.content_differs)
        past.remarks.emplace_back(document_place,
                                  "le document à supprimer est connu ici sous d'autres octets : le courriel de "
                                  "suppression porterait celui qui est parti");
    else
        past.remarks.emplace_back(document_place,
                                  "le document à supprimer est connu ici, version " + std::to_string(place.version));
}

void tell_place(const admission& place, const letter_plan& letter, file_past& past)
{
    if (place.known) {
        past.history = mime::cda::document_history::same_bytes;
        past.remarks.emplace_back(document_place, "ce document est déjà venu : il ne repart qu'à qui ne l'a pas eu");
    } else if (letter.operation == letter_operation::remove) {
        tell_removal(place, past);
    } else if (!place.target_known) {
        past.remarks.emplace_back(document_place, "le document remplacé n'est jamais venu ici");
    }
}

// Whether the answer is settled: by the file itself, or by its message.
bool came_before(ports::reader& store, const submission_keys& keys, file_past& past)
{
    if (store.answered(keys.content)) {
        past.history = mime::cda::document_history::same_bytes;
        past.remarks.emplace_back("", "ce fichier est déjà venu : il reçoit la même réponse et rien ne repart");
        return true;
    }
    if (keys.is_message_known(store)) past.refused = refuse_reused_message();
    return past.refused.has_value();
}

template <class Look>
std::optional<file_past> read_past(const file_checker& with, const Look& look)
{
    if (with.store == nullptr) return std::nullopt;
    file_past past;
    if (!with.store->read([&](ports::reader& store) { look(store, past); }).has_value()) return std::nullopt;
    return past;
}
}

std::optional<file_past> past_of(const file_checker& with, const submission& from, const letter_plan& letter,
                                 const std::optional<mime::hl7::message_header>& header)
{
    return read_past(with, [&](ports::reader& store, file_past& past) {
        const stay_match found = find_stay(store, clues_of(with.vault, with.site.finess, letter.stay, with.now));
        past.stay_known = found.stay.has_value();
        past.matched = found.state;
        if (came_before(store, submission_keys::of(with.vault, from, header), past)) return;
        const document_keys keys = document_keys_of(with.vault, letter);
        const admission place = admit(store, keys.coming(letter.operation));
        if (place.fault) past.refused = refuse_admission(*place.fault, letter.form, header);
        if (place.fault == admission_fault::document_reused)
            past.history = mime::cda::document_history::other_bytes;
        else if (!place.fault)
            tell_place(place, letter, past);
    });
}

std::optional<file_past> past_of(const file_checker& with, const submission& from, const movement_plan& movement,
                                 const std::optional<mime::hl7::message_header>& header)
{
    return read_past(with, [&](ports::reader& store, file_past& past) {
        const std::string visit = number_key(with.vault, "visit", with.site.finess, movement.stay.visit_number);
        const std::string file = number_key(with.vault, "file", with.site.finess, movement.stay.file_number);
        past.stay_known = store.stay_by_key(visit, file).has_value();
        if (past.stay_known) past.matched = match_state::number;
        static_cast<void>(came_before(store, submission_keys::of(with.vault, from, header), past));
    });
}
}
