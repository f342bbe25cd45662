// relay/pipeline/content_purge_parts.hpp: what the parts of content_purge share. Private to content_purge*.cpp
// and idle_mailboxes.cpp, which destroys too.
#pragma once

#include "relay/pipeline/content_purge.hpp"

namespace relay::pipeline {
// An object with its wrapped key; nullopt: gone already. The line is one of the digest over what was destroyed.
struct removed_object {
    std::string line;  // "object sha256"
    std::uint64_t octets = 0;
};
[[nodiscard]] std::optional<removed_object> remove_object(ports::transaction& tx, const blob_id& id);

// Of the certificate that is due next: it names the letter, and which of its certificates it is.
[[nodiscard]] std::string certificate_number(ports::reader& store, const letter_row& letter);
// The deliveries of a letter with what is known of each: read once for all that is asked of them.
struct known_delivery {
    delivery_row row;
    std::vector<event> history;  // in ledger order
};
[[nodiscard]] std::vector<known_delivery> known_deliveries(ports::reader& store, const letter_id& id);
// The certificate that tells of all that happened to the letter, if it was made.
[[nodiscard]] std::optional<ack_row> certificate_for(ports::reader& store, const letter_row& letter,
                                                     std::span<const known_delivery> deliveries);
[[nodiscard]] content_term term_of(const letter_row& letter, std::span<const known_delivery> deliveries,
                                   const retention_policy& policy);
}
