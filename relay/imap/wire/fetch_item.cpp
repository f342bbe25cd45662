#include "relay/imap/wire/fetch_item.hpp"

#include "relay/imap/wire/grammar.hpp"
#include "relay/imap/wire/response.hpp"

namespace relay::imap::grammar {
namespace {
constexpr std::string_view too_many = "Too many items";

struct simple_item {
    std::string_view word;
    fetch_kind kind;
};
constexpr simple_item simple_items[] = {
    {"ENVELOPE", fetch_kind::envelope}, {"FLAGS", fetch_kind::flags}, {"INTERNALDATE", fetch_kind::internal_date},
    {"RFC822.SIZE", fetch_kind::size},  {"UID", fetch_kind::uid},     {"BODYSTRUCTURE", fetch_kind::body_structure},
    {"BODY", fetch_kind::body},
};

fetch_item make_item(std::string_view word, fetch_kind kind)
{
    fetch_item item;
    item.kind = kind;
    item.label = word;
    return item;
}

// RFC822, RFC822.HEADER and RFC822.TEXT (RFC 3501 §6.4.5) are sections by another name.
std::optional<fetch_item> rfc822_item(std::string_view word)
{
    fetch_item item = make_item(word, fetch_kind::content);
    item.effect = fetch_effect::sets_seen;
    if (word == "RFC822") return item;
    if (word == "RFC822.TEXT") {
        item.what.text = section_text::text;
        return item;
    }
    if (word != "RFC822.HEADER") return std::nullopt;
    item.what.text = section_text::header;
    item.effect = fetch_effect::peek;
    return item;
}

read<std::vector<std::string>> read_field_list(cursor& in, const command_limits& limits)
{
    std::vector<std::string> fields;
    if (!in.accept('(')) return bad("Expected a list of header fields");
    do {
        auto field = in.accept_astring();
        if (!field || field->empty()) return bad("Invalid header field name");
        if (fields.size() == limits.max_header_fields) return problem{syntax_errc::too_complex, too_many};
        fields.push_back(std::move(*field));
    } while (in.accept(' '));
    if (!in.accept(')')) return bad("Expected ) after header fields");
    return fields;
}

read<void> read_section_text(cursor& in, section& what, const command_limits& limits)
{
    const std::string word = upper(in.accept_while([](char c) { return c != ']' && c != ' ' && is_atom_char(c); }));
    if (word == "HEADER")
        what.text = section_text::header;
    else if (word == "TEXT")
        what.text = section_text::text;
    else if (word == "MIME" && !what.part.empty())
        what.text = section_text::mime;
    else if (word == "HEADER.FIELDS" || word == "HEADER.FIELDS.NOT") {
        what.text = word == "HEADER.FIELDS" ? section_text::header_fields : section_text::header_fields_not;
        if (!in.accept(' ')) return bad("Expected a list of header fields");
        auto fields = read_field_list(in, limits);
        if (fields.has_error()) return fields.error();
        what.fields = std::move(*fields);
    } else
        return bad("Unknown section");
    return {};
}

read<section> read_section(cursor& in, const command_limits& limits)
{
    section what;
    while (in.peek() >= '0' && in.peek() <= '9') {
        const auto number = in.accept_nonzero();
        if (!number) return bad("Invalid part number");
        if (what.part.size() == limits.max_part_depth) return problem{syntax_errc::too_complex, "Part number too deep"};
        what.part.push_back(*number);
        if (in.accept(']')) return what;
        if (!in.accept('.')) return bad("Invalid section");
    }
    // After "1." a part number or a word has to follow; only BODY[] itself may be empty.
    if (what.part.empty() && in.accept(']')) return what;
    if (const auto text = read_section_text(in, what, limits); text.has_error()) return text.error();
    if (!in.accept(']')) return bad("Expected ] after section");
    return what;
}

read<std::optional<octet_range>> read_partial(cursor& in)
{
    if (!in.accept('<')) return std::optional<octet_range>{};
    const auto offset = in.accept_number();
    if (!offset || !in.accept('.')) return bad("Invalid partial");
    const auto count = in.accept_nonzero();
    if (!count || !in.accept('>')) return bad("Invalid partial");
    return std::optional<octet_range>{octet_range{*offset, *count}};
}

std::string_view text_word(section_text text)
{
    switch (text) {
        case section_text::all: return "";
        case section_text::header: return "HEADER";
        case section_text::header_fields: return "HEADER.FIELDS";
        case section_text::header_fields_not: return "HEADER.FIELDS.NOT";
        case section_text::text: return "TEXT";
        case section_text::mime: return "MIME";
    }
    return "";
}

std::string content_label(const section& what, const std::optional<octet_range>& partial)
{
    std::string label = "BODY[";
    for (const auto number : what.part) label += std::to_string(number) + '.';
    if (what.text == section_text::all && !what.part.empty()) label.pop_back();
    label += text_word(what.text);
    if (!what.fields.empty()) {
        label += " (";
        for (const auto& field : what.fields) {
            append_astring(label, field);
            label += ' ';
        }
        label.back() = ')';
    }
    label += ']';
    if (partial) label += '<' + std::to_string(partial->offset) + '>';
    return label;
}

read<fetch_item> read_content(cursor& in, fetch_effect effect, const command_limits& limits)
{
    auto what = read_section(in, limits);
    if (what.has_error()) return what.error();
    const auto partial = read_partial(in);
    if (partial.has_error()) return partial.error();
    fetch_item item = make_item(content_label(*what, *partial), fetch_kind::content);
    item.effect = effect;
    item.what = std::move(*what);
    item.partial = *partial;
    return item;
}

read<fetch_item> read_item(cursor& in, const command_limits& limits)
{
    const std::string word = upper(in.accept_while([](char c) { return c != '[' && is_atom_char(c); }));
    if (in.accept('[')) {
        if (word == "BODY") return read_content(in, fetch_effect::sets_seen, limits);
        if (word == "BODY.PEEK") return read_content(in, fetch_effect::peek, limits);
        return bad("Unknown fetch item");
    }
    for (const auto& known : simple_items)
        if (word == known.word) return make_item(known.word, known.kind);
    if (auto item = rfc822_item(word)) return std::move(*item);
    return bad("Unknown fetch item");
}

// RFC 3501 §6.4.5: ALL, FAST and FULL stand alone.
std::optional<std::vector<fetch_item>> accept_macro(cursor& in)
{
    const auto make = [](std::size_t count) {
        constexpr std::size_t order[] = {1, 2, 3, 0, 6};  // FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY
        std::vector<fetch_item> items;
        for (std::size_t i = 0; i < count; ++i)
            items.push_back(make_item(simple_items[order[i]].word, simple_items[order[i]].kind));
        return items;
    };
    if (equals_ignoring_case(in.rest(), "FAST") && in.accept_word("FAST")) return make(3);
    if (equals_ignoring_case(in.rest(), "ALL") && in.accept_word("ALL")) return make(4);
    if (equals_ignoring_case(in.rest(), "FULL") && in.accept_word("FULL")) return make(5);
    return std::nullopt;
}
}

read<std::vector<fetch_item>> read_fetch_items(cursor& in, const command_limits& limits)
{
    if (auto macro = accept_macro(in)) return std::move(*macro);
    std::vector<fetch_item> items;
    const bool in_list = in.accept('(');
    do {
        auto item = read_item(in, limits);
        if (item.has_error()) return item.error();
        if (items.size() == limits.max_fetch_items) return problem{syntax_errc::too_complex, too_many};
        items.push_back(std::move(*item));
    } while (in_list && in.accept(' '));
    if (in_list && !in.accept(')')) return bad("Expected ) after fetch items");
    return items;
}
}
