// relay/imap/mailbox/search.hpp: does a message match a SEARCH (RFC 3501 §6.4.4)? Header and text are asked for only if
// the cheap keys leave it open. Texts are compared without regard to ASCII case; encoded words of headers are decoded
// first, bodies are searched as stored. Pure but for the source; one thread at a time.
#pragma once

#include <cstdint>
#include <string_view>

#include "relay/base/result.hpp"
#include "relay/imap/mailbox/message_list.hpp"
#include "relay/imap/wire/search_key.hpp"

namespace relay::imap {
// Gives the octets of the message being looked at; views stay valid until the next message.
class message_text {
public:
    virtual ~message_text() = default;
    [[nodiscard]] virtual result<std::string_view> header() = 0;
    [[nodiscard]] virtual result<std::string_view> whole() = 0;
};

// Resolves the sets of `key` against the list, once per SEARCH.
void prepare_search(search_key& key, const message_list& messages);
[[nodiscard]] bool needs_text(const search_key& key);

// `key` is prepared. Errors: those of the source.
[[nodiscard]] result<bool> matches(const search_key& key, const pipeline::ports::message_row& row, std::uint32_t number,
                                   message_text& text);
}
