#include "relay/pipeline/causes.hpp"

#include <algorithm>
#include <array>

namespace relay::pipeline {
namespace {
using enum next_step;
constexpr std::string_view admissions = "service ou bureau des admissions";
constexpr std::string_view secretary = "secrétariat du service, gestionnaire de l'annuaire";
constexpr std::string_view directory_keeper = "gestionnaire de l'annuaire";
constexpr std::string_view operator_fr = "exploitant";
constexpr std::string_view identity_cell = "cellule d'identitovigilance";
constexpr std::string_view software_team = "équipe du logiciel émetteur";

constexpr std::array<cause_facts, 26> table{{
    {cause::none, "NONE", retry, "", {}, {}, {2, 0, 0}, "", "", "", ""},
    {cause::no_doctor,
     "NO_DOCTOR",
     hold,
     "ward / admissions",
     550,
     {},
     {5, 1, 1},
     "aucun médecin",
     admissions,
     "saisir le médecin traitant",
     "record the treating doctor"},
    {cause::doctor_unknown,
     "DOCTOR_UNKNOWN",
     hold,
     "ward / admissions",
     550,
     {},
     {5, 1, 1},
     "médecin inconnu de l'annuaire",
     admissions,
     "vérifier le médecin traitant, ou compléter l'annuaire : liaison directory import",
     "check the treating doctor, or complete the directory: liaison directory import"},
    {cause::no_mailbox,
     "NO_MAILBOX",
     hold,
     "service secretary, directory keeper",
     550,
     {},
     {5, 1, 1},
     "sans adresse sécurisée",
     secretary,
     "trouver une adresse sécurisée, ou compléter l'annuaire : liaison directory import",
     "find a secure address, or complete the directory: liaison directory import"},
    {cause::ambiguous,
     "AMBIGUOUS",
     hold,
     "service secretary, directory keeper",
     550,
     {},
     {5, 1, 4},
     "plusieurs adresses",
     secretary,
     "faire choisir une adresse par le service",
     "have the ward choose one address"},
    {cause::closed,
     "CLOSED",
     hold,
     "service secretary, directory keeper",
     550,
     {},
     {5, 2, 1},
     "boîte fermée",
     secretary,
     "choisir une autre adresse",
     "choose another address"},
    {cause::no_certificate,
     "NO_CERTIFICATE",
     hold,
     "directory keeper",
     554,
     {},
     {5, 7, 5},
     "sans certificat",
     directory_keeper,
     "ajouter le certificat : liaison certs add",
     "add the certificate: liaison certs add"},
    {cause::mailbox_full,
     "MAILBOX_FULL",
     retry,
     "directory keeper; other mailbox",
     422,
     {},
     {5, 2, 2},
     "boîte pleine",
     directory_keeper,
     "prévenir le destinataire, ou choisir une autre adresse",
     "tell the recipient, or choose another address"},
    {cause::too_big,
     "TOO_BIG",
     fail,
     "sender",
     523,
     {},
     {5, 3, 4},
     "trop volumineuse",
     "émetteur",
     "réduire le document",
     "make the document smaller"},
    {cause::untrusted_domain,
     "UNTRUSTED_DOMAIN",
     hold,
     "operator; never fall back to clear text",
     510,
     {},
     {5, 7, 1},
     "domaine hors liste",
     operator_fr,
     "faire ajouter le domaine à la liste de confiance",
     "have the domain added to the trust list"},
    {cause::tls_refused,
     "TLS_REFUSED",
     retry,
     "operator; never fall back to clear text",
     441,
     {},
     {5, 7, 10},
     "liaison TLS refusée",
     operator_fr,
     "vérifier les certificats avec l'opérateur",
     "check the certificates with the operator"},
    {cause::peer_down,
     "PEER_DOWN",
     retry,
     "operator, then other channel",
     441,
     {},
     {5, 4, 1},
     "serveur injoignable",
     operator_fr,
     "appeler l'opérateur du destinataire, puis prévoir un autre canal",
     "call the recipient's operator, then plan another channel"},
    {cause::reply_lost,
     "REPLY_LOST",
     retry,
     "operator, then other channel",
     420,
     {},
     {5, 4, 2},
     "réponse perdue",
     operator_fr,
     "rien avant le prochain essai ; s'il échoue, appeler l'opérateur du destinataire",
     "nothing before the next attempt; if it fails, call the recipient's operator"},
    {cause::expired,
     "EXPIRED",
     fail,
     "operator, then other channel",
     420,
     {},
     {5, 4, 7},
     "délai dépassé",
     operator_fr,
     "examiner, puis liaison requeue ou un autre canal",
     "look into it, then liaison requeue or another channel"},
    {cause::content_refused,
     "CONTENT_REFUSED",
     fail,
     "operator",
     554,
     {},
     {5, 7, 1},
     "contenu refusé",
     operator_fr,
     "demander le motif à l'opérateur du destinataire, puis liaison requeue",
     "ask the recipient's operator why, then liaison requeue"},
    {cause::filing_900,
     "FILING_900",
     tell,
     "sender software team",
     {},
     900,
     {5, 6, 0},
     "non classée : version",
     software_team,
     "émettre la dernière version du document",
     "issue the latest version of the document"},
    {cause::filing_901,
     "FILING_901",
     tell,
     "sender software team",
     {},
     901,
     {5, 6, 0},
     "non classée : auteur",
     software_team,
     "remplacer ou supprimer au nom de l'auteur du document",
     "replace or delete in the name of the document's author"},
    {cause::filing_902,
     "FILING_902",
     tell,
     "identity cell",
     {},
     902,
     {5, 6, 0},
     "non classée : patient inconnu",
     identity_cell,
     "vérifier l'identité avec le destinataire",
     "check the identity with the recipient"},
    {cause::filing_903,
     "FILING_903",
     tell,
     "sender software team",
     {},
     903,
     {5, 6, 0},
     "non classée : sans INS",
     software_team,
     "envoyer l'INS qualifiée du patient, puis une nouvelle version",
     "send the patient's qualified INS, then a new version"},
    {cause::filing_904,
     "FILING_904",
     tell,
     "identity cell",
     {},
     904,
     {5, 6, 0},
     "non classée : identité différente",
     identity_cell,
     "comparer l'INS et les traits avec le destinataire",
     "compare the INS and the traits with the recipient"},
    {cause::filing_905,
     "FILING_905",
     tell,
     "sender software team",
     {},
     905,
     {5, 6, 0},
     "non classée : traits incomplets",
     software_team,
     "compléter les traits de l'INS, puis une nouvelle version",
     "complete the traits of the INS, then a new version"},
    {cause::filing_906,
     "FILING_906",
     tell,
     "sender software team",
     {},
     906,
     {5, 6, 0},
     "non classée par le logiciel",
     software_team,
     "demander le motif au destinataire",
     "ask the recipient why"},
    {cause::disputed,
     "DISPUTED",
     tell,
     "service, identity cell, DPO",
     {},
     {},
     {5, 1, 0},
     "contestée",
     "service, cellule d'identitovigilance, DPO",
     "vérifier le destinataire ; ouvrir une fiche de violation s'il n'est pas le bon",
     "check the recipient; open a breach file if it was the wrong one"},
    {cause::minor_patient,
     "MINOR_PATIENT",
     tell,
     "ward / admissions",
     554,
     {},
     {5, 7, 1},
     "patient mineur, document caché à ses représentants",
     admissions,
     "remettre le document autrement, ou l'émettre à nouveau sans INVISIBLE_REP_LEGAUX",
     "hand the document over otherwise, or issue it again without INVISIBLE_REP_LEGAUX"},
    {cause::address_refused,
     "ADDRESS_REFUSED",
     tell,
     "sender software team",
     510,
     {},
     {5, 1, 3},
     "adresse de patient mal formée",
     software_team,
     "corriger l'adresse et émettre une nouvelle version",
     "correct the address and issue a new version"},
    {cause::unknown,
     "UNKNOWN",
     tell,
     "operator",
     554,
     {},
     {5, 0, 0},
     "à examiner",
     operator_fr,
     "examiner, puis liaison requeue",
     "look into it, then liaison requeue"},
}};

constexpr bool is_in_order()
{
    for (std::size_t at = 0; at < table.size(); ++at)
        if (table[at].code != static_cast<cause>(at)) return false;
    return table.back().code == cause::unknown;
}
static_assert(is_in_order());
}

std::span<const cause_facts> all_causes() noexcept
{
    return table;
}

const cause_facts& facts_of(cause value) noexcept
{
    const auto index = static_cast<std::size_t>(value);
    return index < table.size() ? table[index] : table.back();
}

std::string_view name(cause value) noexcept
{
    return facts_of(value).word;
}

template <>
std::optional<cause> from_name<cause>(std::string_view text) noexcept
{
    if (text == "FILING_REFUSED") return cause::filing_906;  // a word that stores may hold, of an unnamed filing error
    const auto* const found =
        std::find_if(table.begin(), table.end(), [text](const cause_facts& one) { return one.word == text; });
    if (found == table.end()) return std::nullopt;
    return found->code;
}

std::string_view name(next_step value) noexcept
{
    switch (value) {
        case retry: return "retry";
        case fail: return "fail";
        case hold: return "hold";
        case tell: break;
    }
    return "tell";
}

cause cause_of_filing(std::optional<int> error_code) noexcept
{
    for (const cause_facts& one : table)
        if (error_code && one.reading_code == error_code) return one.code;
    return cause::filing_906;
}
}
