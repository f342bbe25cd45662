#include "mime/sidecar/fields.hpp"

#include <algorithm>
#include <utility>

#include "mime/cda/identifiers.hpp"
#include "mime/sidecar/keys.hpp"
#include "mime/text/charset.hpp"
#include "mime/text/cursor.hpp"

namespace mime::sidecar::detail {
namespace json = boost::json;
namespace {
std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

// 2026-11-16T08:05:00+01:00 as the HL7 form 20261116080500+0100; other text comes back unchanged and fails later.
std::string hl7_form(std::string_view text)
{
    if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::string(text);
    std::string out = std::string(text.substr(0, 4)).append(text.substr(5, 2)).append(text.substr(8, 2));
    std::string_view clock = text.substr(10);
    if (clock.empty()) return out;
    if (clock.front() != 'T' && clock.front() != ' ') return std::string(text);
    clock.remove_prefix(1);
    const bool utc = !clock.empty() && clock.back() == 'Z';
    if (utc) clock.remove_suffix(1);
    for (const char c : clock) {
        if (c != ':') out += c;
    }
    return utc ? out + "+0000" : out;
}

// Only what looks like a key is shown: whatever else could be a value put in the wrong place.
bool is_plain_key(std::string_view key)
{
    return !key.empty() && key.size() <= 40 && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '$';
    });
}
}

fields::fields(reading& state, const json::object* object, std::string path)
    : state_(state), object_(object), path_(std::move(path))
{
    if (object_ == nullptr) return;
    for (const auto& member : *object_) {
        const std::string_view key(member.key().data(), member.key().size());
        if (is_plain_key(key) && is_sidecar_key(path_of(key))) continue;
        state_.fail(sidecar_errc::unknown_key, path_of(is_plain_key(key) ? key : "?"), "clé inconnue");
    }
}

std::string fields::path_of(std::string_view key) const
{
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void fields::fail(sidecar_errc code, std::string_view key, std::string text)
{
    state_.fail(code, path_of(key), std::move(text));
}

const json::value* fields::find(std::string_view key, presence need)
{
    const json::value* value = object_ == nullptr ? nullptr : object_->if_contains(key);
    if (value != nullptr && !value->is_null()) return value;
    if (need == presence::required) fail(sidecar_errc::missing, key, "champ obligatoire absent");
    return nullptr;
}

bool fields::has(std::string_view key) const
{
    const json::value* value = object_ == nullptr ? nullptr : object_->if_contains(key);
    return value != nullptr && !value->is_null();
}

std::string fields::checked_text(const json::value& value, std::string_view key, presence need)
{
    if (!value.is_string()) {
        fail(sidecar_errc::wrong_type, key, "texte attendu");
        return {};
    }
    const json::string& raw = value.get_string();
    const std::string_view text = trimmed({raw.data(), raw.size()});
    if (text.size() > state_.defaults.limits.max_text_octets) fail(sidecar_errc::ill_formed, key, "texte trop long");
    if (has_control(text)) fail(sidecar_errc::ill_formed, key, "caractère de contrôle");
    if (text.empty() && need == presence::required) fail(sidecar_errc::missing, key, "champ obligatoire vide");
    return std::string(text);
}

std::string fields::text(std::string_view key, presence need)
{
    const json::value* value = find(key, need);
    return value == nullptr ? std::string() : checked_text(*value, key, need);
}

std::string fields::one_of(std::string_view key, presence need, std::initializer_list<std::string_view> allowed)
{
    std::string value = text(key, need);
    if (!value.empty() && std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
        std::string list;
        for (const std::string_view one : allowed) list.append(list.empty() ? "" : ", ").append(one);
        fail(sidecar_errc::ill_formed, key, "valeur attendue : " + list);
    }
    return value;
}

std::string fields::date_text(std::string_view key, presence need)
{
    std::string value = text(key, need);
    if (state_.flat == nullptr) return value;
    if (auto iso = iso_date(value, state_.flat->dates)) return std::move(*iso);
    fail(sidecar_errc::ill_formed, key,
         "date qui se lit de deux façons : écrire AAAA-MM-JJ, ou ajouter date_format=JJ/MM/AAAA");
    return {};
}

std::optional<timestamp> fields::instant(std::string_view key, presence need, time_precision at_least)
{
    const std::string value = date_text(key, need);
    if (value.empty()) return std::nullopt;
    auto read = read_timestamp(hl7_form(value));
    if (!read || read->precision < at_least) {
        fail(sidecar_errc::ill_formed, key, "date et heure attendues, par exemple 2026-11-20T14:30:00+01:00");
        return std::nullopt;
    }
    if (read->precision >= time_precision::hour && !read->offset && state_.defaults.zone) {
        return local_timestamp(to_utc(*read, *state_.defaults.zone).at, *state_.defaults.zone);
    }
    return read;
}

std::string fields::date(std::string_view key, presence need)
{
    const std::string value = date_text(key, need);
    if (value.empty()) return {};
    const auto read = read_timestamp(hl7_form(value));
    if (!read || read->precision != time_precision::day || read->offset) {
        fail(sidecar_errc::ill_formed, key, "date attendue, par exemple 1985-07-14");
        return {};
    }
    return write_timestamp(*read);
}

std::string fields::rpps(std::string_view key, presence need)
{
    const std::string value = text(key, need);
    if (value.empty()) return {};
    if (value.size() != 11 || !cda::all_digits(value)) {
        fail(sidecar_errc::ill_formed, key, "RPPS de 11 chiffres attendu");
    } else if (state_.defaults.keys == key_checks::strict && !cda::is_rpps(value)) {
        fail(sidecar_errc::check_digit, key, "clé du RPPS incorrecte");
    }
    return value;
}

std::string fields::finess(std::string_view key, presence need)
{
    const std::string value = text(key, need);
    if (value.empty()) return {};
    const bool corsica = value.compare(0, 2, "2A") == 0 || value.compare(0, 2, "2B") == 0;
    if (value.size() != 9 || !cda::all_digits(std::string_view(value).substr(corsica ? 2 : 0))) {
        fail(sidecar_errc::ill_formed, key, "FINESS de 9 caractères attendu");
    } else if (state_.defaults.keys == key_checks::strict && !cda::is_finess(value)) {
        fail(sidecar_errc::check_digit, key, "clé du FINESS incorrecte");
    }
    return value;
}

std::string fields::oid(std::string_view key, presence need)
{
    std::string value = text(key, need);
    if (!value.empty() && !cda::is_oid(value)) fail(sidecar_errc::ill_formed, key, "OID attendu");
    return value;
}

std::string fields::phone(std::string_view key)
{
    std::string digits;
    for (const char c : text(key, presence::optional)) {
        if (c != ' ' && c != '.' && c != '-' && c != '(' && c != ')') digits += c;
    }
    if (digits.empty()) return {};
    const std::string_view number = std::string_view(digits).substr(digits.front() == '+' ? 1 : 0);
    if (!cda::all_digits(number) || number.size() < 2 || number.size() > 15) {
        fail(sidecar_errc::ill_formed, key, "numéro de téléphone attendu");
    }
    return "tel:" + digits;
}

std::string fields::address(std::string_view key)
{
    std::string value = text(key, presence::optional);
    const std::size_t sign = value.find('@');
    const bool good = sign != std::string::npos && sign > 0 && sign + 1 < value.size() && value.size() <= 254 &&
                      value.find('@', sign + 1) == std::string::npos &&
                      std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < '\x7F'; }) &&
                      value.find_first_of("<>(),;:\\\"[]") == std::string::npos;
    if (!value.empty() && !good) fail(sidecar_errc::ill_formed, key, "adresse de messagerie attendue");
    return value;
}

std::optional<std::uint32_t> fields::positive(std::string_view key)
{
    const json::value* value = find(key, presence::optional);
    if (value == nullptr) return std::nullopt;
    std::optional<std::int64_t> number;
    if (value->is_int64()) number = value->get_int64();
    if (state_.flat != nullptr && value->is_string()) {  // the flat forms know no numbers
        cursor digits({value->get_string().data(), value->get_string().size()});
        if (const auto read = digits.accept_number(1, 7); read && digits.at_end())
            number = static_cast<std::int64_t>(*read);
    }
    if (!number) {
        fail(sidecar_errc::wrong_type, key, "nombre entier attendu");
        return std::nullopt;
    }
    if (*number < 1 || *number > 1'000'000) {
        fail(sidecar_errc::ill_formed, key, "nombre de 1 à 1000000 attendu");
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(*number);
}

std::vector<std::string> fields::texts(std::string_view key, std::size_t at_most)
{
    std::vector<std::string> all;
    const json::array* list = array(key);
    if (list == nullptr) return all;
    if (list->size() > at_most) fail(sidecar_errc::too_many, key, "trop de lignes");
    for (const json::value& value : *list) all.push_back(checked_text(value, key, presence::required));
    return all;
}

const json::object* fields::object(std::string_view key, presence need)
{
    const json::value* value = find(key, need);
    if (value == nullptr) return nullptr;
    if (!value->is_object()) fail(sidecar_errc::wrong_type, key, "objet attendu");
    return value->if_object();
}

const json::array* fields::array(std::string_view key)
{
    const json::value* value = find(key, presence::optional);
    if (value == nullptr) return nullptr;
    if (!value->is_array()) fail(sidecar_errc::wrong_type, key, "liste attendue");
    return value->if_array();
}
}
