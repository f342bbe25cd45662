#include "relay/imap/wire/search_key.hpp"

#include <algorithm>
#include <array>

#include "relay/imap/wire/grammar.hpp"

namespace relay::imap::grammar {
namespace {
enum class argument { nothing, string, keyword, field_and_string, date, number, uid_set };

struct key_word {
    std::string_view word;
    search_kind kind;
    argument takes;
    std::string_view name;  // flag or header field
};
// RFC 3501 §6.4.4. \Recent and keywords are never kept: RECENT, NEW and KEYWORD match nothing, OLD and UNKEYWORD
// everything.
constexpr key_word key_words[] = {
    {"ALL", search_kind::all, argument::nothing, ""},
    {"ANSWERED", search_kind::flag_present, argument::nothing, "\\Answered"},
    {"BCC", search_kind::header, argument::string, "Bcc"},
    {"BEFORE", search_kind::before, argument::date, ""},
    {"BODY", search_kind::body, argument::string, ""},
    {"CC", search_kind::header, argument::string, "Cc"},
    {"DELETED", search_kind::flag_present, argument::nothing, "\\Deleted"},
    {"DRAFT", search_kind::flag_present, argument::nothing, "\\Draft"},
    {"FLAGGED", search_kind::flag_present, argument::nothing, "\\Flagged"},
    {"FROM", search_kind::header, argument::string, "From"},
    {"HEADER", search_kind::header, argument::field_and_string, ""},
    {"KEYWORD", search_kind::none, argument::keyword, ""},
    {"LARGER", search_kind::larger, argument::number, ""},
    {"NEW", search_kind::none, argument::nothing, ""},
    {"OLD", search_kind::all, argument::nothing, ""},
    {"ON", search_kind::on, argument::date, ""},
    {"RECENT", search_kind::none, argument::nothing, ""},
    {"SEEN", search_kind::flag_present, argument::nothing, "\\Seen"},
    {"SENTBEFORE", search_kind::sent_before, argument::date, ""},
    {"SENTON", search_kind::sent_on, argument::date, ""},
    {"SENTSINCE", search_kind::sent_since, argument::date, ""},
    {"SINCE", search_kind::since, argument::date, ""},
    {"SMALLER", search_kind::smaller, argument::number, ""},
    {"SUBJECT", search_kind::header, argument::string, "Subject"},
    {"TEXT", search_kind::text, argument::string, ""},
    {"TO", search_kind::header, argument::string, "To"},
    {"UID", search_kind::uid, argument::uid_set, ""},
    {"UNANSWERED", search_kind::flag_absent, argument::nothing, "\\Answered"},
    {"UNDELETED", search_kind::flag_absent, argument::nothing, "\\Deleted"},
    {"UNDRAFT", search_kind::flag_absent, argument::nothing, "\\Draft"},
    {"UNFLAGGED", search_kind::flag_absent, argument::nothing, "\\Flagged"},
    {"UNKEYWORD", search_kind::all, argument::keyword, ""},
    {"UNSEEN", search_kind::flag_absent, argument::nothing, "\\Seen"},
};

constexpr std::array<std::string_view, 12> months = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                     "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};

// RFC 3501 §9 date: 1-Feb-1994, quoted or not.
std::optional<std::chrono::year_month_day> accept_date(cursor& in)
{
    const bool quoted = in.accept('"');
    const auto digits = [&in](std::size_t least, std::size_t most) -> std::optional<unsigned> {
        const auto text = in.accept_while([](char c) { return c >= '0' && c <= '9'; });
        if (text.size() < least || text.size() > most) return std::nullopt;
        return cursor(text).accept_number();
    };
    const auto day = digits(1, 2);
    if (!day || !in.accept('-')) return std::nullopt;
    const auto month = std::find_if(months.begin(), months.end(), [&in](auto name) { return in.accept_word(name); });
    if (month == months.end() || !in.accept('-')) return std::nullopt;
    const auto year = digits(4, 4);
    if (!year || (quoted && !in.accept('"'))) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1),
                                           std::chrono::day(*day));
    if (!date.ok()) return std::nullopt;
    return date;
}

class search_reader {
public:
    search_reader(cursor& in, const command_limits& limits) : in_(in), limits_(limits) {}

    read<search_key> read_all(std::size_t depth)
    {
        search_key all;
        all.kind = search_kind::all_of;
        do {
            auto key = read_key(depth);
            if (key.has_error()) return key.error();
            all.children.push_back(std::move(*key));
        } while (in_.accept(' '));
        return all;
    }

private:
    read<search_key> read_key(std::size_t depth)
    {
        if (depth == limits_.max_search_depth) return problem{syntax_errc::too_complex, "Search nested too deep"};
        if (++keys_ > limits_.max_search_keys) return problem{syntax_errc::too_complex, "Too many search keys"};
        if (in_.accept('(')) {
            auto inner = read_all(depth + 1);
            if (inner.has_value() && !in_.accept(')')) return bad("Expected ) after search keys");
            return inner;
        }
        if (in_.peek() == '*' || (in_.peek() >= '0' && in_.peek() <= '9')) return read_numbers(search_kind::sequence);
        const std::string word = upper(in_.accept_while(is_atom_char));
        if (word == "NOT") return read_operator(search_kind::negation, 1, depth);
        if (word == "OR") return read_operator(search_kind::any_of, 2, depth);
        const auto* const known = std::find_if(std::begin(key_words), std::end(key_words),
                                               [&word](const key_word& candidate) { return candidate.word == word; });
        if (known == std::end(key_words)) return bad("Unknown search key");
        return read_argument(*known);
    }

    read<search_key> read_operator(search_kind kind, std::size_t operands, std::size_t depth)
    {
        search_key out;
        out.kind = kind;
        for (std::size_t i = 0; i < operands; ++i) {
            if (!in_.accept(' ')) return bad("Expected a search key");
            auto key = read_key(depth + 1);
            if (key.has_error()) return key.error();
            out.children.push_back(std::move(*key));
        }
        return out;
    }

    read<search_key> read_numbers(search_kind kind)
    {
        auto numbers = read_sequence_set(in_);
        if (numbers.has_error()) return numbers.error();
        search_key out;
        out.kind = kind;
        out.numbers = std::move(*numbers);
        return out;
    }

    read<search_key> read_argument(const key_word& known)
    {
        search_key out;
        out.kind = known.kind;
        out.name = known.name;
        if (known.takes == argument::nothing) return out;
        if (!in_.accept(' ')) return bad("Expected an argument");
        bool good = true;
        switch (known.takes) {
            case argument::nothing: break;
            case argument::uid_set: return read_numbers(search_kind::uid);
            case argument::keyword: good = !in_.accept_while(is_atom_char).empty(); break;
            case argument::date: good = take(accept_date(in_), out.date); break;
            case argument::number: good = take(in_.accept_number(), out.octets); break;
            case argument::string: good = take(in_.accept_astring(), out.text); break;
            case argument::field_and_string:
                good = take(in_.accept_astring(), out.name) && !out.name.empty() && in_.accept(' ') &&
                       take(in_.accept_astring(), out.text);
                break;
        }
        if (!good) return bad("Invalid search argument");
        return out;
    }

    template <class T>
    static bool take(std::optional<T> from, T& to)
    {
        if (from) to = std::move(*from);
        return from.has_value();
    }

    cursor& in_;
    const command_limits& limits_;
    std::size_t keys_ = 0;
};
}

read<search_key> read_search(cursor& in, const command_limits& limits)
{
    if (in.accept_word("CHARSET ")) {
        const auto charset = in.accept_astring();
        if (!charset || !in.accept(' ')) return bad("Invalid charset");
        if (!equals_ignoring_case(*charset, "US-ASCII") && !equals_ignoring_case(*charset, "UTF-8"))
            return problem{syntax_errc::unknown_charset, "Charset not supported"};
    }
    return search_reader(in, limits).read_all(0);
}
}
