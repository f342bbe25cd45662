// mime/message/binary_form.hpp: a sealed mail with its body decoded, for a peer that takes binary (RFC 2045 §6.2,
// RFC 3030 §3): the header with `Content-Transfer-Encoding: binary`, and the octets that the base64 stood for.
// Only for a mail whose encoding gives back the very same octets: one part application/pkcs7-mime, one
// Content-Transfer-Encoding that says base64, lines ended by CRLF, the body in lines of 76 as mime/smime writes it.
// Whatever else is no binary form, never an error. Pure, safe from any thread; the body is written once, not copied.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mime/message/header.hpp"

namespace mime::message {
struct binary_form {
    std::string header;  // with its empty line
    std::string body;    // never empty
    [[nodiscard]] std::size_t octets() const noexcept { return header.size() + body.size(); }
};
[[nodiscard]] std::optional<binary_form> make_binary_form(std::string_view mail, const header_limits& limits = {});
}
