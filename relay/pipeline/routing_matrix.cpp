#include "relay/pipeline/routing_matrix.hpp"

#include <algorithm>
#include <stdexcept>

namespace relay::pipeline {
namespace {
struct embedded_matrix {
    std::string_view version;
    std::string_view toml;
};
constexpr embedded_matrix embedded[] = {
#include "matrices.inc"
};

bool fits(flag_want want, bool value)
{
    return want == flag_want::any || (want == flag_want::yes) == value;
}

std::vector<std::size_t> disagreements(const matrix_row& row, const flag_values& flags)
{
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < flags.size(); ++i)
        if (!fits(row.wants[i], flags[i])) found.push_back(i);
    return found;
}

// What a row is far by: first the number of flags, then whether it mails somebody else than the sender asks for.
std::size_t distance(const std::vector<std::size_t>& wrong)
{
    const bool other_addressees =
        std::any_of(wrong.begin(), wrong.end(), [](std::size_t i) { return i == to_professionals || i == to_patient; });
    return 2 * wrong.size() + (other_addressees ? 1 : 0);
}
}

matrix_answer look_up(const routing_matrix& matrix, matrix_mode mode, const flag_values& flags)
{
    matrix_miss nearest;
    bool any = false;
    for (const matrix_row& row : matrix.rows) {
        if (mode == matrix_mode::strict && row.origin == row_origin::tolerance) continue;
        auto wrong = disagreements(row, flags);
        if (wrong.empty()) return &row;
        if (!any || distance(wrong) < distance(nearest.flags)) nearest = {row.name, std::move(wrong)};
        any = true;
    }
    return nearest;
}

const std::vector<routing_matrix>& national_matrices()
{
    static const std::vector<routing_matrix> all = [] {
        std::vector<routing_matrix> read;
        for (const auto& [version, toml] : embedded) {
            matrix_file file = read_matrix(toml);
            if (!file.mistakes.empty() || file.matrix.version != version)
                throw std::logic_error("conf/matrix/" + std::string(version) + ".toml cannot be used");
            read.push_back(std::move(file.matrix));
        }
        return read;
    }();
    return all;
}

const routing_matrix* national_matrix(std::string_view version)
{
    const auto& all = national_matrices();
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.version == version; });
    return found == all.end() ? nullptr : &*found;
}
}
