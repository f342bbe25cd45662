#include "mime/cda/structured_body.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace {
using namespace mime::cda;

std::string document(const std::string& sections)
{
    return "<x:ClinicalDocument xmlns:x=\"urn:hl7-org:v3\"><x:id root=\"2.999.1\"/><x:code code=\"11490-0\"/>"
           "<x:component><x:structuredBody>" +
           sections + "</x:structuredBody></x:component></x:ClinicalDocument>";
}

std::string section(const std::string& code, const std::string& text, const std::string& inside = "")
{
    return "<x:component><x:section>" + inside + "<x:text>" + text + "</x:text><x:code code=\"" + code +
           "\"/></x:section></x:component>";
}

std::string many(const std::string& what, std::size_t count)
{
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += what;
    return all;
}

structured_body read(const std::string& sections, const structured_limits& limits = {})
{
    const auto parsed = read_document(document(sections));
    REQUIRE(parsed.has_value());
    return read_structured_body(*parsed, limits);
}
}

TEST_CASE("sections are found in any order, at any depth, and joined by their code", "[cda][structured]")
{
    const auto body = read(section("A", "un", section("B", "deux")) + section("B", "trois"));
    REQUIRE(body.section("A") != nullptr);
    CHECK(body.section("A")->narrative == "un\ndeux");
    CHECK(body.section("B")->narrative == "deux\ntrois");
    CHECK(body.section("C") == nullptr);
}

TEST_CASE("an observation says something by a code, a truth value or a text", "[cda][structured]")
{
    struct row {
        std::string value;
        bool stated;
    };
    const auto tc = GENERATE(values<row>({{"<x:value code=\"1\"/>", true},
                                          {"<x:value value=\"true\"/>", true},
                                          {"<x:value value=\"false\"/>", true},
                                          {"<x:value>oui</x:value>", true},
                                          {"<x:value> \n </x:value>", false},
                                          {"<x:value value=\"peut-être\"/>", false},
                                          {"<x:value nullFlavor=\"UNK\" code=\"1\"/>", false},
                                          {"<x:value/>", false},
                                          {"", false}}));
    CAPTURE(tc.value);
    const auto body = read(
        section("A", "", "<x:entry><x:observation><x:code code=\"K\"/>" + tc.value + "</x:observation></x:entry>"));
    REQUIRE(body.fact("K") != nullptr);
    CHECK(body.fact("K")->stated() == tc.stated);
}

TEST_CASE("doses and ends of a tapered treatment are found inside it", "[cda][structured]")
{
    const std::string part =
        "<x:substanceAdministration><x:effectiveTime><x:width value=\"3\"/></x:effectiveTime>"
        "<x:doseQuantity value=\"1\"/></x:substanceAdministration>";
    const auto body = read(section("10183-2", "",
                                   "<x:entry><x:substanceAdministration><x:entryRelationship>" + part +
                                       "</x:entryRelationship></x:substanceAdministration></x:entry>"));
    REQUIRE(body.section("10183-2")->treatments.size() == 1);
    const treatment& found = body.section("10183-2")->treatments.front();
    CHECK((found.has_dose && found.has_end && !found.has_product && !found.says_none));
}

TEST_CASE("each limit holds at its value and is told one past it", "[cda][structured]")
{
    structured_limits limits;
    limits.max_sections = 2;
    limits.max_entries = 2;
    limits.max_references = 2;
    limits.max_narrative_octets = 10;
    const std::string id = "<x:content ID=\"a\"/>";
    const std::string reference = "<x:reference value=\"#a\"/>";
    const auto entries = [&](std::size_t count) { return section("A", id, many("<x:entry/>", count)); };
    const auto references = [&](std::size_t count) {
        return section("A", id, "<x:entry>" + many(reference, count) + "</x:entry>");
    };
    CHECK(read(many(section("A", ""), 2), limits).complete);
    CHECK_FALSE(read(many(section("A", ""), 3), limits).complete);
    CHECK(read(entries(2), limits).complete);
    CHECK_FALSE(read(entries(3), limits).complete);
    CHECK(read(entries(3), limits).section("A")->entries == 2);
    CHECK(read(references(2), limits).complete);
    CHECK_FALSE(read(references(3), limits).complete);
    CHECK(read(references(2), limits).broken_references == 0);
    CHECK_FALSE(read(section("A", "<x:content ID=\"a\"/><x:content ID=\"b\"/><x:content ID=\"c\"/>"), limits).complete);
    for (const std::size_t written : {9U, 10U, 11U}) {
        const auto body = read(section("A", std::string(written, 'x')), limits);
        CHECK(body.section("A")->narrative.size() == std::min<std::size_t>(written, 10));
    }
}

TEST_CASE("references", "[cda][structured]")
{
    const auto broken = [](const std::string& value) {
        return read(section("A", "<x:content ID=\"a\">t</x:content>",
                            "<x:entry><x:observation><x:text><x:reference value=\"" + value +
                                "\"/></x:text></x:observation></x:entry>"))
            .broken_references;
    };
    CHECK(broken("#a") == 0);
    CHECK(broken("https://example.org/x") == 0);
    for (const char* value : {"#b", "#", "a", ""}) CHECK(broken(value) == 1);
}
