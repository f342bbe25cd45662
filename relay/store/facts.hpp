// relay/store/facts.hpp: the written form of event_facts, before it is sealed into the ledger.
// Version octet 1, then fields: tag octet, length (4 octets, big endian), bytes. Only fields that differ from their
// default are written; unknown tags are skipped, so that an older program reads what a newer one wrote. Enumerators are
// written as words, numbers in decimal. Not JSON: peers' words need not be UTF-8. Pure; errors: store_errc::damaged.
#pragma once

#include <string>
#include <string_view>

#include "relay/base/result.hpp"
#include "relay/pipeline/model.hpp"

namespace relay::store {
[[nodiscard]] std::string write_facts(const pipeline::event_facts& facts);
[[nodiscard]] result<pipeline::event_facts> read_facts(std::string_view bytes);

// The same tag-length-value form for other small records: message structures.
void put_field(std::string& out, unsigned char tag, std::string_view value);
// Takes one field off `in`; false at its end or if it is cut.
[[nodiscard]] bool take_field(std::string_view& in, unsigned char& tag, std::string_view& value);
}
