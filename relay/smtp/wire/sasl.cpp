#include "relay/smtp/wire/sasl.hpp"

#include <openssl/crypto.h>

#include <algorithm>

#include "mime/text/ascii.hpp"
#include "mime/text/base64.hpp"
#include "relay/smtp/wire/text.hpp"

namespace relay::smtp {
namespace {
bool has_control(std::string_view text)
{
    return std::any_of(text.begin(), text.end(), mime::is_control);
}
}

std::string_view name(sasl_mechanism mechanism) noexcept
{
    return mechanism == sasl_mechanism::plain ? "PLAIN" : "XOAUTH2";
}

result<std::string> write_sasl_response(sasl_mechanism mechanism, std::string_view user, std::string_view secret)
{
    if (user.empty() || secret.empty() || has_line_end(user) || has_line_end(secret))
        return make_error_code(wire_errc::bad_parameter);
    std::string plain;
    plain.reserve(user.size() + secret.size() + 32);  // no copy of the secret is left behind by growing
    if (mechanism == sasl_mechanism::plain) {
        plain.append(1, '\0').append(user).append(1, '\0').append(secret);
    } else {
        if (has_control(user) || has_control(secret)) return make_error_code(wire_errc::bad_parameter);
        plain.append("user=")
            .append(user)
            .append(
                "\x01"
                "auth=Bearer ")
            .append(secret)
            .append("\x01\x01");
    }
    std::string encoded = mime::base64_encode(plain);
    OPENSSL_cleanse(plain.data(), plain.size());
    return encoded;
}
}
