// What a doctor's words say about whose patient it is: sure words only, all else is for a person to read.
#include "mime/report/reply_text.hpp"

#include <catch2/catch.hpp>

using mime::report::disputes_patient;

TEST_CASE("words that say the letter is not for him", "[report][reply]")
{
    const auto* words =
        GENERATE("pas mon patient", "Ce n'est pas mon patient.", "Bonjour, ce n'est plus ma patiente, merci.",
                 "C'est pas mon patient", "Il n'est pas notre patient au cabinet.",
                 "Je ne suis plus son medecin traitant.", "Nous ne sommes pas le medecin traitant du patient.",
                 "Ce n'est pas mon patient\nMerci de rectifier", "Ce n'est pas mon patient\nCordialement\nDr Roux",
                 "Je ne connais pas ce patient.", "Patient inconnu au cabinet.", "This is not my patient.",
                 "Wrong recipient", "Bonjour. Ce courrier ne nous est pas destine. Merci.");
    CAPTURE(words);
    CHECK(disputes_patient(words));
}

TEST_CASE("words that leave a doubt are for people", "[report][reply]")
{
    const auto* words = GENERATE(
        "J'ai vu de plus mon patient hier.", "De plus mon patient va bien.",
        "De plus, mon patient, que je revois, va bien.", "Il n'est plus suivi par moi mais par mon associe.",
        "Ce n'est plus mon patient mais je transmets.", "Je ne vois pas mon patient avant lundi.",
        "Ce n'est pas mon patient avant lundi.", "Je n'ai pas mon patient au cabinet cette semaine.",
        "Je ne suis pas non plus son medecin traitant habituel.", "Pourquoi pas mon patient ?",
        "Pourquoi pas mon patient.", "Ce n'est pas mon patient depuis longtemps.",
        "Je ne connais pas cette patiente depuis longtemps.", "Ce n'est pas encore mon patient.",
        "Ce n'est pas seulement mon patient.", "Je crois que ce n'est pas mon patient.",
        "Ce n'est pas mon patient pour l'instant .", "Il est plus mon patient que le sien.",
        "Je ne suis pas le medecin traitant prescripteur.", "Ce n'est pas mon patient. Mais je le prends en charge.",
        "Ce n'est pas mon patient. Toutefois je le connais.", "Not my patient until Monday.",
        "He is not my patient, but my partner's.", "Je ne sais si ce n'est pas mon patient.",
        "Je ne comprends pas : erreur de destinataire possible de votre part ?",
        "Patient inconnu des services sociaux.", "");
    CAPTURE(words);
    CHECK_FALSE(disputes_patient(words));
}
