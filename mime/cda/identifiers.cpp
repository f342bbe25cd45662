#include "mime/cda/identifiers.hpp"

namespace mime::cda {
namespace {
bool is_corsica(std::string_view department) noexcept
{
    return department == "2A" || department == "2B";
}
}

bool is_cog(std::string_view text) noexcept
{
    if (text.size() != 5) return false;
    return all_digits(text) || (is_corsica(text.substr(0, 2)) && all_digits(text.substr(2)));
}

bool is_oid(std::string_view text) noexcept
{
    if (text.empty() || text.size() > 64 || text.front() > '2') return false;
    std::size_t arcs = 0;
    for (std::string_view rest = text;;) {
        const std::size_t dot = rest.find('.');
        const std::string_view arc = rest.substr(0, dot);
        if (!all_digits(arc) || (arc.size() > 1 && arc.front() == '0') || (arcs == 0 && arc.size() != 1)) return false;
        ++arcs;
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    return arcs >= 2;
}

bool is_ins_root(std::string_view root) noexcept
{
    return is_ins_production_root(root) || root == oid::ins_test || root == oid::ins_demo;
}

bool is_ins_production_root(std::string_view root) noexcept
{
    return root == oid::ins_nir || root == oid::ins_nia;
}

std::string_view rpps_of(std::string_view root, std::string_view extension) noexcept
{
    const bool rpps = root == oid::professional && extension.size() == 12 && extension.front() == '8';
    return rpps && all_digits(extension) ? extension.substr(1) : std::string_view();
}

std::string_view finess_of(std::string_view root, std::string_view extension) noexcept
{
    return root == oid::structure && extension.size() == 10 && extension.front() == '1' ? extension.substr(1)
                                                                                        : std::string_view();
}
}
