#include "relay/base/ids.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <stdexcept>

#include <openssl/rand.h>

namespace relay::base {
namespace {
constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view sorted_alphabet =
    "234567abcdefghijklmnopqrstuvwxyz";  // the order of texts is that of numbers
constexpr std::size_t token_length = 26;
constexpr std::size_t time_length = 9;  // 45 bits of milliseconds: until the year 3084

void fill_at_random(std::span<char> text)
{
    std::array<unsigned char, token_length> raw{};
    if (RAND_bytes(raw.data(), static_cast<int>(text.size())) != 1) throw std::runtime_error("no random bytes");
    std::transform(raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(text.size()), text.begin(),
                   [](unsigned char byte) { return alphabet[byte & 31U]; });
}
}

std::string random_token()
{
    std::string text(token_length, '\0');
    fill_at_random(text);
    return text;
}

std::string ordered_token()
{
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    auto left = static_cast<std::uint64_t>(now.time_since_epoch().count());
    std::string text(token_length, '\0');
    for (std::size_t i = time_length; i-- > 0; left >>= 5U) text[i] = sorted_alphabet[left & 31U];
    fill_at_random(std::span(text).subspan(time_length));
    return text;
}

bool is_token(std::string_view text) noexcept
{
    return text.size() == token_length && text.find_first_not_of(alphabet) == std::string_view::npos;
}
}
