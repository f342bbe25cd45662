// relay/store/ledger.hpp: the append-only event table and its hash chain (design.md §3.3).
// hash(n) = SHA-256(hash(n-1), n, at, kind, stay, letter, delivery, sealed payload), each field with its length,
// hash(0) = 32 zero octets. Sequences are 1, 2, 3 ... without a hole. The head is a row written in the same
// transaction; who signs and exports it elsewhere can also see a tail cut together with its head. Facts are sealed with
// the sequence as context, so that two payloads cannot be exchanged even by one who can redo the chain. Each payload
// has a key of its own in a column that is not chained: with the key destroyed (expired traces) the chain holds, and
// nobody reads the payload any more.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "relay/pipeline/model.hpp"
#include "relay/pipeline/ports/vault.hpp"
#include "relay/store/connection.hpp"

namespace relay::store {
using ledger_hash = std::array<unsigned char, 32>;
struct ledger_head {
    std::int64_t sequence = 0;
    ledger_hash hash{};
};

[[nodiscard]] ledger_head load_head(connection& database);
void save_head(connection& database, const ledger_head& head);

// Adds the row and moves `head`; the caller saves the head before the commit. Throws std::logic_error unless exactly
// one of stay, letter and delivery is set, or none for what is about the store.
void append_event(connection& database, const pipeline::ports::vault& vault, ledger_head& head,
                  const pipeline::event& entry);

// Reads rows of: SELECT sequence, at, kind, stay, letter, delivery, payload, key FROM event ... Facts whose key was
// destroyed are empty.
// Throws boost::system::system_error (store_errc::damaged or the vault's error) for a payload that does not open.
[[nodiscard]] pipeline::event read_event(const cursor& row, const pipeline::ports::vault& vault);

// The first sequence whose row is missing, changed, unreadable or out of the chain; nullopt if all is well.
[[nodiscard]] std::optional<std::int64_t> first_broken_link(connection& database, const pipeline::ports::vault& vault);
}
