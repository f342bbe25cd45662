#include "relay/app/words.hpp"

namespace relay::app {
using pipeline::cause;
using pipeline::delivery_state;
using pipeline::stay_state;

std::string word(delivery_state value, language in)
{
    if (in == language::english) return std::string(name(value));
    switch (value) {
        case delivery_state::received: return "reçue";
        case delivery_state::held: return "retenue";
        case delivery_state::queued: return "en file";
        case delivery_state::deferred: return "différée";
        case delivery_state::sending: return "en cours";
        case delivery_state::uncertain: return "incertaine";
        case delivery_state::accepted: return "acceptée";
        case delivery_state::confirmed: return "remise";
        case delivery_state::displayed: return "lue";
        case delivery_state::processed: return "classée";
        case delivery_state::rejected_by_software: return "refus logiciel";
        case delivery_state::failed: return "échec";
        case delivery_state::undeliverable: return "non remise";
        case delivery_state::cancelled: return "annulée";
        case delivery_state::superseded: return "remplacée";
        case delivery_state::other_channel: return "autre canal";
    }
    return "?";
}

std::string word(stay_state value, language in)
{
    if (in == language::english) return std::string(name(value));
    switch (value) {
        case stay_state::awaiting_letter: return "sans lettre";
        case stay_state::in_progress: return "en cours";
        case stay_state::met_j0: return "J0 tenu";
        case stay_state::met_48h: return "48 h tenu";
        case stay_state::late: return "hors délai";
        case stay_state::overdue: return "en retard";
        case stay_state::closed_other_channel: return "autre canal";
        case stay_state::excluded: return "exclu";
    }
    return "?";
}

std::string word(cause value, language in)
{
    if (value == cause::none) return "";
    if (in == language::english) return std::string(name(value));
    switch (value) {
        case cause::none: return "";
        case cause::no_doctor: return "aucun médecin";
        case cause::doctor_unknown: return "médecin inconnu de l'annuaire";
        case cause::no_mailbox: return "sans adresse sécurisée";
        case cause::ambiguous: return "plusieurs adresses";
        case cause::closed: return "boîte fermée";
        case cause::no_certificate: return "sans certificat";
        case cause::mailbox_full: return "boîte pleine";
        case cause::too_big: return "trop volumineuse";
        case cause::untrusted_domain: return "domaine hors liste";
        case cause::tls_refused: return "liaison TLS refusée";
        case cause::peer_down: return "serveur injoignable";
        case cause::reply_lost: return "réponse perdue";
        case cause::expired: return "délai dépassé";
        case cause::content_refused: return "contenu refusé";
        case cause::filing_refused: return "non classée par le logiciel";
        case cause::disputed: return "contestée";
        case cause::minor_patient: return "patient mineur, document caché à ses représentants";
        case cause::address_refused: return "adresse de patient mal formée";
        case cause::unknown: return "à examiner";
    }
    return "?";
}

std::string next_action(cause value, language in)
{
    const bool french = in == language::french;
    switch (value) {
        case cause::no_doctor: return french ? "saisir le médecin traitant" : "record the treating doctor";
        case cause::doctor_unknown:
        case cause::no_mailbox:
            return french ? "compléter l'annuaire : liaison directory import"
                          : "complete the directory: liaison directory import";
        case cause::ambiguous:
            return french ? "faire choisir une adresse par le service" : "have the ward choose one address";
        case cause::no_certificate:
            return french ? "ajouter le certificat : liaison certs add" : "add the certificate: liaison certs add";
        case cause::untrusted_domain:
            return french ? "faire ajouter le domaine à la liste de confiance"
                          : "have the domain added to the trust list";
        case cause::tls_refused:
            return french ? "vérifier les certificats avec l'opérateur" : "check the certificates with the operator";
        case cause::mailbox_full:
        case cause::closed: return french ? "choisir une autre adresse" : "choose another address";
        case cause::minor_patient:
            return french ? "remettre le document autrement, ou l'émettre à nouveau sans INVISIBLE_REP_LEGAUX"
                          : "hand the document over otherwise, or issue it again without INVISIBLE_REP_LEGAUX";
        case cause::address_refused:
            return french ? "corriger l'adresse et émettre une nouvelle version"
                          : "correct the address and issue a new version";
        case cause::too_big: return french ? "réduire le document" : "make the document smaller";
        case cause::content_refused:
        case cause::expired:
        case cause::unknown: return french ? "examiner, puis liaison requeue" : "look into it, then liaison requeue";
        default: return "";
    }
}

std::string word_of_load(std::string_view state, language in)
{
    if (in == language::english) return std::string(state);
    if (state == "stressed") return "élevée : les fichiers attendent un peu";
    if (state == "refusing") return "excessive : plus rien n'est pris en charge (AR, 452)";
    return "normale";
}

std::string yes_no(std::optional<bool> value, language in)
{
    if (!value) return "–";
    if (in == language::english) return *value ? "yes" : "no";
    return *value ? "oui" : "non";
}

std::string duration(std::optional<std::chrono::milliseconds> value)
{
    if (!value) return "–";
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*value).count();
    const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    if (seconds < 60) return std::to_string(seconds) + " s";
    if (seconds < 3600) return std::to_string(seconds / 60) + " min " + two(seconds % 60);
    if (seconds < 72 * 3600) return std::to_string(seconds / 3600) + " h " + two(seconds / 60 % 60);
    return std::to_string(seconds / 86400) + " j " + two(seconds / 3600 % 24) + " h";
}
}
