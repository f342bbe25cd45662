#include "relay/pipeline/stay_match.hpp"

#include <algorithm>

#include "relay/pipeline/patient_keys.hpp"
#include "relay/pipeline/stay_fold.hpp"

namespace relay::pipeline {
namespace {
constexpr auto near = std::chrono::hours(24);

bool differ(const std::string& a, const std::string& b)
{
    return !a.empty() && !b.empty() && a != b;
}

bool same(const std::string& a, const std::string& b) noexcept
{
    return !a.empty() && a == b;
}

// The visit decides; the file only where one of them names no visit.
bool other_number(const letter_clues& letter, const stay_row& stay)
{
    const bool visits = !letter.visit_key.empty() && !stay.visit_key.empty();
    return visits ? letter.visit_key != stay.visit_key : differ(letter.file_key, stay.file_key);
}
}

bool time_fits(const letter_clues& letter, const stay_row& stay) noexcept
{
    if (!stay.admission && !stay.discharge) return false;
    const instant starts = letter.starts.value_or(letter.ends.value_or(letter.written));
    const instant ends = letter.ends.value_or(letter.starts.value_or(letter.written));
    const bool after_admission = !stay.admission || starts >= *stay.admission - near;
    const bool before_discharge = !stay.discharge || ends <= *stay.discharge + near;
    // Of a stay whose admission is not known only the end can be compared.
    const bool at_discharge = stay.admission || ends >= *stay.discharge - near;
    return after_admission && before_discharge && at_discharge;
}

bool may_be_about(const letter_clues& letter, const stay_row& stay) noexcept
{
    if (same(letter.visit_key, stay.visit_key) || same(letter.file_key, stay.file_key)) return true;
    return letter.state != match_state::number && same_person(letter, stay) && time_fits(letter, stay);
}

std::vector<stay_row> candidate_stays(ports::reader& store, const letter_clues& letter)
{
    std::vector<stay_row> all = store.stays_of_person(letter.identity_key, letter.traits_key);
    const auto unfit = [&](const stay_row& stay) {
        return stay.exclusion == exclusion_cancelled || !same_person(letter, stay) || !time_fits(letter, stay);
    };
    all.erase(std::remove_if(all.begin(), all.end(), unfit), all.end());
    return all;
}

stay_match find_stay(ports::reader& store, const letter_clues& letter)
{
    std::optional<stay_row> named;
    if (!letter.visit_key.empty() || !letter.file_key.empty())
        named = store.stay_by_key(letter.visit_key, letter.file_key);
    if (named && named->in_feed) return {std::move(named), match_state::number};
    std::vector<stay_row> fitting = candidate_stays(store, letter);
    const auto cannot_be = [&](const stay_row& stay) {
        return other_number(letter, stay) || (named && stay.id == named->id);
    };
    fitting.erase(std::remove_if(fitting.begin(), fitting.end(), cannot_be), fitting.end());
    if (fitting.size() == 1) return {std::move(fitting.front()), match_state::identity};
    return {std::move(named), match_state::open};
}
}
