// mime/message/letter_body.hpp: the plain text a doctor reads first (domain.md §9): patient, birth date, type, status,
// stay, service, signatory, direct phone, then the letter's own text. French, UTF-8, LF, lines ≤ 78 characters, no
// links. Pure, safe from any thread. Empty fields are left out, never shown as blanks.
#pragma once

#include "mime/text/sensitive.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mime::message {
enum class letter_status { final_version, provisional, replacement, complement, deletion };

struct letter_body_input {
    patient_text birth_name;
    patient_text used_name;
    patient_text given_names;
    patient_text birth_date;    // "14/07/1985"
    patient_text sex;           // "F", "M" or empty
    std::string document_type;  // "Lettre de liaison à la sortie"
    letter_status status = letter_status::final_version;
    patient_text replaced_date;  // of the version replaced or completed, "" if unknown
    patient_text stay_from;      // "18/11/2026"
    patient_text stay_to;        // "21/11/2026 16:05"
    std::string establishment;
    std::string service;    // empty where the service is sensitive (domain.md §10, rule 4)
    std::string signatory;  // "Dr Alice MARTIN"
    std::string phone;
    std::vector<std::string> copies_to;  // named, without addresses
    patient_text text;                   // the letter, or empty
    // The hospital wrote the text for this very mail (CORPSMAIL): it says itself what is replaced or deleted.
    bool text_is_given = false;
    std::size_t documents = 1;  // joined
    std::vector<patient_text> attachment_names;
};

[[nodiscard]] patient_text write_letter_body(const letter_body_input& input);

// Cut at blanks to lines of at most `max_characters` UTF-8 characters; a longer word is cut. Line ends of the text are
// kept (CRLF, CR and LF all become LF).
[[nodiscard]] std::string wrap_text(std::string_view utf8, std::size_t max_characters);
}
