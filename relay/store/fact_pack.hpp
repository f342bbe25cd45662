// relay/store/fact_pack.hpp: the facts of one day (relay/pipeline/stay_facts.hpp) in one value, equal to its rows of
// stay_fact while it is there: triggers of the schema drop it with any change of them, in the same unit.
// Form: version octet, then stay by stay; numbers as zigzag LEB128, texts as their place in the list of texts met so
// far, a new one with its octets behind. Some 90 octets a stay. No identity, like the rows.
// fact_packer and unpack_facts() are pure; the others throw as rows.hpp does. Private to relay/store.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "relay/pipeline/stay_facts.hpp"
#include "relay/store/connection.hpp"

namespace relay::store {
using facts_visitor = std::function<void(const pipeline::stay_facts&)>;

class fact_packer {
public:
    fact_packer();
    void add(const pipeline::stay_facts& facts);
    [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

private:
    std::string bytes_;
    std::map<std::string, std::int64_t, std::less<>> texts_;
};

enum class unpacking { done, another_version, damaged };
// `each` borrows its argument. Damaged: it was given what came before.
[[nodiscard]] unpacking unpack_facts(std::string_view bytes, std::int32_t day, const facts_visitor& each);

// From the rows of the day; none: no pack.
void pack_day(connection& database, std::int32_t day);
// [from, to), by day, then stay: from packs, and from rows where a day has none that this program reads.
void read_facts_of_days(connection& database, std::int32_t from, std::int32_t to, const facts_visitor& each);
}
