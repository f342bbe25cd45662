#include "mime/hl7/smtp_error_code.hpp"

#include <algorithm>
#include <array>

namespace mime::hl7 {
namespace {
constexpr std::array table = {
    smtp_error_code{101, "Connexion au serveur impossible"},
    smtp_error_code{111, "Connexion refusée"},
    smtp_error_code{251, "Destinataire non local, message retransmis"},
    smtp_error_code{252, "Destinataire non vérifiable, envoi tenté"},
    smtp_error_code{420, "Délai dépassé"},
    smtp_error_code{421, "Service indisponible"},
    smtp_error_code{422, "Quota de la boîte du destinataire dépassé"},
    smtp_error_code{431, "Espace disque ou mémoire insuffisant"},
    smtp_error_code{432, "Changement de mot de passe requis"},
    smtp_error_code{441, "Le serveur du destinataire ne répond pas"},
    smtp_error_code{442, "Connexion interrompue pendant l'envoi"},
    smtp_error_code{450, "Boîte indisponible ou occupée"},
    smtp_error_code{451, "Traitement interrompu par une erreur"},
    smtp_error_code{452, "Ressources système insuffisantes"},
    smtp_error_code{500, "Erreur de syntaxe, commande inconnue"},
    smtp_error_code{501, "Erreur de syntaxe dans les paramètres"},
    smtp_error_code{502, "Commande non prise en charge"},
    smtp_error_code{503, "Séquence de commandes incorrecte"},
    smtp_error_code{504, "Paramètre non pris en charge"},
    smtp_error_code{510, "Adresse incorrecte"},
    smtp_error_code{512, "Erreur DNS, hôte introuvable"},
    smtp_error_code{513, "Type d'adresse incorrect"},
    smtp_error_code{523, "Message trop volumineux pour le serveur du destinataire"},
    smtp_error_code{530, "Authentification requise"},
    smtp_error_code{541, "Message rejeté par le destinataire"},
    smtp_error_code{550, "Boîte introuvable ou inaccessible"},
    smtp_error_code{551, "Relais refusé, destinataire non local"},
    smtp_error_code{552, "Boîte pleine"},
    smtp_error_code{553, "Nom de boîte incorrect"},
    smtp_error_code{554, "Échec définitif"},
};

struct status_rule {
    std::string_view prefix;
    int code;
};
// RFC 3463 status -> SMTPERRORCODE; an entry that ends in '.' matches any detail, the first match wins.
constexpr std::array status_rules = {
    status_rule{"4.2.2", 422}, status_rule{"4.3.1", 431}, status_rule{"4.4.1", 441}, status_rule{"4.4.2", 442},
    status_rule{"4.4.7", 420}, status_rule{"5.1.1", 550}, status_rule{"5.1.2", 512}, status_rule{"5.1.3", 553},
    status_rule{"5.2.2", 552}, status_rule{"5.3.4", 523}, status_rule{"5.4.4", 512}, status_rule{"5.7.", 541},
    status_rule{"4.", 451},
};

constexpr smtp_error_code permanent_failure = table.back();
static_assert(permanent_failure.code == 554);

bool matches(const status_rule& rule, std::string_view status) noexcept
{
    return rule.prefix.back() == '.' ? status.starts_with(rule.prefix) : status == rule.prefix;
}
}

std::optional<smtp_error_code> find_smtp_error_code(int code) noexcept
{
    const auto* const found =
        std::find_if(table.begin(), table.end(), [&](const smtp_error_code& e) { return e.code == code; });
    if (found == table.end()) return std::nullopt;
    return *found;
}

smtp_error_code smtp_error_code_for(std::optional<int> reply_code, std::string_view status) noexcept
{
    if (reply_code) {
        if (const auto found = find_smtp_error_code(*reply_code)) return *found;
    }
    const auto* const rule = std::find_if(status_rules.begin(), status_rules.end(),
                                          [&](const status_rule& r) { return matches(r, status); });
    if (rule == status_rules.end()) return permanent_failure;
    return find_smtp_error_code(rule->code).value_or(permanent_failure);
}
}
