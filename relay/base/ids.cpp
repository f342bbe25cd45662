#include "relay/base/ids.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <openssl/rand.h>

namespace relay::base {
namespace {
constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t token_length = 26;
}

std::string random_token()
{
    std::array<unsigned char, token_length> raw{};
    if (RAND_bytes(raw.data(), static_cast<int>(raw.size())) != 1) throw std::runtime_error("no random bytes");
    std::string text(token_length, '\0');
    std::transform(raw.begin(), raw.end(), text.begin(), [](unsigned char byte) { return alphabet[byte & 31U]; });
    return text;
}

bool is_token(std::string_view text) noexcept
{
    return text.size() == token_length && text.find_first_not_of(alphabet) == std::string_view::npos;
}
}
