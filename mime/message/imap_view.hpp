// mime/message/imap_view.hpp: what an IMAP server says about a mail (RFC 3501 §7.4.2): ENVELOPE, BODY, BODYSTRUCTURE,
// computed once at delivery, and where its sections are (§6.4.5), so that FETCH serves raw bytes without reading the
// mail again. A mail that the scan refuses gets an opaque view: empty envelope, one application/octet-stream body.
// Nothing here fails. Pure, safe from any thread. The strings are IMAP text: quoted strings hold no CR, LF, NUL and no
// octet above 127, all else is a literal ({n} CRLF octets), so they may hold several lines and must be sent as they
// are.
#pragma once

#include "mime/message/entity.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::message {
struct section_range {
    std::size_t start = 0;
    std::size_t end = 0;
    friend bool operator==(const section_range&, const section_range&) = default;
};

struct section_entry {
    std::string path;       // "" the mail, "1", "2.1" …
    section_range header;   // [path.MIME]; of the mail for ""
    section_range content;  // [path]; for "" all of it
    // Of the mail ("" ) or of a message/rfc822 part: [path.HEADER], [path.TEXT].
    std::optional<section_range> inner_header;
    std::optional<section_range> inner_text;
    friend bool operator==(const section_entry&, const section_entry&) = default;
};

class section_map {
public:
    section_map() = default;
    explicit section_map(std::vector<section_entry> entries) : entries_(std::move(entries)) {}
    [[nodiscard]] const std::vector<section_entry>& entries() const noexcept { return entries_; }
    [[nodiscard]] const section_entry* find(std::string_view path) const noexcept;

    // A short ASCII text for the store. read_section_map refuses whatever write_text did not write, and ranges beyond
    // `message_octets`.
    [[nodiscard]] std::string write_text() const;
    friend bool operator==(const section_map&, const section_map&) = default;

private:
    std::vector<section_entry> entries_;
};
[[nodiscard]] std::optional<section_map> read_section_map(std::string_view text, std::size_t message_octets);

enum class view_kind { parsed, opaque };

struct imap_view {
    view_kind kind = view_kind::parsed;
    std::string envelope;        // "(…)"
    std::string body;            // BODY: without extension data
    std::string body_structure;  // BODYSTRUCTURE
    section_map sections;
};
[[nodiscard]] imap_view make_imap_view(std::string_view message, const scan_limits& limits = {});

enum class section_part { whole, header, header_fields, header_fields_not, text, mime };  // whole: BODY[] or BODY[1.2]

struct section_request {
    std::string path;  // "" or "1.2"
    section_part part = section_part::whole;
    std::vector<std::string> fields;  // of HEADER.FIELDS and HEADER.FIELDS.NOT
};

class section_bytes {  // borrows the mail, or owns the chosen header fields
public:
    explicit section_bytes(std::string_view borrowed) : borrowed_(borrowed) {}
    explicit section_bytes(std::string owned) : owned_(std::move(owned)) {}
    [[nodiscard]] std::string_view bytes() const noexcept { return owned_ ? std::string_view(*owned_) : borrowed_; }

private:
    std::string_view borrowed_;
    std::optional<std::string> owned_;
};

// nullopt: there is no such section (answer NIL).
[[nodiscard]] std::optional<section_bytes> read_section(std::string_view message, const section_map& sections,
                                                        const section_request& request);

// <first.count> of RFC 3501 §6.4.5: empty beyond the end.
[[nodiscard]] std::string_view partial_of(std::string_view bytes, std::uint64_t first, std::uint64_t count) noexcept;

// One IMAP nstring as said above; nullopt is NIL.
[[nodiscard]] std::string write_imap_string(std::string_view octets);
}
