// mime/message/header.hpp: header fields of a mail (RFC 5322 §2.2, §3.6.4), encoded words (RFC 2047), and a writer that
// nothing can be smuggled through. Pure, safe from any thread. Everything decoded is UTF-8.
// Errors: message_errc::{header_too_large, malformed, bad_header_name, bad_header_value, bad_header_length,
// bad_message_id}. No error holds a value.
#pragma once

#include "mime/message/errc.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::message {
struct header_limits {
    std::size_t max_octets = 256 * 1024;
    std::size_t max_fields = 5000;
};

struct header_field {
    std::string_view name;
    std::string_view value;  // after the colon, still folded, without the last line end
    std::string_view raw;    // the whole field with its line ends
};

// Borrows the message. Lines that are no field (no colon) are skipped: they are read by nobody and served as they are.
class header_view {
public:
    [[nodiscard]] static result<header_view> read(std::string_view message, const header_limits& limits = {});

    [[nodiscard]] const std::vector<header_field>& fields() const noexcept { return fields_; }
    [[nodiscard]] std::size_t octets() const noexcept { return octets_; }  // with the empty line, if there is one
    [[nodiscard]] std::optional<std::string> find(
        std::string_view name) const;  // first of that name, unfolded, trimmed
    [[nodiscard]] std::vector<std::string> find_all(std::string_view name) const;

private:
    std::vector<header_field> fields_;
    std::size_t octets_ = 0;
};

// Octets of the header of `message` with its empty line; all of it if there is no empty line.
[[nodiscard]] std::size_t header_octets(std::string_view message) noexcept;

[[nodiscard]] std::string unfold(std::string_view folded);  // RFC 5322 §2.2.3

// RFC 2047 §6.2: encoded words become UTF-8 (utf-8, us-ascii, iso-8859-1, -15, windows-1252 are known; a word in
// another set, or one that does not decode, stays as it is written). Blanks between two encoded words vanish.
[[nodiscard]] std::string decode_words(std::string_view unfolded);

// Text as ASCII, word by word: words in ASCII stay as they are (receivers sort on the clear `XDM/1.0/DDM+`), the others
// become encoded words of at most 75 octets. Reads back the same through decode_words. Errors: bad_encoding if the text
// is not UTF-8, bad_header_value if it holds a control character.
[[nodiscard]] result<std::string> encode_words(std::string_view utf8);

// The same with every word encoded: for display names, where a comma or a dot outside encoded words has a meaning.
[[nodiscard]] result<std::string> encode_phrase(std::string_view utf8);

// One folded field with its CRLF: lines ≤ 78 octets where blanks allow it, never above 998. The value is printable
// ASCII.
[[nodiscard]] result<std::string> write_field(std::string_view name, std::string_view value);

// Message identifiers are kept without their angle brackets everywhere in Liaison; only headers show them.
[[nodiscard]] result<std::string> write_message_id(std::string_view id);           // "<id>"; refuses what is no msg-id
[[nodiscard]] std::optional<std::string> read_message_id(std::string_view value);  // first <…> of a field value
[[nodiscard]] std::vector<std::string> read_message_ids(std::string_view value, std::size_t max_ids = 100);
}
