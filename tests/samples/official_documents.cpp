// The official documents under the checks: what each leaves unsaid, and nothing of what it says. They are read where
// they are (LIAISON_SAMPLES) and never copied. Their known flaws are listed beside them, in the samples' README.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "mime/cda/checks.hpp"

using namespace mime::cda;

namespace {
std::string file(const std::string& name)
{
    std::ifstream in(std::string(OFFICIAL_SAMPLES) + "/cda/" + name, std::ios::binary);
    REQUIRE(in.good());
    return {std::istreambuf_iterator<char>(in), {}};
}

std::set<std::string> missing_in(const std::string& name)
{
    const auto document = read_document(file(name));
    REQUIRE(document.has_value());
    check_context context{*mime::find_zone("Europe/Paris")};
    context.environment = site_environment::test;
    std::set<std::string> ids;
    const auto all = check_document(*document, extract_body(*document), context);
    CHECK(first_block(all) == nullptr);
    for (const check_outcome& one : all) {
        if (one.state == check_state::missing) ids.insert(one.id);
        for (const gap& found : one.gaps) UNSCOPED_INFO(one.id << " " << found.field << ": " << found.text);
    }
    return ids;
}
}

TEST_CASE("official documents leave with these warnings and no other", "[samples]")
{
    struct row {
        std::string name;
        std::set<std::string> missing;
    };
    const auto tc = GENERATE(values<row>({
        {"ldl-ses_2022.01.xml", {"C05", "T07", "T10"}},
        {"non-structured_n1.xml", {"C05", "C06"}},
        {"cr-radio_n1_v1.xml", {"C03", "C05", "C06"}},
        {"cr-radio_n1_v2_replaces_v1.xml", {"C03", "C05", "C06"}},
    }));
    CAPTURE(tc.name);
    CHECK(missing_in(tc.name) == tc.missing);
}
