#include "mime/cda/checks.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "mime/cda/identifiers.hpp"
#include "mime/cda/pdf.hpp"
#include "tests/unit/mime/cda/sample.hpp"

using namespace mime::cda;

namespace {
check_context test_site(site_environment environment = site_environment::test)
{
    check_context context{*mime::find_zone("Europe/Paris")};
    context.environment = environment;
    context.now = mime::to_utc(sample::time("20261120150000+0100"), context.where).at;
    return context;
}

std::vector<check_outcome> outcomes_of(std::string_view bytes, const check_context& context = test_site())
{
    const auto document = read_document(bytes);
    REQUIRE(document.has_value());
    return check_document(*document, extract_body(*document), context);
}

const check_outcome& outcome(const std::vector<check_outcome>& all, std::string_view id)
{
    return *std::find_if(all.begin(), all.end(), [&](const check_outcome& one) { return one.id == id; });
}

bool has(const std::vector<check_outcome>& all, std::string_view id, level how, std::string_view field)
{
    const auto& gaps = outcome(all, id).gaps;
    return std::any_of(gaps.begin(), gaps.end(),
                       [&](const gap& one) { return one.level == how && one.field == field; });
}
}

TEST_CASE("a good letter as a PDF is silent but for the status of its identity", "[cda][checks]")
{
    for (const check_outcome& one : outcomes_of(write_n1(sample::letter(), sample::pdf))) {
        CAPTURE(one.id);
        CHECK((one.id == "C05") == (one.state == check_state::missing));
    }
}

TEST_CASE("what blocks a letter names its place", "[cda][checks]")
{
    struct row {
        std::string_view from, to, id, field;
    };
    const std::string who = "recordTarget/patientRole/patient/";
    const auto tc = GENERATE_COPY(values<row>({
        {"<legalAuthenticator>", "<authenticator>", "C03", "legalAuthenticator"},
        {"<time value=\"20261120142500+0100\"", "<time value=\"20261320142500\"", "C03", "legalAuthenticator/time"},
        {"<signatureCode code=\"S\"", "<signatureCode code=\"X\"", "C03", "legalAuthenticator/signatureCode"},
        {"<family qualifier=\"BR\">MARTEL</family>", "", "C04", "recordTarget/patientRole/patient/name/family"},
        {"<given qualifier=\"BR\">Élodie</given>", "", "C04", "recordTarget/patientRole/patient/name/given"},
        {"<birthTime value=\"19850714\"", "<birthTime value=\"19850732\"", "C04",
         "recordTarget/patientRole/patient/birthTime"},
        {"<birthTime value=\"19850714\"", "<birthTime value=\"20261121\"", "C04",
         "recordTarget/patientRole/patient/birthTime"},
        {"<birthTime value=\"19850714\"", "<birthTime nullFlavor=\"UNK\"", "C04",
         "recordTarget/patientRole/patient/birthTime"},
        {"<administrativeGenderCode code=\"F\"", "<administrativeGenderCode nullFlavor=\"UNK\"", "C04",
         "recordTarget/patientRole/patient/administrativeGenderCode"},
        {"JVBERi0x", "", "C01", "component/nonXMLBody/text"},
        {"JVBERi0x", "!VBERi0x", "C01", "component/nonXMLBody/text"},
        {"application/pdf", "application/x-msdownload", "C01", "component/nonXMLBody/text@mediaType"},
        {"application/pdf", "image/jpeg", "C01", "component/nonXMLBody/text"},
    }));
    CAPTURE(tc.from, tc.to);
    std::string bytes = write_n1(sample::letter(), sample::pdf);
    if (tc.to == "<authenticator>") bytes = sample::replaced(bytes, "</legalAuthenticator>", "</authenticator>");
    const auto all = outcomes_of(sample::replaced(bytes, tc.from, tc.to));
    CHECK(has(all, tc.id, level::block, tc.field));
    CHECK(first_block(all) != nullptr);
    for (const gap& one : outcome(all, tc.id).gaps) CHECK(one.text.find("MARTEL") == std::string::npos);
}

TEST_CASE("a test identity is refused in production only", "[cda][checks]")
{
    const std::string bytes = write_n1(sample::letter(), sample::pdf);
    const check_context production = test_site(site_environment::production);
    CHECK(has(outcomes_of(bytes, production), "T08", level::block, "recordTarget/patientRole/id"));
    const std::string real = sample::replaced(bytes, "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8");
    CHECK(first_block(outcomes_of(real, production)) == nullptr);
}

TEST_CASE("versions that contradict each other are a warning", "[cda][checks]")
{
    auto input = sample::letter();
    input.version = 2;
    auto all = outcomes_of(write_n1(input, sample::pdf));
    CHECK(has(all, "T03", level::warn, "relatedDocument"));
    CHECK(first_block(all) == nullptr);
    input.replaces = input.id;
    CHECK(outcome(outcomes_of(write_n1(input, sample::pdf)), "T03").gaps.size() == 1);
}

TEST_CASE("facts about a PDF", "[cda][pdf]")
{
    const std::string good(sample::pdf);
    CHECK(look_at_pdf(good).is_readable());
    CHECK_FALSE(look_at_pdf("").is_readable());
    CHECK_FALSE(look_at_pdf("PK\x03\x04").is_readable());
    CHECK(look_at_pdf(std::string(1019, ' ') + good).has_header);
    CHECK_FALSE(look_at_pdf(std::string(1020, ' ') + good).has_header);
    CHECK_FALSE(look_at_pdf(good.substr(0, good.size() - 6)).is_readable());
    CHECK(look_at_pdf(sample::replaced(good, "/Root", "/Encrypt 5 0 R /Root")).is_encrypted);
    CHECK_FALSE(look_at_pdf(sample::replaced(good, "/Root", "/EncryptMetadata true /Root")).is_encrypted);
    CHECK(look_at_pdf(sample::replaced(good, "/Root", "/JavaScript 5 0 R /Root")).has_active_content);
    CHECK(look_at_pdf(sample::replaced(good, "trailer", "<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</x>"))
              .claimed_pdf_a == "1B");
    CHECK(look_at_pdf(sample::replaced(good, "trailer", "pdfaid:part=\"2\" pdfaid:conformance=\"A\"")).claimed_pdf_a ==
          "2A");
}

TEST_CASE("identifiers", "[cda][identifiers]")
{
    CHECK(is_rpps("99900000011"));
    CHECK(is_rpps("99900000029"));
    CHECK(is_rpps("01234567897"));
    for (const char* bad : {"", "99900000012", "9990000001", "999000000110", "9990000001a"}) CHECK_FALSE(is_rpps(bad));
    for (const char* good : {"990000010", "990000028", "750803447", "750712184", "690781810", "300017985", "2A0000000"})
        CHECK(is_finess(good));
    for (const char* bad : {"", "120456789", "99000001", "2C0000000", "2A000000x"}) CHECK_FALSE(is_finess(bad));
    for (const char* good :
         {"279035121518989", "146026322000196", "285076900000095", "285072A00400064", "285072B00400091"}) {
        CHECK(is_ins_matricule(good));
    }
    for (const char* bad :
         {"", "285076900000094", "276037510669380", "28507690000009", "285072C00400064", "28507690000009x"}) {
        CHECK_FALSE(is_ins_matricule(bad));
    }
    for (const char* good : {"69381", "2A004", "99100"}) CHECK(is_cog(good));
    for (const char* bad : {"", "6938", "693811", "2C004", "6938x"}) CHECK_FALSE(is_cog(bad));
    for (const char* good : {"1.2", "2.999.1", "2.25.340282366920938463463374607431768211455"}) CHECK(is_oid(good));
    for (const char* bad : {"", "1", "1.", ".1", "1..2", "3.1", "1.02", "1.a", "12.1"}) CHECK_FALSE(is_oid(bad));
    CHECK(is_oid("1." + std::string(62, '1')));
    CHECK_FALSE(is_oid("1." + std::string(63, '1')));
}
