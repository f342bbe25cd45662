#include "mime/report/reply_text.hpp"

#include "mime/report/fields.hpp"
#include "mime/report/plain_text.hpp"
#include "mime/text/ascii.hpp"

#include <algorithm>
#include <array>

namespace mime::report {
namespace {
constexpr std::size_t max_own_octets = 4000;
constexpr int max_sentences = 40;

// Folded, lower case: how a denial may begin, and what is denied. Each counts only where the sentence then ends or goes
// on with words that keep the meaning.
struct wording {
    std::string_view text;
    enum class place { anywhere, denied } where = place::anywhere;  // denied: "n'est" or the like stands before it
};
using place = wording::place;
constexpr wording disputes[] = {{"pas mon patient", place::denied},
                                {"pas ma patiente", place::denied},
                                {"pas notre patient", place::denied},
                                {"pas notre patiente", place::denied},
                                {"pas un de mes patients", place::denied},
                                {"pas l'un de mes patients", place::denied},
                                {"pas une de mes patientes", place::denied},
                                {"pas l'une de mes patientes", place::denied},
                                {"pas un de nos patients", place::denied},
                                {"pas un patient du cabinet", place::denied},
                                {"pas une patiente du cabinet", place::denied},
                                {"pas un patient a moi", place::denied},
                                {"plus mon patient", place::denied},
                                {"plus ma patiente", place::denied},
                                {"plus notre patient", place::denied},
                                {"plus notre patiente", place::denied},
                                {"pas le medecin traitant", place::denied},
                                {"plus le medecin traitant", place::denied},
                                {"pas son medecin traitant", place::denied},
                                {"plus son medecin traitant", place::denied},
                                {"pas la medecin traitante", place::denied},
                                {"ne connais pas ce patient"},
                                {"ne connais pas cette patiente"},
                                {"ne connais pas ce monsieur"},
                                {"ne connais pas cette dame"},
                                {"ne connaissons pas ce patient"},
                                {"ne connaissons pas cette patiente"},
                                {"ne suis pas ce patient"},
                                {"ne suis pas cette patiente"},
                                {"ne suis plus ce patient"},
                                {"ne suis plus cette patiente"},
                                {"pas partie de ma patientele"},
                                {"pas partie de notre patientele"},
                                {"pas partie de mes patients"},
                                {"n'est pas suivi chez nous"},
                                {"n'est pas suivie chez nous"},
                                {"ai recu ce courrier par erreur"},
                                {"avons recu ce courrier par erreur"},
                                {"ne m'est pas destine"},
                                {"ne m'est pas destinee"},
                                {"ne nous est pas destine"},
                                {"ne nous est pas destinee"},
                                {"vous vous trompez de medecin"},
                                {"not my patient"},
                                {"not our patient"},
                                {"not a patient of mine"},
                                {"patient inconnu"},
                                {"patiente inconnue"},
                                {"erreur de destinataire"},
                                {"mauvais destinataire"},
                                {"wrong recipient"}};
// What a denial in French stands behind ("ce n'est", "c'est", "je ne suis"): "de plus mon patient" and "non plus son
// medecin traitant" deny nothing.
constexpr std::array<std::string_view, 3> denials{"est ", "ne suis ", "ne sommes "};
// What may follow: a place, or the end of the letter where the sender spares the full stop.
constexpr std::array<std::string_view, 14> keeping{" au cabinet", " chez nous",  " chez moi",      " dans notre ",
                                                   " de notre ",  " du cabinet", " de ce patient", " de cette patiente",
                                                   " du patient", " merci",      " cordialement",  " bien cordialement",
                                                   " dr ",        " docteur "};
// A sentence with one of these asks, supposes, repeats, takes back in part or speaks of a time: nothing sure.
constexpr std::array<std::string_view, 36> hedges{
    " si ",        " s'il ",       "en cas ",          " if ",          "verifier", "est-ce",  "au cas ", "peut-etre",
    "il se peut",  "savoir ",      "dites-moi",        "je ne dis pas", "suppose",  "semble",  " mais ",  " cependant ",
    " toutefois ", " sauf ",       " seulement ",      " uniquement ",  " encore ", " avant ", " jusqu",  " depuis ",
    " a partir ",  " sans doute ", " pourtant ",       " neanmoins ",   " but ",    " only ",  " until ", " crois ",
    " pense ",     " quand ",      " pour l'instant ", " en ce moment "};
// How a sentence begins that takes back what the one before said.
constexpr std::array<std::string_view, 7> reservations{"mais ",    "cependant", "toutefois", "neanmoins",
                                                       "pourtant", "sauf ",     "but "};

bool begins_quotation(std::string_view line)
{
    if (line.starts_with("________")) return true;
    if (line.starts_with("--"))
        for (const auto* word :
             {"original message", "message d'origine", "message original", "message transfere", "forwarded message"})
            if (line.find(word) != std::string_view::npos) return true;
    if (line.ends_with("a ecrit :") || line.ends_with("a ecrit:") || line.ends_with(" wrote:")) return true;
    for (const auto* field : {"de :", "de:", "from:"})
        if (line.starts_with(field) && line.size() > std::string_view(field).size()) return true;
    return false;
}

// Whether a denial stands right before; at the beginning of a sentence it needs none ("Pas mon patient.").
bool is_denied(std::string_view before)
{
    if (trim(before).empty()) return true;
    return std::any_of(denials.begin(), denials.end(), [&](std::string_view each) { return before.ends_with(each); });
}

bool keeps_meaning(std::string_view after)
{
    if (trim(after).empty() || after.starts_with(',') || after.starts_with(" :")) return true;
    return std::any_of(keeping.begin(), keeping.end(), [&](std::string_view each) { return after.starts_with(each); });
}

bool holds(const wording& each, std::string_view sentence)
{
    for (auto at = sentence.find(each.text); at != std::string_view::npos; at = sentence.find(each.text, at + 1)) {
        const bool begins = each.where == place::anywhere || is_denied(sentence.substr(0, at));
        if (begins && keeps_meaning(sentence.substr(at + each.text.size()))) return true;
    }
    return false;
}

bool disputes_in(std::string_view sentence)
{
    if (sentence.find('"') != std::string_view::npos) return false;
    const std::string padded = ' ' + std::string(sentence) + ' ';
    for (const auto hedge : hedges)
        if (padded.find(hedge) != std::string::npos) return false;
    for (const wording& each : disputes)
        if (holds(each, sentence)) return true;
    return false;
}
}

std::string own_words(std::string_view text)
{
    std::string own;
    while (!text.empty() && own.size() < max_own_octets) {
        const std::string_view raw = take_line(text);
        if (raw == "-- " || raw == "--") break;
        const std::string line = lower(trim(raw));
        if (begins_quotation(line)) break;
        if (line.starts_with('>')) continue;  // an answer may follow below
        // A line that ends in the middle of a sentence goes on below; an empty one ends it.
        own += line.empty() ? std::string("\n") : line + ' ';
    }
    return own.substr(0, max_own_octets);
}

bool disputes_patient(std::string_view text)
{
    const std::string own = own_words(text);
    std::string_view left = own;
    bool disputed = false;
    for (int most = max_sentences; most > 0 && !left.empty(); --most) {
        const auto end = left.find_first_of(".!?;\n");
        const bool asks = end != std::string_view::npos && left[end] == '?';
        const std::string_view sentence = trim(left.substr(0, end));
        const bool reserves = std::any_of(reservations.begin(), reservations.end(),
                                          [&](std::string_view each) { return sentence.starts_with(each); });
        if (disputed && reserves) return false;
        disputed = disputed || (!asks && disputes_in(sentence));
        left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
    }
    return disputed;
}
}
