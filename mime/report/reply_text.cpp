#include "mime/report/reply_text.hpp"

#include "mime/report/fields.hpp"
#include "mime/report/plain_text.hpp"
#include "mime/text/ascii.hpp"

#include <array>

namespace mime::report {
namespace {
constexpr std::size_t max_own_octets = 4000;
constexpr int max_sentences = 40;

// Folded, lower case. `closing`: only at the end of the sentence, or before words that keep the meaning.
struct wording {
    std::string_view text;
    enum class place { anywhere, closing } where = place::anywhere;
};
constexpr std::array<wording, 47> disputes{{{"pas mon patient"},
                                            {"pas ma patiente"},
                                            {"pas notre patient"},
                                            {"pas un de mes patients"},
                                            {"pas l'un de mes patients"},
                                            {"pas une de mes patientes"},
                                            {"pas l'une de mes patientes"},
                                            {"pas un de nos patients"},
                                            {"pas un patient du cabinet"},
                                            {"pas une patiente du cabinet"},
                                            {"pas un patient a moi"},
                                            {"plus mon patient"},
                                            {"plus ma patiente"},
                                            {"plus notre patient"},
                                            {"pas le medecin traitant"},
                                            {"plus le medecin traitant"},
                                            {"pas son medecin traitant"},
                                            {"plus son medecin traitant"},
                                            {"pas la medecin traitante"},
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
                                            {"ne nous est pas destine"},
                                            {"vous vous trompez de medecin"},
                                            {"not my patient"},
                                            {"not our patient"},
                                            {"not a patient of mine"},
                                            {"patient inconnu", wording::place::closing},
                                            {"patiente inconnue", wording::place::closing},
                                            {"erreur de destinataire", wording::place::closing},
                                            {"mauvais destinataire", wording::place::closing},
                                            {"wrong recipient", wording::place::closing}}};
constexpr std::array<std::string_view, 6> keeping{" au cabinet",  " chez nous", " chez moi",
                                                  " dans notre ", " de notre ", " du cabinet"};
// A sentence with one of these asks, supposes or repeats; it says nothing.
constexpr std::array<std::string_view, 14> hedges{" si ",      " s'il ",        "en cas ",   " if ",       "verifier",
                                                  "est-ce",    "au cas ",       "peut-etre", "il se peut", "savoir ",
                                                  "dites-moi", "je ne dis pas", "suppose",   "semble"};

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

bool holds(const wording& each, std::string_view sentence)
{
    const auto at = sentence.find(each.text);
    if (at == std::string_view::npos) return false;
    const std::string_view after = sentence.substr(at + each.text.size());
    if (after.starts_with(" qui ") || after.starts_with(" que ")) return false;  // "pas mon patient qui a appelé"
    if (each.where == wording::place::anywhere || trim(after).empty() || after.starts_with(',')) return true;
    for (const auto words : keeping)
        if (after.starts_with(words)) return true;
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
    for (int most = max_sentences; most > 0 && !left.empty(); --most) {
        const auto end = left.find_first_of(".!?;\n");
        const bool asks = end != std::string_view::npos && left[end] == '?';
        if (!asks && disputes_in(trim(left.substr(0, end)))) return true;
        left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
    }
    return false;
}
}
