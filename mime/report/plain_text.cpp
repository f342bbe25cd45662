#include "mime/report/plain_text.hpp"

#include "mime/message/header.hpp"
#include "mime/text/ascii.hpp"
#include "mime/text/charset.hpp"

#include <array>
#include <utility>

namespace mime::report {
namespace {
using message::parsed_entity;
using message::part;

std::string utf8_of(const part& p, const std::string& octets)
{
    const std::string set = lower(p.find_parameter("charset").value_or(std::string()));
    if (set == "windows-1252" || set == "cp1252")
        if (auto read = windows_1252_to_utf8(octets)) return std::move(*read);
    // A label is often wrong; octets that are UTF-8 by chance are rare.
    return is_utf8(octets) ? octets : latin9_to_utf8(octets);
}

const part* first_text(const parsed_entity& mail, std::string_view subtype)
{
    std::size_t embedded_end = 0;
    for (const part& p : mail.parts()) {
        if (p.header_start < embedded_end) continue;
        if (p.kind == message::part_kind::message) embedded_end = p.end;
        if (p.kind == message::part_kind::leaf && p.is("text", subtype) && p.disposition != "attachment") return &p;
    }
    return nullptr;
}

constexpr std::array<std::string_view, 10> breaking{"br", "p", "/p", "/div", "/tr", "/li", "/h1", "/h2", "/h3", "hr"};
constexpr std::array<std::string_view, 3> silent{"style", "script", "head"};
constexpr std::array<std::pair<std::string_view, char>, 7> entities{
    {{"nbsp", ' '}, {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}, {"rsquo", '\''}}};

// Of an entity without & and ;. Letters with accents lose them, as everywhere here: "eacute" is e.
char entity_character(std::string_view entity)
{
    for (const auto& [text, character] : entities)
        if (text == entity) return character;
    if (entity == "#39" || entity == "#8217") return '\'';
    if (entity == "#232" || entity == "#233" || entity == "#234") return 'e';
    if (entity == "#224") return 'a';
    for (const auto* accent : {"acute", "grave", "circ", "uml", "cedil"})
        if (entity.size() > 1 && entity.substr(1) == accent) return entity[0];
    return ' ';
}

// Where the text goes on behind an element whose content nobody reads.
std::size_t end_of_silent(std::string_view html, std::size_t from, std::string_view element)
{
    for (auto at = html.find("</", from); at != std::string_view::npos; at = html.find("</", at + 2))
        if (starts_with_text(html.substr(at + 2), element)) return at;
    return html.size();
}
}

std::string html_text(std::string_view html)
{
    std::string out;
    for (std::size_t at = 0; at < html.size();) {
        if (html[at] == '&') {
            const auto end = html.substr(at, 12).find(';');
            out += end == std::string_view::npos ? '&' : entity_character(html.substr(at + 1, end - 1));
            at += end == std::string_view::npos ? 1 : end + 1;
        } else if (html[at] != '<') {
            out += html[at] == '\n' || html[at] == '\r' ? ' ' : html[at];
            ++at;
        } else {
            const auto close = html.find('>', at);
            if (close == std::string_view::npos) break;
            std::string_view mark = html.substr(at + 1, close - at - 1);
            mark = mark.substr(0, mark.find_first_of(" \t\r\n"));
            if (mark.size() > 1 && mark.ends_with('/')) mark.remove_suffix(1);
            if (same_text(mark, "blockquote")) break;
            at = close + 1;
            for (const auto element : breaking)
                if (same_text(mark, element)) out += '\n';
            for (const auto element : silent)
                if (same_text(mark, element)) at = end_of_silent(html, at, element);
        }
    }
    return out;
}

std::string plain_text(const parsed_entity& mail, std::size_t max_octets)
{
    for (const auto* subtype : {"plain", "html"}) {
        const part* p = first_text(mail, subtype);
        if (p == nullptr) continue;
        auto body = message::decode_body(mail.body(*p).substr(0, max_octets), p->encoding);
        std::string text =
            utf8_of(*p, body.has_value() ? std::move(*body) : std::string(mail.body(*p).substr(0, max_octets)));
        text = ascii_fold(text);
        if (trim(text).empty()) continue;  // seen: an empty text/plain beside the words in HTML
        return *subtype == 'h' ? html_text(text) : text;
    }
    return {};
}

std::string folded_value(std::string_view value)
{
    return lower(ascii_fold(message::decode_words(value)));
}

std::string folded_subject(const message::header_view& header)
{
    return folded_value(header.find("Subject").value_or(std::string()));
}
}
