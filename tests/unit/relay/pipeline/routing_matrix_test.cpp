// The routing matrix: all 2^8 combinations against rules written by hand from the national text, in both modes; how a
// combination that fits nothing is explained; what the reader of the data refuses.
#include <catch2/catch.hpp>

#include "relay/pipeline/routing_matrix.hpp"

using namespace relay::pipeline;

namespace {
struct sent {  // one combination, by what its flags mean
    bool masked, hidden_from_patient, hidden_from_representatives, secret, change, record, doctors, patient;
};

sent combination(unsigned bits)
{
    const auto bit = [bits](unsigned i) { return (bits >> i & 1U) != 0; };
    return {bit(0), bit(1), bit(2), bit(3), bit(4), bit(5), bit(6), bit(7)};
}

flag_values values_of(const sent& s)
{
    return {s.masked, s.hidden_from_patient, s.hidden_from_representatives, s.secret, s.change, s.record, s.doctors,
            s.patient};
}

// mssante.md §2.6, read again as sentences: to doctors only what is masked from nobody and hidden from no
// representative; to both only what the patient may see; to doctors alone, as printed, only what the patient may not
// see; to the patient alone what the patient may see, outside secret connections and the shared record. An empty text:
// not allowed.
std::string expected_row(const sent& s, matrix_mode mode)
{
    if (s.doctors) {
        if (s.masked || s.hidden_from_representatives) return "";
        if (s.patient) return s.hidden_from_patient ? "" : "A";
        if (s.hidden_from_patient) return "B";
        return mode == matrix_mode::tolerant ? "B'" : "";
    }
    return s.patient && !s.hidden_from_patient && !s.secret && !s.record ? "C" : "";
}

const routing_matrix& matrix()
{
    return national_matrices().back();
}

std::string row_of(const matrix_answer& answer)
{
    const auto* row = std::get_if<const matrix_row*>(&answer);
    return row == nullptr ? "" : (*row)->name;
}

const std::string whole = R"(version = "2030-01-01"
source = "essai"
[[row]]
name = "A"
MASQUE_PS = "N"
INVISIBLE_PATIENT = "N"
INVISIBLE_REP_LEGAUX = "any"
CONNEXION_SECRETE = "any"
MODIF_CONF_CODE = "any"
DESTDMP = "N"
DESTMSSANTEPS = "N"
DESTMSSANTEPAT = "Y"
mail = ["patient"]
)";

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    return text.replace(text.find(from), from.size(), to);  // throws std::out_of_range if absent
}
}

TEST_CASE("every combination has the row of the national text, in both modes", "[matrix]")
{
    CHECK(matrix().version == "2026-04-21");
    CHECK_FALSE(matrix().source.empty());
    int allowed[2] = {0, 0};
    for (const matrix_mode mode : {matrix_mode::strict, matrix_mode::tolerant})
        for (unsigned bits = 0; bits < 256; ++bits) {
            CAPTURE(bits, static_cast<int>(mode));
            const sent s = combination(bits);
            const matrix_answer answer = look_up(matrix(), mode, values_of(s));
            CHECK(row_of(answer) == expected_row(s, mode));
            if (!row_of(answer).empty()) ++allowed[static_cast<int>(mode)];
        }
    CHECK(allowed[0] == 24);  // A, B: 8 each; C: 8
    CHECK(allowed[1] == 32);  // and B': 8
}

TEST_CASE("a row mails whom the flags ask for, and never a patient who may not see", "[matrix]")
{
    for (unsigned bits = 0; bits < 256; ++bits) {
        const sent s = combination(bits);
        const auto answer = look_up(matrix(), matrix_mode::tolerant, values_of(s));
        if (const auto* row = std::get_if<const matrix_row*>(&answer)) {
            CHECK(((*row)->wants[to_professionals] == flag_want::yes) == s.doctors);
            CHECK(((*row)->wants[to_patient] == flag_want::yes) == s.patient);
            CHECK_FALSE((s.patient && s.hidden_from_patient));
        }
    }
}

TEST_CASE("what fits nothing is told by the nearest row and its flags", "[matrix]")
{
    struct row {
        sent flags;
        matrix_mode mode;
        std::string_view nearest;
        std::vector<std::size_t> wrong;
    };
    const row rows[] = {
        // masked, hidden from patient, from representatives, secret, change, record, doctors, patient
        {{true, false, false, false, false, false, true, false}, matrix_mode::tolerant, "B'", {0}},
        {{true, false, false, false, false, false, true, true}, matrix_mode::tolerant, "A", {0}},
        {{false, false, true, false, false, false, true, false}, matrix_mode::tolerant, "B'", {2}},
        {{false, false, false, false, false, false, true, false}, matrix_mode::strict, "B", {1}},
        {{false, false, false, true, false, false, false, true}, matrix_mode::tolerant, "C", {3}},
        {{false, false, false, false, false, true, false, true}, matrix_mode::tolerant, "C", {5}},
        {{false, true, false, false, false, false, false, true}, matrix_mode::tolerant, "C", {1}},
        {{false, true, false, false, false, false, true, true}, matrix_mode::tolerant, "A", {1}},
        {{true, true, true, false, false, false, true, false}, matrix_mode::tolerant, "B", {0, 2}},
        {{false, false, false, false, false, false, false, false}, matrix_mode::tolerant, "C", {7}},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.nearest);
        const auto answer = look_up(matrix(), tc.mode, values_of(tc.flags));
        const auto* miss = std::get_if<matrix_miss>(&answer);
        REQUIRE(miss != nullptr);
        CHECK(miss->row == tc.nearest);
        CHECK(miss->flags == tc.wrong);
    }
    const auto nothing = look_up({}, matrix_mode::tolerant, {});
    CHECK(std::get<matrix_miss>(nothing).flags.empty());
}

TEST_CASE("a profile adds rows that count in both modes", "[matrix]")
{
    const auto read = read_profile_rows("[hl7]\ntelecom_uses = [\"NET\"]\n" +
                                        replaced(whole.substr(whole.find("[[row]]")), "[[row]]", "[[matrix_row]]"));
    REQUIRE(read.mistakes.empty());
    REQUIRE(read.matrix.rows.size() == 1);
    CHECK(read.matrix.rows[0].origin == row_origin::profile);
    flag_values flags{};
    flags[to_patient] = flags[secret_connection] = true;
    for (const matrix_mode mode : {matrix_mode::strict, matrix_mode::tolerant})
        CHECK(row_of(look_up(read.matrix, mode, flags)) == "A");
    CHECK(read_profile_rows("[hl7]\n").mistakes.empty());
}

TEST_CASE("the reader of a matrix names the line and the key", "[matrix]")
{
    REQUIRE(read_matrix(whole).mistakes.empty());
    struct row {
        std::string_view from, to;
        std::uint32_t line;
        std::string_view word;
    };
    const row rows[] = {
        {"version = \"2030-01-01\"\n", "", 1, "version"},
        {"source = \"essai\"\n", "", 1, "source"},
        {"name = \"A\"", "", 3, "name"},
        {"MASQUE_PS = \"N\"", "", 3, "MASQUE_PS"},
        {"MASQUE_PS = \"N\"", "MASQUE_PS = \"n\"", 3, "MASQUE_PS"},
        {"MASQUE_PS = \"N\"", "MASQUE_PS = false", 3, "MASQUE_PS"},
        {"DESTMSSANTEPS = \"N\"", "DESTMSSANTEPS = \"any\"", 3, "DESTMSSANTEPS"},
        {"mail = [\"patient\"]", "mail = [\"patients\"]", 3, "mail"},
        {"mail = [\"patient\"]", "mail = []", 3, "mail"},
        {"mail = [\"patient\"]", "mail = [\"patient\", \"professionals\"]", 3, "mail"},
        {"INVISIBLE_PATIENT = \"N\"", "INVISIBLE_PATIENT = \"any\"", 3, "INVISIBLE_PATIENT"},
        {"mail = [\"patient\"]", "mail = [\"patient\"]\nmasque = \"N\"", 14, "masque"},
        {"[[row]]", "[row]", 3, "crochets"},
        {"[[row]]", "[[rows]]", 3, "rows"},
        {"name = \"A\"", "name = \"A", 4, "TOML"},
        {"name = \"A\"", "name = \"A\"\ntolerance = 1", 5, "tolerance"},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.from, tc.to);
        const auto read = read_matrix(replaced(whole, tc.from, tc.to));
        REQUIRE_FALSE(read.mistakes.empty());
        CHECK(read.mistakes[0].line == tc.line);
        CHECK(read.mistakes[0].what.find(tc.word) != std::string::npos);
    }
}
