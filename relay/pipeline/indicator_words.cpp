#include "relay/pipeline/indicator_words.hpp"

#include <array>

namespace relay::pipeline {
namespace {
constexpr std::array<indicator, 11> rates{{
    {"j0", "J0 tenu", "lettre acceptée par l'opérateur du médecin traitant le jour de la sortie", &period_figures::j0},
    {"h48", "48 h tenu", "acceptée au plus 48 heures après la sortie", &period_figures::h48},
    {"any_channel", "48 h, toute voie", "48 h tenu, ou papier, fax ou remise notés dans les 48 heures",
     &period_figures::any_channel},
    {"confirmed", "remise confirmée", "séjours dont l'acceptation est confirmée, sur ceux qui en ont une",
     &period_figures::confirmed},
    {"no_letter", "sans lettre", "séjours sans lettre de liaison déposée, leurs 48 heures passées",
     &period_figures::no_letter},
    {"no_address", "sans adresse", "séjours dont la lettre n'avait pas de boîte utilisable au premier essai",
     &period_figures::no_address},
    {"rejected", "envois refusés", "envois terminés en échec, sur les envois terminés", &period_figures::rejected},
    {"filing_refused", "classement refusé", "envois que le logiciel du médecin n'a pas pu classer, sur les acceptés",
     &period_figures::filing_refused},
    {"known_read", "lecture connue (au moins)", "borne basse : le destinataire n'est pas tenu de rendre un accusé",
     &period_figures::known_read},
    {"handed_over", "copie remise au patient", "séjours dont le patient a reçu sa copie, où le site le dit",
     &period_figures::handed_over},
    {"repeated", "doublons", "même document, même version, même boîte ; objectif 0", &period_figures::repeated},
}};
constexpr std::array<lag_segment, 4> lags{{
    {"lag", "délai médian", "de la sortie à l'acceptation", &period_figures::lag},
    {"writing", "dont rédaction", "de la sortie à la signature", &period_figures::writing},
    {"submission", "dont dépôt", "de la signature à la réception par le relais", &period_figures::submission},
    {"relay", "dont relais", "de la réception à l'acceptation", &period_figures::relay},
}};
}

std::span<const indicator> all_indicators() noexcept
{
    return rates;
}

std::span<const lag_segment> all_lags() noexcept
{
    return lags;
}
}
