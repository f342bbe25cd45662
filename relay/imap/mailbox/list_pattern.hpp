// relay/imap/mailbox/list_pattern.hpp: the wildcards of LIST and LSUB (RFC 3501 §6.3.8): "*" is any text, "%" stops at
// "/". Pure, any thread. Time is at most pattern times name.
#pragma once

#include <string_view>

namespace relay::imap {
[[nodiscard]] bool matches_list_pattern(std::string_view pattern, std::string_view name);
}
