// mime/message/compose.hpp: builds mails: MIME entities (RFC 2045–2047, 2231), the letter with protected headers (RFC
// 9788) for S/MIME, its outer header, and the national clear form (mssante.md §4). Pure and deterministic: date,
// Message-ID and boundary come from the caller, so that a retry has the same bytes. Lines end by CRLF, 7bit throughout,
// body lines ≤ 76. Errors: message_errc::{bad_boundary, bad_address, bad_header_name, bad_header_value,
// bad_header_length, bad_message_id, bad_encoding}.
#pragma once

#include "mime/message/address.hpp"
#include "mime/message/date.hpp"
#include "mime/message/errc.hpp"
#include "mime/text/sensitive.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::message {
struct attachment {
    patient_text file_name;    // UTF-8, no path; RFC 2231 filename* beside an ASCII filename where it is not ASCII
    std::string content_type;  // "application/pdf", without parameters
    std::string_view octets;   // borrowed until the call returns
};

struct extra_field {
    std::string name;   // X-MSS-…
    std::string value;  // printable ASCII, no identity: it stands in the outer header
};

struct letter_mail {
    mailbox from;
    mailbox to;
    std::optional<mailbox> reply_to;
    patient_text subject;       // the true one: protected
    std::string outer_subject;  // `XDM/1.0/DDM+<type>`, no identity
    mail_date date;
    std::string message_id;                  // without angle brackets
    std::vector<std::string> references;     // ids of the mails this one replaces or completes, the oldest first
    std::optional<std::string> receipts_to;  // Disposition-Notification-To
    std::vector<extra_field> extra;
    patient_text text;  // UTF-8; any line end
    std::vector<attachment> attachments;
    std::string boundary_token;  // random, 16 to 60 of [A-Za-z0-9]
};

// A text/plain part; quoted-printable, so that it reads as it is even undecoded. Header, empty line, body.
[[nodiscard]] result<std::string> text_part(std::string_view utf8);
[[nodiscard]] result<std::string> attachment_part(const attachment& file);

// multipart/<subtype> of complete parts. `type_parameters` goes verbatim behind the boundary ("; hp=\"cipher\""). The
// boundary gets "=_" in front: no base64 or quoted-printable line can hold that, so it cannot occur inside a part.
[[nodiscard]] result<std::string> write_multipart(std::string_view subtype, std::string_view boundary_token,
                                                  const std::vector<std::string>& parts,
                                                  std::string_view type_parameters = {},
                                                  std::string_view fields_before = {});

// What gets signed, then encrypted: all header fields with their true values, HP-Outer fields telling what the outer
// header says (RFC 9788 §2.2), Content-Type with hp="cipher" (§2.1.1), the parts.
[[nodiscard]] result<std::string> compose_letter_entity(const letter_mail& letter);

// The header around the sealed entity: same fields, obscured subject, MIME-Version. No empty line at the end: the
// entity's own Content-Type fields follow.
[[nodiscard]] result<std::string> compose_outer_header(const letter_mail& letter);

// The whole mail of the `mssante` profile: true subject in the only header, no protection inside.
[[nodiscard]] result<std::string> compose_clear_letter(const letter_mail& letter);

// Parameter of a structured field, with the "; " before it and folded onto its own line: quoted-string, or RFC 2231.
[[nodiscard]] result<std::string> write_parameter(std::string_view name, std::string_view utf8);
}
