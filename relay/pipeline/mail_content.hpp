// relay/pipeline/mail_content.hpp: what a mail is, as to whether it may leave this server (design.md §3.5): a letter
// leaves encrypted, a report holds none, anything else is in clear. Decided on the bytes, never on the subject or a
// label. Pure, safe from any thread. No input whatever throws.
#pragma once

#include <cstddef>
#include <string_view>

namespace relay::pipeline {
enum class mail_content {
    enveloped,  // S/MIME, as a whole: mime/smime/enveloped.hpp
    report,     // MDN (RFC 8098) or DSN (RFC 3464) that carries nothing else
    clear
};

// A report's words for people, and the header it gives back: beyond this it is no report any more but a letter.
struct report_form_limits {
    std::size_t max_text_octets = 16 * 1024;  // of each
    std::size_t max_octets = 32 * 1024;  // of all that is not the encrypted mail it gives back: headers, preamble...
};
[[nodiscard]] mail_content content_of(std::string_view message, const report_form_limits& limits = {});
}
