#include "relay/imap/mailbox/search.hpp"

#include <algorithm>
#include <functional>

#include "mime/message/date.hpp"
#include "mime/message/header.hpp"
#include "relay/imap/mailbox/flags.hpp"
#include "relay/imap/wire/cursor.hpp"

namespace relay::imap {
namespace {
bool contains_ignoring_case(std::string_view text, std::string_view wanted)
{
    const auto hash = [](char c) { return std::hash<char>{}(to_upper(c)); };
    const auto same = [](char a, char b) { return to_upper(a) == to_upper(b); };
    const std::boyer_moore_horspool_searcher searcher(wanted.begin(), wanted.end(), hash, same);
    return wanted.empty() || std::search(text.begin(), text.end(), searcher) != text.end();
}

// A header that cannot be read matches nothing, so that one odd mail does not fail the whole SEARCH.
bool header_matches(const search_key& key, std::string_view header)
{
    const auto fields = mime::message::header_view::read(header);
    if (fields.has_error()) return false;
    const auto values = fields->find_all(key.name);
    return std::any_of(values.begin(), values.end(), [&key](const std::string& value) {
        return contains_ignoring_case(mime::message::decode_words(value), key.text);
    });
}

// RFC 3501 §6.4.4: the date as its sender wrote it, disregarding time and zone.
std::optional<std::chrono::sys_days> sent_day(std::string_view header)
{
    const auto fields = mime::message::header_view::read(header);
    if (fields.has_error()) return std::nullopt;
    const auto value = fields->find("Date");
    if (!value) return std::nullopt;
    const auto date = mime::message::read_date(*value);
    if (date.has_error()) return std::nullopt;
    return std::chrono::floor<std::chrono::days>(date->instant + date->offset);
}

bool sent_matches(const search_key& key, std::string_view header)
{
    const auto day = sent_day(header);
    if (!day) return false;
    const std::chrono::sys_days wanted(key.date);
    if (key.kind == search_kind::sent_before) return *day < wanted;
    return key.kind == search_kind::sent_on ? *day == wanted : *day >= wanted;
}

bool received_matches(const search_key& key, base::instant when)
{
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::sys_days wanted(key.date);
    if (key.kind == search_kind::before) return day < wanted;
    return key.kind == search_kind::on ? day == wanted : day >= wanted;
}

bool flag_matches(const search_key& key, pipeline::ports::flag_set flags)
{
    const auto flag = read_flag(key.name);
    const bool present = flag && flags.has(*flag);
    return present == (key.kind == search_kind::flag_present);
}

// Cheap keys first: a message they rule out is never loaded.
result<bool> all_match(const search_key& key, const pipeline::ports::message_row& row, std::uint32_t number,
                       message_text& text)
{
    for (const bool costly : {false, true}) {
        for (const auto& child : key.children) {
            if (needs_text(child) != costly) continue;
            const auto one = matches(child, row, number, text);
            if (one.has_error() || !*one) return one;
        }
    }
    return true;
}

result<bool> any_matches(const search_key& key, const pipeline::ports::message_row& row, std::uint32_t number,
                         message_text& text)
{
    for (const bool costly : {false, true}) {
        for (const auto& child : key.children) {
            if (needs_text(child) != costly) continue;
            const auto one = matches(child, row, number, text);
            if (one.has_error() || *one) return one;
        }
    }
    return false;
}

result<bool> text_matches(const search_key& key, message_text& text)
{
    const bool header_only = key.kind != search_kind::body && key.kind != search_kind::text;
    const auto octets = header_only ? text.header() : text.whole();
    if (octets.has_error()) return {boost::system::in_place_error, octets.error()};
    if (key.kind == search_kind::text) return contains_ignoring_case(*octets, key.text);
    if (key.kind == search_kind::body)
        return contains_ignoring_case(octets->substr(mime::message::header_octets(*octets)), key.text);
    return key.kind == search_kind::header ? header_matches(key, *octets) : sent_matches(key, *octets);
}
}

void prepare_search(search_key& key, const message_list& messages)
{
    if (key.kind == search_kind::sequence) key.numbers = messages.normalized(key.numbers, addressing::sequence_numbers);
    if (key.kind == search_kind::uid) key.numbers = messages.normalized(key.numbers, addressing::uids);
    for (auto& child : key.children) prepare_search(child, messages);
}

bool needs_text(const search_key& key)
{
    switch (key.kind) {
        case search_kind::sent_before:
        case search_kind::sent_on:
        case search_kind::sent_since:
        case search_kind::header:
        case search_kind::body:
        case search_kind::text: return true;
        default: return std::any_of(key.children.begin(), key.children.end(), needs_text);
    }
}

result<bool> matches(const search_key& key, const pipeline::ports::message_row& row, std::uint32_t number,
                     message_text& text)
{
    switch (key.kind) {
        case search_kind::all: return true;
        case search_kind::none: return false;
        case search_kind::flag_present:
        case search_kind::flag_absent: return flag_matches(key, row.flags);
        case search_kind::before:
        case search_kind::on:
        case search_kind::since: return received_matches(key, row.internal_date);
        case search_kind::larger: return row.size_octets > key.octets;
        case search_kind::smaller: return row.size_octets < key.octets;
        case search_kind::sequence: return contains(key.numbers, number);
        case search_kind::uid: return contains(key.numbers, row.uid);
        case search_kind::all_of: return all_match(key, row, number, text);
        case search_kind::any_of: return any_matches(key, row, number, text);
        case search_kind::negation: {
            const auto one = matches(key.children.front(), row, number, text);
            if (one.has_error()) return one;
            return !*one;
        }
        default: return text_matches(key, text);
    }
}
}
