// relay/imap/wire/sequence_set.hpp: a set of message numbers or UIDs as the client writes it (RFC 3501 §9
// sequence-set). A value; what "*" stands for is known only to the selected mailbox (relay/imap/mailbox).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace relay::imap {
using sequence_bound = std::optional<std::uint32_t>;  // none is "*", the largest number in use

struct sequence_range {
    sequence_bound first;  // as written: "4:2" and "*:4" are legal and mean the same as "2:4" and "4:*"
    sequence_bound last;
};

using sequence_set = std::vector<sequence_range>;
}
