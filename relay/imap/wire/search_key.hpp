// relay/imap/wire/search_key.hpp: what a SEARCH asks for, as a tree (RFC 3501 §6.4.4). Values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "relay/imap/wire/sequence_set.hpp"

namespace relay::imap {
enum class search_kind {
    all,
    none,          // what can never match here: RECENT, NEW, KEYWORD (neither \Recent nor keywords are kept)
    flag_present,  // `name` is the flag, as "\Seen"
    flag_absent,
    before,  // `date` against the internal date
    on,
    since,
    sent_before,  // `date` against the Date field
    sent_on,
    sent_since,
    header,  // field `name` contains `text`; an empty text asks for the field's presence
    body,
    text,
    larger,
    smaller,
    sequence,
    uid,
    negation,  // one child
    any_of,
    all_of
};

struct search_key {
    search_kind kind = search_kind::all;
    std::string name;
    std::string text;
    std::uint32_t octets = 0;
    std::chrono::year_month_day date{};
    sequence_set numbers;
    std::vector<search_key> children;
};
}
