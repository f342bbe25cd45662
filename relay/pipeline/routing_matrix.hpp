// relay/pipeline/routing_matrix.hpp: which combinations of handling flags a document may be mailed with, and to whom
// (mssante.md §2.6). The rows are versioned data, conf/matrix/*.toml, built into the binary; a site's profile may add
// rows of its own. Pure; a matrix is read once and then shared by any thread. Reading never throws for the content.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace relay::pipeline {
// By their national names, in the order of the volet: indexes of flag_values and matrix_row::wants.
inline constexpr std::array<std::string_view, 8> matrix_flags = {
    "MASQUE_PS",       "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX", "CONNEXION_SECRETE",
    "MODIF_CONF_CODE", "DESTDMP",           "DESTMSSANTEPS",        "DESTMSSANTEPAT"};
enum matrix_flag : std::size_t {
    masked_from_professionals,
    invisible_to_patient,
    invisible_to_representatives,
    secret_connection,
    confidentiality_change,
    to_shared_record,
    to_professionals,
    to_patient
};
using flag_values = std::array<bool, matrix_flags.size()>;  // true: Y

enum class matrix_mode { strict, tolerant };  // as printed; with the rows marked as tolerances
enum class flag_want { no, yes, any };
enum class row_origin { national, tolerance, profile };

struct matrix_row {
    std::string name;
    row_origin origin = row_origin::national;
    std::array<flag_want, matrix_flags.size()> wants{};
    // Who gets the mail is wants[to_professionals] and wants[to_patient], never `any`: the reader sees to it.
};

struct routing_matrix {
    std::string version;  // "2026-04-21"
    std::string source;
    std::vector<matrix_row> rows;
};

// No row fits: the nearest one, and the flags that keep it from fitting (indexes of matrix_flags; none if the matrix
// has no rows).
struct matrix_miss {
    std::string row;
    std::vector<std::size_t> flags;
};
using matrix_answer = std::variant<const matrix_row*, matrix_miss>;

// The first row that fits. Rows of a profile count in both modes: the site has asked for them. Nearest: the fewest
// flags to change, of equals one that mails whom the sender wants, of equals the first.
[[nodiscard]] matrix_answer look_up(const routing_matrix& matrix, matrix_mode mode, const flag_values& flags);

struct matrix_mistake {
    std::uint32_t line = 0;
    std::string what;  // French
};
struct matrix_file {
    routing_matrix matrix;
    std::vector<matrix_mistake> mistakes;  // empty: it can be used
};
// A whole matrix: version, source, [[row]].
[[nodiscard]] matrix_file read_matrix(std::string_view toml);
// The [[matrix_row]] tables of a profile, as rows of that origin; whatever else stands there is not looked at.
[[nodiscard]] matrix_file read_profile_rows(std::string_view toml);

// Built in, oldest first.
[[nodiscard]] const std::vector<routing_matrix>& national_matrices();
[[nodiscard]] const routing_matrix* national_matrix(std::string_view version);  // nullptr: there is none
}
