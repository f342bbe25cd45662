// mime/report/reply_text.hpp: does a doctor's reply say that the letter is not for him ("pas mon patient", domain.md
// §7, cause DISPUTED)? Read cautiously: only words of the sender's own, no question, no condition (every second
// signature says "si vous avez reçu ce message par erreur"), nothing in quotes. In doubt it does not; a person reads it
// anyway. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

namespace mime::report {
// What the sender wrote, without what he quotes and without his signature. `text` is of plain_text().
[[nodiscard]] std::string own_words(std::string_view text);

[[nodiscard]] bool disputes_patient(std::string_view text);
}
