// mime/message/entity.hpp: reads a mail into its MIME tree (RFC 2045, 2046, 2231) through libetpan, after scan_message
// has let it pass. The result is plain values: offsets into the bytes, decoded parameters. No libetpan type leaves this
// room. Pure, safe from any thread. Errors: those of scan_message, message_errc::malformed, message_errc::bad_encoding.
#pragma once

#include "mime/message/errc.hpp"
#include "mime/message/scan.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::message {
enum class part_kind { leaf, multipart, message };  // message: message/rfc822, its one child is the mail inside
enum class transfer_encoding { seven_bit, eight_bit, binary, quoted_printable, base64, other };

struct parameter {
    std::string name;   // lower case
    std::string value;  // as written, quotes removed
    friend bool operator==(const parameter&, const parameter&) = default;
};

struct part {
    part_kind kind = part_kind::leaf;
    std::string type;     // lower case: "text"
    std::string subtype;  // lower case: "plain"
    std::vector<parameter> parameters;
    std::optional<std::string> disposition;  // lower case: "attachment"
    std::vector<parameter> disposition_parameters;
    std::string
        file_name;  // UTF-8: filename, filename*, else name, RFC 2231 and 2047 decoded; may be empty; may hold a path
    transfer_encoding encoding = transfer_encoding::seven_bit;
    std::size_t header_start = 0;
    std::size_t body_start = 0;
    std::size_t end = 0;                // of the body; the CRLF before a delimiter is not part of it
    std::vector<std::size_t> children;  // indexes into the tree
    [[nodiscard]] bool is(std::string_view wanted_type, std::string_view wanted_subtype) const noexcept
    {
        return type == wanted_type && subtype == wanted_subtype;
    }
    // RFC 2231-decoded value of a Content-Type parameter.
    [[nodiscard]] std::optional<std::string> find_parameter(std::string_view name) const;
};

// Decoded value of one parameter in a list as written: name, name*, name*0, name*0* … (RFC 2231).
[[nodiscard]] std::optional<std::string> find_parameter(const std::vector<parameter>& all, std::string_view name);

// Index 0 is the mail itself (its header and body). Borrows nothing.
using part_tree = std::vector<part>;
[[nodiscard]] result<part_tree> read_part_tree(std::string_view message, const scan_limits& limits = {});

class parsed_entity {  // owns the bytes its parts point into
public:
    [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }
    [[nodiscard]] const part_tree& parts() const noexcept { return parts_; }
    [[nodiscard]] const part& root() const noexcept { return parts_.front(); }
    [[nodiscard]] std::string_view header(const part& of) const noexcept;  // with the empty line
    [[nodiscard]] std::string_view body(const part& of) const noexcept;    // still encoded
    [[nodiscard]] std::string_view whole(const part& of) const noexcept;   // what a multipart/signed signature covers
    [[nodiscard]] result<std::string> decoded_body(const part& of) const;
    // First leaf or message of that type in reading order, not looking into embedded mails.
    [[nodiscard]] const part* find(std::string_view type, std::string_view subtype) const noexcept;
    // First leaf with that file name, case ignored.
    [[nodiscard]] const part* find_file(std::string_view file_name) const noexcept;

private:
    friend result<parsed_entity> read_entity(std::string bytes, const scan_limits& limits);
    parsed_entity(std::string bytes, part_tree parts) : bytes_(std::move(bytes)), parts_(std::move(parts)) {}
    std::string bytes_;
    part_tree parts_;
};

[[nodiscard]] result<parsed_entity> read_entity(std::string bytes, const scan_limits& limits = {});

// Body octets without their transfer encoding.
[[nodiscard]] result<std::string> decode_body(std::string_view body, transfer_encoding encoding);
}
