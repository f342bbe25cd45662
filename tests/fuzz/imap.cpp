// Target imap: what an IMAP server sends, before libetpan sees it. The first octet says how large the pieces are.
// Success: all of it may pass; then it is so however it is cut, and nothing in it exceeds what was allowed.
#include <algorithm>

#include "relay/fetch/response_guard.hpp"
#include "tests/fuzz/harness.hpp"

namespace {
constexpr relay::fetch::response_limits limits{8192, 512, 1024, 8};

relay::error_code verdict(std::string_view input, std::size_t piece)
{
    relay::fetch::response_guard guard;
    guard.expect(limits);
    while (!input.empty()) {
        const std::string_view now = input.substr(0, piece);
        input.remove_prefix(now.size());
        if (const auto seen = guard.feed(now); !seen.has_value()) return seen.error();
    }
    return {};
}
}

std::vector<std::string> fuzz::seeds()
{
    return {"\x01* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready\r\n1 OK done\r\n",
            "\x03* 3 EXISTS\r\n* 1 FETCH (UID 7 RFC822.SIZE 44 FLAGS (\\Seen))\r\n2 OK done\r\n",
            "\x07* 1 FETCH (UID 7 BODY[] {5}\r\n((\r\n) UID 8)\r\n3 OK done\r\n",
            "\x02* 1 FETCH (UID 7 BODY[] \"a \\\" (\" FLAGS ())\r\n+ idling\r\n"};
}

bool fuzz::reads(std::string_view input)
{
    if (input.empty()) return false;
    const std::size_t piece = static_cast<unsigned char>(input.front()) + std::size_t{1};
    input.remove_prefix(1);
    if (input.size() > limits.response_octets) return false;  // told by the first piece that is too much
    const relay::error_code whole = verdict(input, input.size() + 1);
    promise(whole == verdict(input, piece));
    promise(whole == verdict(input, 1));
    if (whole) return false;
    promise(input.find("\n* BYE") == std::string_view::npos || input.find('{') != std::string_view::npos);
    return !input.empty();
}
