// mime/report/bounce_text.hpp: reads error mails that hold no machine part: qmail's QSBMF, the words of Postfix, Exim,
// Sendmail, Exchange and French operators (mssante.md §6.2). There is no standard for these: the tables of the source
// file are what is known, and a mail they do not know goes to a person. Pure, any thread.
#pragma once

#include "mime/message/header.hpp"
#include "mime/report/dsn.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::report {
struct bounce_words {
    dsn_action action = dsn_action::failed;    // or delayed
    bool in_body = false;                      // else only the subject says so
    std::vector<recipient_status> recipients;  // empty: nobody is named
    std::vector<std::string> message_ids;      // of the mail given back as text
};

// How the mail is given back, which tells a bounce from a person's words.
enum class given_back { nothing, as_part };

// nullopt: no bounce. `text` is of plain_text().
[[nodiscard]] std::optional<bounce_words> read_bounce(const message::header_view& header, std::string_view text,
                                                      given_back original, const dsn_limits& limits);
}
