// mime/report/plain_text.hpp: the words of a mail for the rules of this room: text/plain, else text/html without its
// marks, as plain ASCII (accents gone, typographic quotes and blanks plain), lines ended by LF. Pure, any thread; time
// linear in the input.
#pragma once

#include "mime/message/entity.hpp"
#include "mime/message/header.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace mime::report {
// Of the first text part that is no attachment, not looking into embedded mails; at most `max_octets` of it are read.
[[nodiscard]] std::string plain_text(const message::parsed_entity& mail, std::size_t max_octets);

// Line breaks where the marks make one; ends at <blockquote>, behind which somebody else's words stand.
[[nodiscard]] std::string html_text(std::string_view html);

// A header value for comparing: encoded words decoded, ASCII, lower case.
[[nodiscard]] std::string folded_value(std::string_view value);
[[nodiscard]] std::string folded_subject(const message::header_view& header);  // empty without one
}
