#include "mime/cda/parties.hpp"

#include <algorithm>
#include <array>

#include "mime/cda/identifiers.hpp"

namespace mime::cda {
namespace {
// INS-C (obsolete) and the NIR kept as a social security number: ids, but neither INS nor hospital number.
bool is_other_national_root(std::string_view root)
{
    constexpr std::array<std::string_view, 4> roots = {"1.2.250.1.213.1.4.2", "1.2.250.1.213.1.4.6",
                                                       "1.2.250.1.213.1.4.7", "1.2.250.1.213.1.4.13"};
    return std::find(roots.begin(), roots.end(), root) != roots.end();
}

template <class Matches>
const patient_id* first_id(const std::vector<patient_id>& ids, Matches matches)
{
    const auto found = std::find_if(ids.begin(), ids.end(), [&](const patient_id& id) { return matches(id.root); });
    return found == ids.end() ? nullptr : &*found;
}

const patient_text& first_filled(const patient_text& a, const patient_text& b, const patient_text& c)
{
    if (!a.empty()) return a;
    return b.empty() ? c : b;
}
}

const patient_id* patient::ins() const noexcept
{
    const patient_id* production = first_id(ids, is_ins_production_root);
    return production != nullptr ? production : first_id(ids, is_ins_root);
}

const patient_id* patient::ipp() const noexcept
{
    return first_id(ids, [](std::string_view root) { return !is_ins_root(root) && !is_other_national_root(root); });
}

const patient_text& patient::family_to_show() const noexcept
{
    return first_filled(birth_family, used_family, family);
}

const patient_text& patient::given_to_show() const noexcept
{
    return first_filled(birth_given, used_given, given_list);
}
}
