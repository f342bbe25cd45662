// Broken messages (tests/data/hl7/broken_messages.txt): each differs in one named place from a base that is accepted in
// the same run, goes through the whole planner, and is answered with the code and the place its row states.
#include <catch2/catch.hpp>

#include <fstream>
#include <iostream>
#include <set>
#include <vector>

#include "mime/hl7/acknowledgement.hpp"
#include "mime/hl7/message.hpp"
#include "relay/pipeline/letter_plan.hpp"
#include "tests/component/relay/corpus/bases.hpp"
#include "tests/component/relay/corpus/edits.hpp"
#include "tests/support/site.hpp"
#include "tests/support/submissions.hpp"

using namespace relay::pipeline;

namespace {
struct row {
    std::size_t line = 0;
    std::string base, edit, answer, code, place;
};

// Columns are parted by two spaces or more; '#' starts a comment line.
std::vector<row> read_rows()
{
    std::ifstream file(TESTS_DATA "/hl7/broken_messages.txt");
    std::vector<row> rows;
    std::string text;
    for (std::size_t number = 1; std::getline(file, text); ++number) {
        if (text.empty() || text[0] == '#') continue;
        std::vector<std::string> columns;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find("  ", at), text.size());
            columns.push_back(text.substr(at, end - at));
            at = std::min(text.find_first_not_of(' ', end), text.size());
        }
        columns.resize(5);
        rows.push_back({number, columns[0], columns[1], columns[2], columns[3], columns[4]});
    }
    return rows;
}

// "strict:T02": the message T02 at a site that applies the matrix as printed.
constexpr std::string_view strict = "strict:";

std::string name_of(const row& tc)
{
    return tc.base.substr(tc.base.starts_with(strict) ? strict.size() : 0);
}

planned plan_of(std::string bytes, matrix_mode mode)
{
    site_options site = tests::site();
    site.environment = mime::cda::site_environment::production;
    site.hl7 = {};
    site.mode = mode;
    route_policy routes = tests::routes();
    routes.trusted_domains.insert("patient.mssante.fr");
    return plan_submission(tests::dropped("a.hl7", std::move(bytes)), site, routes,
                           tests::local("20261120150000+0100"));
}

struct told {
    std::string answer, code, place, text;  // MSA-1, ERR-3.1, ERR-2, ERR-7 of the first ERR
};

// What the sender reads; answer "-" when MSH does not allow an acknowledgement, then code and place are the report's.
told answer_to(const planned& plan)
{
    const auto* const why = std::get_if<refusal>(&plan.what);
    if (why == nullptr) return {"AA", "0", "", ""};
    if (!plan.header) return {"-", why->code, why->field, why->message};
    const mime::timestamp now = *mime::read_timestamp("20261120150000+0100");
    const auto ack = mime::hl7::read_message(write_ack(*plan.header, mime::hl7::refusal("ACK1", now, why->hl7)));
    if (!ack.has_value()) return {"unreadable", "", "", ""};
    const auto msa = ack->first("MSA");
    const auto err = ack->first("ERR");
    if (!msa || !err) return {"incomplete", "", "", ""};
    return {msa->field(1).component(1).text(), err->field(3).component(1).text(), std::string(err->field(2).raw()),
            err->field(7).component(1).text()};
}
}

TEST_CASE("every base is accepted as it stands", "[corpus]")
{
    std::set<std::string> names;
    for (const row& tc : read_rows()) names.insert(name_of(tc));
    CHECK(names.size() == 14);
    for (const std::string& name : names) {
        CAPTURE(name);
        REQUIRE_FALSE(corpus::base(name).empty());
        const planned plan = plan_of(corpus::base(name), matrix_mode::tolerant);
        if (const auto* const why = std::get_if<refusal>(&plan.what))
            FAIL_CHECK(name << " " << why->code << " " << why->field << " " << why->message);
    }
}

TEST_CASE("every broken message is answered with its own code and place", "[corpus]")
{
    const std::vector<row> rows = read_rows();
    std::set<std::string> seen;
    std::size_t broken = 0;
    for (const row& tc : rows) {
        CAPTURE(tc.line, tc.base, tc.edit);
        CHECK(seen.insert(tc.base + ' ' + tc.edit).second);
        const corpus::edited message = corpus::apply(corpus::base(name_of(tc)), tc.edit);
        CHECK(message.mistake == "");
        if (!message.mistake.empty()) continue;
        const told got =
            answer_to(plan_of(message.text, tc.base.starts_with(strict) ? matrix_mode::strict : matrix_mode::tolerant));
        CAPTURE(got.text);
        CHECK(got.answer + ' ' + got.code + ' ' + got.place == tc.answer + ' ' + tc.code + ' ' + tc.place);
        for (const std::string_view mark : {"QUENTRELIN", "YSOLINE", "885214", "2850769", "1985", "medecin.example"})
            CHECK(got.text.find(mark) == std::string::npos);
        broken += tc.answer == "AA" ? 0U : 1U;
    }
    std::cout << "broken messages: " << broken << " refused as stated, " << rows.size() - broken
              << " variants accepted\n";
    CHECK(broken >= 120);
}
