#include "relay/pipeline/completeness.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace relay::pipeline {
namespace cda = mime::cda;
namespace {
constexpr std::string_view form_version = "1 ";
constexpr std::size_t max_gaps = 8;
constexpr std::size_t max_place_octets = 120;
constexpr std::size_t max_lines = 100;

struct state_name {
    cda::check_state state;
    std::string_view name;
};
constexpr std::array state_names = {
    state_name{cda::check_state::satisfied, "satisfied"},
    state_name{cda::check_state::missing, "missing"},
    state_name{cda::check_state::not_assessable, "not_assessable"},
    state_name{cda::check_state::not_applicable, "not_applicable"},
};

std::string_view name_of(cda::check_state state)
{
    for (const state_name& one : state_names)
        if (one.state == state) return one.name;
    return {};
}

std::optional<cda::check_state> state_of(std::string_view name)
{
    for (const state_name& one : state_names)
        if (one.name == name) return one.state;
    return std::nullopt;
}

void append_place(std::string& out, std::string_view place)
{
    for (const char c : place.substr(0, max_place_octets)) out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
}

std::string_view take_until(std::string_view& rest, char mark)
{
    const std::size_t end = rest.find(mark);
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return part;
}

std::optional<int> number(std::string_view text)
{
    int value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

std::optional<presence_score> read_score(std::string_view line)
{
    if (line.substr(0, form_version.size()) != form_version) return std::nullopt;
    line.remove_prefix(form_version.size());
    const auto satisfied = number(take_until(line, '/'));
    const auto applicable = number(line);
    if (!satisfied || !applicable || *satisfied > *applicable) return std::nullopt;
    return presence_score{*satisfied, *applicable};
}

std::optional<cda::check_outcome> read_outcome(std::string_view line)
{
    cda::check_outcome out;
    out.id = take_until(line, '\t');
    const auto state = state_of(take_until(line, '\t'));
    if (out.id.empty() || !state) return std::nullopt;
    out.state = *state;
    while (!line.empty()) {
        const std::string_view how = take_until(line, '\t');
        if ((how != "block" && how != "warn") || out.gaps.size() == max_gaps) return std::nullopt;
        const std::string_view place = take_until(line, '\t');
        out.gaps.push_back({how == "block" ? cda::level::block : cda::level::warn, std::string(place), {}});
    }
    return out;
}
}

presence_score score_of(const std::vector<cda::check_outcome>& outcomes)
{
    presence_score score;
    bool dated_otherwise = false;
    for (const cda::check_outcome& one : outcomes) {
        dated_otherwise |= one.id == "C02" && one.state == cda::check_state::missing;
        const cda::check_row* row = cda::find_check(one.id);
        if (row == nullptr || row->weight != cda::check_weight::scored) continue;
        if (one.state == cda::check_state::satisfied) ++score.satisfied;
        if (one.state == cda::check_state::satisfied || one.state == cda::check_state::missing) ++score.applicable;
    }
    if (dated_otherwise) score.satisfied = 0;
    return score;
}

std::string completeness_text(const std::vector<cda::check_outcome>& outcomes)
{
    const presence_score score = score_of(outcomes);
    std::string out(form_version);
    out += std::to_string(score.satisfied) + '/' + std::to_string(score.applicable);
    for (const cda::check_outcome& one : outcomes) {
        out.append("\n").append(one.id).append("\t").append(name_of(one.state));
        for (std::size_t i = 0; i < std::min(one.gaps.size(), max_gaps); ++i) {
            out += one.gaps[i].level == cda::level::block ? "\tblock\t" : "\twarn\t";
            append_place(out, one.gaps[i].field);
        }
    }
    return out;
}

std::optional<completeness> read_completeness(std::string_view text)
{
    const auto score = read_score(take_until(text, '\n'));
    if (!score) return std::nullopt;
    completeness out{*score, {}};
    while (!text.empty()) {
        auto outcome = read_outcome(take_until(text, '\n'));
        if (!outcome || out.outcomes.size() == max_lines) return std::nullopt;
        out.outcomes.push_back(std::move(*outcome));
    }
    return out;
}
}
