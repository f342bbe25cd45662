#include "mime/hl7/checker.hpp"

namespace mime::hl7 {
void checker::fail(int code, std::string location, std::string text)
{
    if (errors_.size() < max_errors) errors_.push_back({code, std::move(location), std::move(text), ack_code::AE});
}

void checker::warn(std::string location, std::string text)
{
    if (warnings_.size() < max_errors) warnings_.push_back({std::move(location), std::move(text)});
}

std::string checker::required(const segment& from, std::size_t field, std::size_t component)
{
    std::string text = from.field(field).component(component).text();
    if (text.empty()) {
        fail(condition::required_field_missing, from.location(field, component == 1 ? 0 : component),
             "Champ obligatoire absent");
    }
    return text;
}

std::string checker::one_of(const segment& from, std::size_t field, const std::vector<std::string>& allowed)
{
    std::string text = required(from, field);
    if (!text.empty() && !contains(allowed, text)) {
        fail(condition::table_value_not_found, from.location(field), "Valeur non admise");
    }
    return text;
}

std::optional<timestamp> checker::time(const segment& from, std::size_t field)
{
    const std::string text = from.field(field).component(1).text();
    if (text.empty()) return std::nullopt;
    auto value = read_timestamp(text);
    if (value && value->precision >= time_precision::day) return value;
    fail(condition::data_type, from.location(field), "Date ou heure illisible");
    return std::nullopt;
}

std::optional<timestamp> checker::required_time(const segment& from, std::size_t field)
{
    if (required(from, field).empty()) return std::nullopt;
    return time(from, field);
}

void checker::wrong_key(const profile& profile, std::string location, std::string text)
{
    if (profile.wrong_keys == tolerance::refused) {
        fail(condition::data_type, std::move(location), std::move(text));
    } else {
        warn(std::move(location), std::move(text));
    }
}

std::optional<segment> checker::only(const message& message, std::string_view name)
{
    const auto found = message.first(name);
    const std::string place = std::string(name) + '^';
    if (!found) fail(condition::segment_sequence, place + '1', "Segment obligatoire absent");
    if (message.count(name) > 1) fail(condition::cardinality, place + '2', "Un seul segment de ce nom est admis");
    return found;
}

std::string_view trimmed(std::string_view text) noexcept
{
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}
}
