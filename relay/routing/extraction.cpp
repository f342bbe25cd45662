#include "relay/routing/extraction.hpp"

#include <algorithm>

#include "mime/text/ascii.hpp"
#include "mime/text/base64.hpp"
#include "relay/routing/address.hpp"
#include "relay/routing/errc.hpp"

namespace relay::routing {
namespace {
using pipeline::ports::mailbox_type;
constexpr std::size_t rpps_digits = 11;

std::string_view trimmed(std::string_view text)
{
    const auto is_space = [](char letter) { return letter == ' ' || letter == '\t' || letter == '\r'; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

bool split(std::string_view line, std::size_t max_columns, std::vector<std::string_view>& fields)
{
    fields.clear();
    for (;;) {
        const auto bar = line.find('|');
        if (fields.size() == max_columns) return false;
        fields.push_back(trimmed(line.substr(0, bar)));
        if (bar == std::string_view::npos) return true;
        line.remove_prefix(bar + 1);
    }
}

// A column's name as compared: lower case, the typographic apostrophe as the plain one.
std::string column_name(std::string_view text)
{
    std::string name = mime::lower(trimmed(text));
    constexpr std::string_view apostrophe = "\xe2\x80\x99";
    for (auto at = name.find(apostrophe); at != std::string::npos; at = name.find(apostrophe))
        name.replace(at, apostrophe.size(), "'");
    return name;
}

std::optional<mailbox_type> read_type(std::string_view text)
{
    if (text == "PER") return mailbox_type::personal;
    if (text == "ORG") return mailbox_type::organisation;
    if (text == "APP") return mailbox_type::application;
    if (text == "CAB") return mailbox_type::cabinet;
    return std::nullopt;
}

bool is_rpps(std::string_view text)
{
    return text.size() == rpps_digits && text.find_first_not_of("0123456789") == std::string_view::npos;
}
}

result<extraction_reader> extraction_reader::from_header(std::string_view line, const extraction_limits& limits)
{
    if (line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    std::vector<std::string_view> names;
    if (line.size() > limits.max_line_octets || !split(line, limits.max_columns, names))
        return make_error_code(routing_errc::header_not_understood);
    columns found;
    const std::pair<std::string_view, std::optional<std::size_t>*> known[] = {
        {"type de bal", &found.type},
        {"adresse bal", &found.address},
        {"type identifiant pp", &found.id_type},
        {"identifiant pp", &found.id},
        {"identification structure", &found.structure},
        {"service de rattachement", &found.service},
        {"nom d'exercice", &found.family},
        {"prénom d'exercice", &found.given},
        {"raison sociale structure bal", &found.label},
        {"enseigne commerciale structure bal", &found.sign},
        {"code profession", &found.profession},
        {"département", &found.department},
        {"certificat", &found.certificate},
    };
    for (std::size_t index = 0; index < names.size(); ++index)
        for (const auto& [name, column] : known)
            if (column_name(names[index]) == name && !*column) *column = index;
    for (const auto* needed : {&found.type, &found.address, &found.id_type, &found.id})
        if (!*needed) return make_error_code(routing_errc::header_not_understood);
    extraction_reader reader(found, names.size(), limits);
    for (const auto& [name, column] : known)
        if (!*column && column != &found.certificate && column != &found.profession && column != &found.department)
            reader.warn("colonne absente : " + std::string(name));
    return reader;
}

std::optional<extraction_row> extraction_reader::read(std::string_view line)
{
    ++line_;
    if (trimmed(line).empty()) return std::nullopt;
    if (line.size() > limits_.max_line_octets) return refuse("ligne trop longue");
    if (!split(line, limits_.max_columns + 1, fields_)) return refuse("trop de champs");
    if (fields_.size() == count_ + 1 && fields_.back().empty()) fields_.pop_back();  // a separator at the end
    // A separator inside a value would move every field behind it: such a row cannot be trusted.
    if (fields_.size() != count_) return refuse("le nombre de champs n'est pas celui de l'en-tête");

    extraction_row row;
    const auto type = read_type(field(columns_.type));
    if (!type) return refuse("type de BAL inconnu");
    row.entry.type = *type;
    auto address = normal_address(field(columns_.address));
    if (!address) return refuse("adresse BAL mal formée");
    row.entry.address = std::move(*address);
    if (field(columns_.id_type) == "8") {
        if (!is_rpps(field(columns_.id))) return refuse("identifiant RPPS mal formé");
        row.entry.rpps = field(columns_.id);
    }
    row.entry.structure = field(columns_.structure);
    row.entry.family = field(columns_.family);
    row.entry.given = field(columns_.given);
    for (const auto* source : {&columns_.service, &columns_.sign, &columns_.label})
        if (row.entry.label.empty()) row.entry.label = field(*source);
    for (const auto* source : {&columns_.label, &columns_.sign})
        if (row.entry.company.empty()) row.entry.company = field(*source);
    row.entry.profession = field(columns_.profession);
    row.entry.department = field(columns_.department);
    if (const auto text = field(columns_.certificate); !text.empty()) {
        if (auto der = mime::base64_decode(text))
            row.certificate = std::move(*der);
        else
            warn("certificat illisible, ignoré");
    }
    return row;
}

void extraction_reader::warn(std::string_view what)
{
    if (warnings_.size() >= limits_.max_warnings) return;
    warnings_.push_back("ligne " + std::to_string(line_) + " : " + std::string(what));
}

std::optional<extraction_row> extraction_reader::refuse(std::string_view why)
{
    ++bad_rows_;
    warn(why);
    return std::nullopt;
}

std::string_view extraction_reader::field(const std::optional<std::size_t>& column) const
{
    return column && *column < fields_.size() ? fields_[*column] : std::string_view();
}
}
