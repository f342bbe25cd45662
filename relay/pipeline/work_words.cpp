#include "relay/pipeline/work_words.hpp"

#include <algorithm>
#include <array>

namespace relay::pipeline {
namespace {
using enum work_topic;
constexpr std::string_view secretary = "secrétariat du service";
constexpr std::string_view doctor = "médecin du service";
constexpr std::string_view keeper = "gestionnaire de l'annuaire";

constexpr std::array<work_words, 13> table{{
    {no_letter_in_the_evening, "no_letter", "service secretary", "sortie sans lettre à 18 h", secretary,
     "faire signer et déposer la lettre avant minuit", "have the letter signed and submitted before midnight"},
    {j0_missed, "j0_missed", "service secretary", "J0 manqué, sans lettre", secretary,
     "faire signer et déposer la lettre", "have the letter signed and submitted"},
    {h36_passed, "h36_passed", "service secretary, hospital doctor", "36 h passées, sans lettre",
     "secrétariat et médecin du service", "faire signer la lettre : il reste moins de 12 h",
     "have the letter signed: less than 12 h are left"},
    {h48_missed, "h48_missed", "hospital doctor, head of service", "48 h manquées, sans lettre",
     "médecin et chef du service", "faire signer et déposer la lettre, ou exclure le séjour : liaison exclude",
     "have the letter signed and submitted, or exclude the stay: liaison exclude"},
    {j0_missed_on_the_way, "j0_missed_on_the_way", "operator", "J0 manqué, lettre en route", "exploitant",
     "voir ce qui retient l'envoi : liaison queue", "see what keeps the letter: liaison queue"},
    {h36_passed_on_the_way, "h36_passed_on_the_way", "operator, then other channel",
     "36 h passées, lettre non acceptée", "exploitant, puis secrétariat du service",
     "prévoir un autre canal, puis liaison other-channel", "plan another channel, then liaison other-channel"},
    {h48_missed_on_the_way, "h48_missed_on_the_way", "service secretary", "48 h manquées, lettre non acceptée",
     secretary, "remettre la lettre par un autre canal, puis liaison other-channel",
     "hand the letter over by another channel, then liaison other-channel"},
    {unmatched, "unmatched", "ward / admissions", "séjour inconnu", "service ou bureau des admissions",
     "rattacher la lettre : liaison match", "name its stay: liaison match"},
    {patients_held, "patients_held", "operator", "lettres aux patients retenues", "exploitant",
     "décider de la règle de patient.mssante.fr : [[route]] des réglages",
     "decide the rule of patient.mssante.fr: [[route]] in the settings"},
    {mailbox_volume, "mailbox_volume", "directory keeper", "boîte qui reçoit bien plus que d'habitude", keeper,
     "vérifier que ces lettres lui sont destinées", "check that these letters are for it"},
    {mailbox_unread, "mailbox_unread", "directory keeper", "boîte dont rien n'a jamais été lu", keeper,
     "demander au titulaire s'il relève cette boîte", "ask its owner whether he reads it"},
    {mailbox_catch_all, "mailbox_catch_all", "directory keeper", "boîte commune à de nombreux médecins", keeper,
     "vérifier que c'est une boîte de structure, et non une adresse par défaut",
     "check that it is the mailbox of an organisation, not a default address"},
    {binding_mismatch, "binding_mismatch", "directory keeper", "le médecin de la lettre n'est pas celui de l'annuaire",
     keeper, "comparer le médecin traitant et le titulaire de la boîte",
     "compare the treating doctor with the owner of the mailbox"},
}};
static_assert([] {
    for (std::size_t at = 0; at < table.size(); ++at)
        if (table[at].code != static_cast<work_topic>(at)) return false;
    return table.back().code == binding_mismatch;
}());

constexpr std::array done_codes{
    coded_reason{"CALLED", "destinataire ou opérateur appelé"}, coded_reason{"CORRECTED", "corrigé à la source"},
    coded_reason{"NEW_VERSION", "nouvelle version à venir"},    coded_reason{"CHECKED", "vérifié : rien à corriger"},
    coded_reason{"BREACH_FILE", "fiche de violation ouverte"},  coded_reason{"NOT_NEEDED", "sans objet"},
};
constexpr std::array exclusion_codes{
    coded_reason{"NO_LETTER_DUE", "aucune lettre due pour ce séjour"},
    coded_reason{"DUPLICATE", "séjour enregistré deux fois"},
    coded_reason{"TRANSFER", "transfert, la lettre est celle d'un autre séjour"},
    coded_reason{"TEST", "séjour d'essai"},
};
constexpr std::array channel_codes{
    coded_reason{"paper", "courrier postal"},
    coded_reason{"fax", "télécopie"},
    coded_reason{"hand", "remise en main propre"},
    coded_reason{"shared_record", "dossier partagé"},
};
}

std::span<const work_words> all_work_words() noexcept
{
    return table;
}

const work_words& words_of(work_topic topic) noexcept
{
    const auto index = static_cast<std::size_t>(topic);
    return table[std::min(index, table.size() - 1)];
}

std::span<const coded_reason> done_reasons() noexcept
{
    return done_codes;
}

std::span<const coded_reason> exclusion_reasons() noexcept
{
    return exclusion_codes;
}

std::span<const coded_reason> other_channels() noexcept
{
    return channel_codes;
}

bool is_known(std::span<const coded_reason> list, std::string_view code) noexcept
{
    return std::any_of(list.begin(), list.end(), [&](const coded_reason& one) { return one.code == code; });
}
}
