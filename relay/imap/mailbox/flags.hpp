// relay/imap/mailbox/flags.hpp: flags between their IMAP spelling (RFC 3501 §2.3.2) and the store's bits. Pure, any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/pipeline/ports/mailbox.hpp"

namespace relay::imap {
[[nodiscard]] std::optional<pipeline::ports::message_flag> read_flag(std::string_view name);  // "\Seen", any case

// What the store cannot keep (keywords, \Recent) is left out, as RFC 3501 §7.1 allows of flags that are not in
// PERMANENTFLAGS.
[[nodiscard]] pipeline::ports::flag_set read_flags(const std::vector<std::string>& names);
void append_flags(std::string& out, pipeline::ports::flag_set flags);  // "(\Seen \Flagged)"
[[nodiscard]] std::string_view all_flags();                            // "(\Answered \Flagged \Deleted \Seen \Draft)"
}
