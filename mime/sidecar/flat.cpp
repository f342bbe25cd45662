#include "mime/sidecar/flat.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "mime/sidecar/keys.hpp"
#include "mime/text/ascii.hpp"

namespace mime::sidecar::detail {
namespace json = boost::json;
namespace {
constexpr std::string_view encoding_key = "encoding";
constexpr std::string_view dates_key = "date_format";
constexpr std::size_t max_list_digits = 3;

// Only what looks like a key is shown: whatever else could be a value put in the wrong place.
std::string shown(std::string_view key)
{
    const bool plain = key.size() <= 60 && std::none_of(key.begin(), key.end(), [](char c) {
                           return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
                                    c == '-' || c == '.' || c == '$');
                       });
    const bool named = !key.empty() && !is_digit(key.front());
    const auto digits = std::count_if(key.begin(), key.end(), is_digit);
    return plain && named && digits <= static_cast<std::ptrdiff_t>(max_list_digits) ? std::string(key) : "?";
}

// A list's member is numbered from 1, without leading zeros.
std::optional<std::size_t> list_number(std::string_view text)
{
    if (text.empty() || text.size() > max_list_digits || text.front() == '0') return std::nullopt;
    std::size_t number = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        number = number * 10 + static_cast<std::size_t>(c - '0');
    }
    return number;
}

struct node {
    std::string name;
    std::size_t number = 0;  // in a list
    std::optional<std::string> value;
    std::vector<node> members;
    flat_name origin;  // of a value; of a group only its key
};

struct step {
    std::string_view name;
    std::size_t number;  // 0: not in a list
    std::size_t end;     // of the name, in the key
};

// nullopt: the format has no such key.
std::optional<std::vector<step>> steps_of(std::string_view key)
{
    std::vector<step> steps;
    std::string path;
    for (std::size_t from = 0;;) {
        const std::size_t end = std::min(key.find('.', from), key.size());
        const std::string_view name = key.substr(from, end - from);
        const auto number = is_sidecar_key(path + "[]") ? list_number(name) : std::nullopt;
        path += number ? "[]" : (path.empty() ? "" : ".") + std::string(name);
        if (name.empty() || !is_sidecar_key(path)) return std::nullopt;
        steps.push_back({name, number.value_or(0), end});
        if (end == key.size()) return steps;
        from = end + 1;
    }
}

class tree_builder {
public:
    sidecar_result<void> add(flat_pair pair)
    {
        const auto steps = steps_of(pair.key);
        if (!steps) return flat_error(sidecar_errc::unknown_key, shown(pair.key), "clé inconnue", pair.at);
        if (pair.value.empty()) return {};  // a column left blank is a field not given
        node* at = &root_;
        for (const step& next : *steps) {
            at = &member(*at, next.name);
            at->number = next.number;
            at->origin.key = pair.key.substr(0, next.end);
        }
        at->value = std::move(pair.value);
        at->origin.at = pair.at;
        return {};
    }

    sidecar_result<json::value> finish(flat_file& out) { return convert(root_, "", out); }

private:
    static node& member(node& of, std::string_view name)
    {
        for (node& one : of.members) {
            if (one.name == name) return one;
        }
        of.members.push_back({std::string(name), 0, std::nullopt, {}, {}});
        return of.members.back();
    }

    // As deep as the deepest key of the format.
    sidecar_result<json::value> convert(node& from, const std::string& path, flat_file& out)
    {
        out.names.emplace(path, from.origin);
        if (from.value && !from.members.empty())
            return flat_error(sidecar_errc::inconsistent, from.origin.key, "clé à la fois valeur et groupe",
                              from.origin.at);
        if (from.value) return json::value(*from.value);
        if (is_sidecar_key(path + "[]")) return list(from, path, out);
        json::object object;
        for (node& one : from.members) {
            auto value = convert(one, path.empty() ? one.name : path + "." + one.name, out);
            if (!value) return value.error();
            object.emplace(one.name, std::move(*value));
        }
        return json::value(std::move(object));
    }

    // In the order of the numbers; the ones left out are passed over, so that a table with fixed columns may leave some
    // of them blank.
    sidecar_result<json::value> list(node& from, const std::string& path, flat_file& out)
    {
        std::sort(from.members.begin(), from.members.end(),
                  [](const node& a, const node& b) { return a.number < b.number; });
        json::array all;
        for (node& one : from.members) {
            auto value = convert(one, path + "[" + std::to_string(all.size()) + "]", out);
            if (!value) return value.error();
            all.push_back(std::move(*value));
        }
        return json::value(std::move(all));
    }

    node root_;
};

void append_utf8(std::string& out, unsigned point)
{
    if (point < 0x80) {
        out += static_cast<char>(point);
        return;
    }
    if (point < 0x800) {
        out += static_cast<char>(0xC0U | (point >> 6U));
    } else {
        out += static_cast<char>(0xE0U | (point >> 12U));
        out += static_cast<char>(0x80U | ((point >> 6U) & 0x3FU));
    }
    out += static_cast<char>(0x80U | (point & 0x3FU));
}

// The four digits of \uXXXX; no surrogate.
std::optional<unsigned> unicode_escape(std::string_view digits)
{
    if (digits.size() != 4) return std::nullopt;
    unsigned point = 0;
    for (const char c : digits) {
        const std::size_t value = std::string_view("0123456789abcdef").find(to_lower(c));
        if (value == std::string_view::npos) return std::nullopt;
        point = point * 16 + static_cast<unsigned>(value);
    }
    return point >= 0xD800 && point <= 0xDFFF ? std::nullopt : std::optional(point);
}

// What Java's Properties.store writes: \: \= \# \! \\ "\ " and \uXXXX.
std::optional<std::string> without_escapes(std::string_view value)
{
    std::string out;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '\\') {
            out += value[i];
            continue;
        }
        if (++i == value.size()) return std::nullopt;
        if (value[i] == 'u') {
            const auto point = unicode_escape(value.substr(i + 1, 4));
            if (!point) return std::nullopt;
            append_utf8(out, *point);
            i += 4;
        } else if (std::string_view(":=#!\\ ").find(value[i]) != std::string_view::npos) {
            out += value[i];
        } else {
            return std::nullopt;
        }
    }
    return out;
}

sidecar_result<std::vector<flat_pair>> read_pairs(std::string_view octets, sidecar_form form,
                                                  const sidecar_limits& limits)
{
    utf8_mark mark = utf8_mark::absent;
    if (octets.starts_with("\xEF\xBB\xBF")) {
        octets.remove_prefix(3);
        mark = utf8_mark::present;
    }
    if (octets.find('\0') != std::string_view::npos)
        return flat_error(sidecar_errc::encoding, "", "octet nul : un fichier UTF-16 est à enregistrer en UTF-8", {});
    auto pairs = form == sidecar_form::csv ? read_csv(octets, limits) : read_key_value(octets, limits);
    if (!pairs) return pairs.error();
    const auto declared =
        std::find_if(pairs->begin(), pairs->end(), [](const flat_pair& pair) { return pair.key == encoding_key; });
    const std::string name = declared == pairs->end() ? std::string() : declared->value;
    if (auto read = to_utf8(*pairs, name, mark); !read) return read.error();
    if (form != sidecar_form::key_value) return pairs;
    for (flat_pair& pair : *pairs) {
        auto value = without_escapes(pair.value);
        if (!value) return flat_error(sidecar_errc::not_flat, shown(pair.key), "échappement \\ inconnu", pair.at);
        pair.value = std::move(*value);
    }
    return pairs;
}

bool is_day_first(std::string_view format)
{
    return format == "JJ/MM/AAAA" || format == "DD/MM/YYYY";
}
}

sidecar_error flat_error(sidecar_errc code, std::string field, std::string text, place at)
{
    if (at.line != 0) text += " (ligne " + std::to_string(at.line) + ", colonne " + std::to_string(at.column) + ")";
    return {code, std::move(field), std::move(text), at};
}

// A field that is not there has the words of the group that should hold it.
std::string flat_file::key_of(const std::string& path) const
{
    for (std::size_t size = path.size(); size != 0 && size != std::string::npos;
         size = path.find_last_of(".[", size - 1)) {
        const auto group = names.find(std::string_view(path).substr(0, size));
        if (group != names.end()) return group->second.key + path.substr(size);
    }
    return path;
}

sidecar_error flat_file::named(sidecar_error error) const
{
    const auto exact = names.find(error.field);
    return flat_error(error.code, key_of(error.field), std::move(error.text),
                      exact == names.end() ? place{} : exact->second.at);
}

sidecar_result<flat_file> read_flat(std::string_view octets, sidecar_form form, const sidecar_limits& limits)
{
    auto pairs = read_pairs(octets, form, limits);
    if (!pairs) return pairs.error();
    flat_file out;
    tree_builder tree;
    std::set<std::string, std::less<>> seen;
    for (flat_pair& pair : *pairs) {
        if (!seen.insert(pair.key).second)
            return flat_error(sidecar_errc::duplicate, shown(pair.key), "clé donnée deux fois", pair.at);
        if (pair.key == encoding_key) continue;
        if (pair.key == dates_key) {
            if (!is_day_first(pair.value))
                return flat_error(sidecar_errc::ill_formed, pair.key, "valeur attendue : JJ/MM/AAAA", pair.at);
            out.dates = date_order::day_first;
            continue;
        }
        if (auto added = tree.add(std::move(pair)); !added) return added.error();
    }
    auto read = tree.finish(out);
    if (!read) return read.error();
    out.tree = std::move(*read);
    return out;
}

std::optional<std::string> iso_date(std::string_view text, date_order order)
{
    const auto digits = [&](std::size_t first, std::size_t count) {
        const std::string_view part = text.substr(first, count);
        return part.size() == count && std::all_of(part.begin(), part.end(), is_digit);
    };
    if (text.size() < 10 || text[2] != '/' || text[5] != '/' || !digits(0, 2) || !digits(3, 2) || !digits(6, 4))
        return std::string(text);
    const std::string_view day = text.substr(0, 2);
    const std::string_view month = text.substr(3, 2);
    if (order == date_order::unstated && day <= "12" && day != month) return std::nullopt;
    return std::string(text.substr(6, 4)) + "-" + std::string(month) + "-" + std::string(day) +
           std::string(text.substr(10));
}
}
