// mime/smime/layer.hpp: finds the S/MIME layer on the outside of a mail or entity (RFC 8551 §3, RFC 1847 §2.1).
// Lines may end by LF too: files written by other programs often do. Linear time. Pure, safe from any thread.
// Errors: smime_errc::malformed_entity.
#pragma once

#include "mime/smime/errc.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mime::smime {
struct layer {
    std::string cms;  // without its transfer encoding
    // multipart/signed: the signed bytes, borrowed from the entity; nullopt: application/pkcs7-mime.
    std::optional<std::string_view> detached_content = std::nullopt;
};

// nullopt: neither multipart/signed by PKCS #7 nor application/pkcs7-mime.
[[nodiscard]] result<std::optional<layer>> read_layer(std::string_view entity);

// A parameter of a structured field, quotes removed; nullopt when absent. Comments are not read.
[[nodiscard]] std::optional<std::string> read_parameter(std::string_view field, std::string_view name);
}
