#include "mime/cda/document.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/mime/cda/sample.hpp"

using namespace mime::cda;

namespace {
std::string letter()
{
    return write_n1(sample::letter(), sample::pdf);
}

std::string nested(std::size_t depth)
{
    std::string text = "<ClinicalDocument xmlns='urn:hl7-org:v3'>";
    for (std::size_t i = 1; i < depth; ++i) text += "<a>";
    for (std::size_t i = 1; i < depth; ++i) text += "</a>";
    return text + "</ClinicalDocument>";
}

constexpr const char* structured = R"(<?xml version="1.0"?>
<c:ClinicalDocument xmlns:c="urn:hl7-org:v3" xmlns="urn:other"><c:id root="2.999.1"/><id root="2.999.666"/>
<c:code code="11490-0"/><c:component><c:structuredBody><c:component><c:section><c:title>Motif</c:title>
<c:text><c:paragraph>Douleur  <c:content>thoracique</c:content> aiguë</c:paragraph><c:table><c:tbody><c:tr><c:td>a</c:td><c:td>b</c:td></c:tr></c:tbody></c:table><c:list><c:item>un</c:item><c:item>deux</c:item></c:list></c:text>
</c:section></c:component><c:component><c:section><c:code code="55108-5"/><c:entry><c:organizer><c:component><c:observationMedia><c:value mediaType="application/pdf" representation="B64">JVBERi0=</c:value></c:observationMedia></c:component></c:organizer></c:entry></c:section></c:component></c:structuredBody></c:component></c:ClinicalDocument>)";
}

TEST_CASE("what the writer writes, the reader reads", "[cda]")
{
    const std::string bytes = letter();
    const auto document = read_document(bytes);
    REQUIRE(document.has_value());
    const header& head = document->header();
    CHECK(head.id.text() == "2.999.7.417.1");
    REQUIRE(head.set_id);
    CHECK(head.set_id->root == "2.999.7.417");
    CHECK(head.version == 1U);
    CHECK(head.type.code == "11490-0");
    CHECK(head.title == "Lettre de liaison");
    CHECK(head.effective_time == sample::time("20261120143000+0100"));
    CHECK(head.confidentiality == "N");
    CHECK(head.templates.size() == 3);
    REQUIRE(head.patient.ins() != nullptr);
    CHECK(head.patient.ins()->extension.reveal() == "285076900000095");
    REQUIRE(head.patient.ipp() != nullptr);
    CHECK(head.patient.ipp()->extension.reveal() == "885214");
    CHECK(head.patient.birth_family.reveal() == "MARTEL");
    CHECK(head.patient.birth_given.reveal() == "Élodie");
    CHECK(head.patient.given_list.reveal() == "Élodie Anne");
    CHECK(head.patient.used_family.reveal() == "BRUNEL & \"FILS\"");
    CHECK(head.patient.birthplace_cog.reveal() == "69381");
    REQUIRE(head.legal_authenticator);
    CHECK(head.legal_authenticator->at == sample::time("20261120142500+0100"));
    CHECK(head.signature_code_is_s);
    CHECK(head.author_finess() == "990000010");
    REQUIRE(head.treating_doctor() != nullptr);
    CHECK(head.treating_doctor()->who.id.extension == "899900000029");
    REQUIRE(head.main_event() != nullptr);
    CHECK(head.main_event()->performer.place.practice_setting.code == "ETABLISSEMENT");
    REQUIRE(head.encounter);
    CHECK(head.encounter->ids.at(0).extension == "S-1");
    CHECK(head.encounter->when.high == sample::time("20261120141000+0100"));
    CHECK(head.encounter->facility_type.code == "SA01");
    CHECK(head.recipients.size() == 1);
    CHECK_FALSE(head.replaces);
    const auto body = extract_body(*document);
    REQUIRE(body.has_value());
    CHECK(*body == sample::pdf);
}

TEST_CASE("a version that replaces names the version before", "[cda]")
{
    auto input = sample::letter();
    input.version = 2;
    input.replaces = "2.999.7.417.0";
    const std::string bytes = write_n1(input, sample::pdf);
    const auto document = read_document(bytes);
    REQUIRE(document.has_value());
    CHECK(document->header().version == 2U);
    REQUIRE(document->header().replaces);
    CHECK(document->header().replaces->root == "2.999.7.417.0");
}

TEST_CASE("hostile and broken documents have a code each", "[cda]")
{
    struct row {
        const char* what;
        std::string bytes;
        cda_errc code;
        const char* field;  // nullptr: an offset
    };
    const std::string good = letter();
    const std::string inner = good.substr(good.find("<ClinicalDocument"));
    const auto tc = GENERATE_COPY(values<row>({
        {"empty", "", cda_errc::malformed, nullptr},
        {"not xml", "hello", cda_errc::malformed, nullptr},
        {"doctype", "<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", cda_errc::doctype, nullptr},
        {"doctype after the declaration", sample::replaced(good, "?>", "?><!DOCTYPE x SYSTEM 'file:///etc/passwd'>"),
         cda_errc::doctype, nullptr},
        {"lower-case doctype", "<!doctype x><x/>", cda_errc::doctype, nullptr},
        {"unknown entity", sample::replaced(good, "MARTEL", "&lol9;"), cda_errc::malformed, nullptr},
        {"open reference", sample::replaced(good, "MARTEL", "&amp"), cda_errc::malformed, nullptr},
        {"reference to NUL", sample::replaced(good, "MARTEL", "&#0;"), cda_errc::nul_byte, nullptr},
        {"reference to NUL, hexadecimal", sample::replaced(good, "MARTEL", "&#x00;"), cda_errc::nul_byte, nullptr},
        {"reference to a surrogate", sample::replaced(good, "MARTEL", "&#xD800;"), cda_errc::malformed, nullptr},
        {"NUL", sample::replaced(good, "MARTEL", std::string_view("M\0L", 3)), cda_errc::nul_byte, nullptr},
        {"Latin-1 byte", sample::replaced(good, "MARTEL", "\xE9L"), cda_errc::encoding, "document"},
        {"declared Latin-1", sample::replaced(good, "UTF-8", "ISO-8859-1"), cda_errc::encoding, nullptr},
        {"UTF-16 mark", "\xFF\xFE<", cda_errc::encoding, nullptr},
        {"wrong pairing", sample::replaced(good, "</patientRole>", "</patientRule>"), cda_errc::malformed, nullptr},
        {"two roots", "<a/><b/>", cda_errc::malformed, nullptr},
        {"text after the root", good + "x", cda_errc::malformed, nullptr},
        {"another root", "<a/>", cda_errc::not_a_document, "ClinicalDocument"},
        {"no namespace", "<ClinicalDocument/>", cda_errc::not_a_document, "ClinicalDocument"},
        {"another namespace", sample::replaced(good, "urn:hl7-org:v3", "urn:hl7-org:v2"), cda_errc::not_a_document,
         "ClinicalDocument"},
        {"two documents", "<e>" + inner + inner + "</e>", cda_errc::two_documents, "ClinicalDocument"},
        {"one in the other", sample::replaced(good, "<realmCode", inner + "<realmCode"), cda_errc::two_documents,
         "ClinicalDocument"},
        {"no id", sample::replaced(good, "<id root=\"2.999.7.417.1\"/>", ""), cda_errc::missing, "id"},
        {"null id", sample::replaced(good, "<id root=\"2.999.7.417.1\"", "<id nullFlavor=\"UNK\""), cda_errc::missing,
         "id"},
        {"no code", sample::replaced(good, "<code code=\"11490-0\"", "<kode kode=\"11490-0\""), cda_errc::missing,
         "code"},
        {"no body", sample::replaced(sample::replaced(good, "<nonXMLBody>", "<x>"), "</nonXMLBody>", "</x>"),
         cda_errc::no_body, "component"},
    }));
    CAPTURE(tc.what);
    const auto document = read_document(tc.bytes);
    REQUIRE_FALSE(document.has_value());
    CHECK(name_of(document.error().code) == name_of(tc.code));
    if (tc.field != nullptr) CHECK(document.error().field == tc.field);
    if (tc.field == nullptr) CHECK(document.error().field.substr(0, 6) == "offset");
    CHECK(document.error().text.find("MARTEL") == std::string::npos);
}

TEST_CASE("tolerances of real documents", "[cda]")
{
    const std::string good = letter();
    const std::string bytes =
        GENERATE_COPY("\xEF\xBB\xBF" + good, good.substr(good.find("<Clin")), sample::replaced(good, "UTF-8", "utf-8"),
                      sample::replaced(good, "?>", "?><?xml-stylesheet href='x.xsl'?><!-- <!DOCTYPE --><!-- & -->"),
                      "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"><w>" +
                          good.substr(good.find("<Clin")) + "</w></xsl:stylesheet>",
                      sample::replaced(good, "JVBERi0x", "\r\n JVBE\r\n\tRi0x<!-- a comment -->"),
                      sample::replaced(good, " representation=\"B64\"", ""));
    const auto document = read_document(bytes);
    REQUIRE(document.has_value());
    const auto body = extract_body(*document);
    REQUIRE(body.has_value());
    CHECK(*body == sample::pdf);
}

TEST_CASE("a document cut anywhere is refused, never crashes", "[cda]")
{
    const std::string good = letter();
    const std::size_t end = good.rfind('>');
    for (std::size_t size = 0; size <= end; size += 1) {
        const auto cut = read_document(std::string_view(good).substr(0, size));
        if (cut.has_value()) FAIL("cut at " << size << " was read");
    }
    CHECK(read_document(std::string_view(good).substr(0, end + 1)).has_value());
}

TEST_CASE("limits hold at the limit and one past", "[cda]")
{
    const std::string good = letter();
    cda_limits limits;
    limits.max_octets = good.size();
    CHECK(read_document(good, limits).has_value());
    limits.max_octets = good.size() - 1;
    REQUIRE_FALSE(read_document(good, limits).has_value());
    CHECK(read_document(good, limits).error().code == cda_errc::too_large);

    CHECK(scan_xml(nested(64)).has_value());
    REQUIRE_FALSE(scan_xml(nested(65)).has_value());
    CHECK(scan_xml(nested(65)).error().code == cda_errc::too_deep);

    limits = {};
    limits.max_elements = 10;
    CHECK(scan_xml(nested(10), limits).has_value());
    REQUIRE_FALSE(scan_xml(nested(11), limits).has_value());
    CHECK(scan_xml(nested(11), limits).error().code == cda_errc::too_many_nodes);

    limits = {};
    limits.max_attributes = 2;
    CHECK(scan_xml("<a b='1'><c d=\"2\"/></a>", limits).has_value());
    REQUIRE_FALSE(scan_xml("<a b='1'><c d=\"2\" e=''/></a>", limits).has_value());
    CHECK(scan_xml("<a b='1'><c d=\"2\" e=''/></a>", limits).error().code == cda_errc::too_many_nodes);

    limits = {};
    limits.max_element_attributes = 1;
    CHECK(scan_xml("<a b='1'><c d=\"2\"/></a>", limits).has_value());
    CHECK_FALSE(scan_xml("<a b='1' c='2'/>", limits).has_value());
}

TEST_CASE("contents that do not decode", "[cda]")
{
    const std::string good = letter();
    const std::size_t start = good.find("JVBERi0x");
    const std::size_t end = good.find('<', start);
    const auto with = [&](std::string_view content) {
        return good.substr(0, start) + std::string(content) + good.substr(end);
    };
    struct row {
        const char* content;
        cda_errc code;
    };
    const auto tc = GENERATE(values<row>({{"", cda_errc::empty_content},
                                          {" \n ", cda_errc::empty_content},
                                          {"JVBE*i0x", cda_errc::not_base64},
                                          {"J", cda_errc::not_base64},
                                          {"JVB=Ri0x", cda_errc::not_base64}}));
    CAPTURE(tc.content);
    const std::string bytes = with(tc.content);
    const auto document = read_document(bytes);
    REQUIRE(document.has_value());
    const auto body = extract_body(*document);
    REQUIRE_FALSE(body.has_value());
    CHECK(name_of(body.error().code) == name_of(tc.code));
    CHECK(body.error().field == "component/nonXMLBody/text");
}

TEST_CASE("a structured document: any prefix, narrative, PDF copy", "[cda]")
{
    const auto document = read_document(structured);
    REQUIRE(document.has_value());
    CHECK(document->header().id.root == "2.999.1");
    CHECK(document->body().kind == body_kind::structured);
    CHECK(narrative_text(*document) == "Motif\nDouleur thoracique aiguë\na | b\n- un\n- deux\n\n");
    CHECK(narrative_text(*document, 14) == "Motif\nDouleur\n");
    CHECK(narrative_text(*document, 30) == "Motif\nDouleur thoracique aigu");  // not inside the ë
    const auto copy = extract_pdf_copy(*document);
    REQUIRE(copy.has_value());
    REQUIRE(copy->has_value());
    CHECK(**copy == "%PDF-");
    REQUIRE_FALSE(extract_body(*document).has_value());
    CHECK(extract_body(*document).error().code == cda_errc::not_non_xml_body);
}

TEST_CASE("the old qualifier SP is read as the used name", "[cda]")
{
    const auto document = read_document(sample::replaced(letter(), "qualifier=\"CL\"", "qualifier=\"SP\""));
    REQUIRE(document.has_value());
    CHECK(document->header().patient.used_family.reveal() == "BRUNEL & \"FILS\"");
}

TEST_CASE("five megabytes in one text node", "[cda]")
{
    const std::string big = std::string(sample::pdf) + std::string(5'000'000, 'x') + "%%EOF";
    const std::string bytes = write_n1(sample::letter(), big);
    const auto document = read_document(bytes);
    REQUIRE(document.has_value());
    const auto body = extract_body(*document);
    REQUIRE(body.has_value());
    CHECK(*body == big);
}

TEST_CASE("long base64 is left out of the tree and read all the same", "[cda]")
{
    // One character of base64 less than a long run, exactly one, and much more.
    const std::size_t octets = GENERATE(long_run_octets / 4 * 3 - 3, long_run_octets / 4 * 3, 200'000UL);
    const std::string pdf = std::string(sample::pdf) + std::string(octets - sample::pdf.size(), 'x');
    const std::string bytes = write_n1(sample::letter(), pdf);
    std::vector<base64_run> runs;
    REQUIRE(scan_xml(bytes, {}, &runs).has_value());
    CHECK(runs.size() == (octets >= long_run_octets / 4 * 3 ? 1U : 0U));
    const auto expect = [&](const std::string& changed) {
        const auto document = read_document(changed);
        REQUIRE(document.has_value());
        CHECK(document->header().id.text() == "2.999.7.417.1");
        const auto content = extract_body(*document);
        REQUIRE(content.has_value());
        CHECK(*content == pdf);
    };
    const std::size_t start = bytes.find("JVBERi");
    REQUIRE(start != std::string::npos);
    const auto with = [&](std::size_t at, std::string_view what) { return std::string(bytes).insert(at, what); };
    expect(bytes);
    expect("\xEF\xBB\xBF" + bytes);
    expect(with(start, "\r\n"));
    expect(with(start + 4000, "\r\n"));
    expect(with(start + 4000, "<!-- a -->"));
    expect(with(start + 4000, "&#x20;"));
    expect(with(start, " "));
    expect(with(start, "<![CDATA[]]>"));
}

TEST_CASE("a document made from a temporary keeps its bytes", "[cda]")
{
    const std::string pdf = std::string(sample::pdf) + std::string(100'000, 'x');
    auto document = read_document(write_n1(sample::letter(), pdf));
    REQUIRE(document.has_value());
    const cda_document moved = std::move(*document);
    const auto content = extract_body(moved);
    REQUIRE(content.has_value());
    CHECK(*content == pdf);
}

TEST_CASE("the place of a fault behind long base64 is that of the bytes", "[cda]")
{
    for (const std::size_t octets : {100UL, 100'000UL}) {
        std::string bytes = write_n1(sample::letter(), std::string(sample::pdf) + std::string(octets, 'x'));
        const std::size_t tag = bytes.find("</nonXMLBody>");
        REQUIRE(tag != std::string::npos);
        bytes.replace(tag, 13, "</nonXMLBodx>");
        const auto document = read_document(bytes);
        REQUIRE_FALSE(document.has_value());
        const std::size_t offset = std::stoul(document.error().field.substr(7));  // "offset N"
        CHECK(offset >= tag);
        CHECK(offset <= tag + 13);
    }
}

TEST_CASE("a long text with base64's letters but blanks between is kept in the tree", "[cda]")
{
    std::string words;
    while (words.size() < 2 * long_run_octets) words += "mot ";
    const std::string bytes =
        "<ClinicalDocument xmlns='urn:hl7-org:v3'><id root='2.999.1'/><code code='11490-0'/><component>"
        "<structuredBody><component><section><text>" +
        words + "</text></section></component></structuredBody></component></ClinicalDocument>";
    const auto document = read_document(bytes);
    REQUIRE(document.has_value());
    CHECK(narrative_text(*document).size() == words.size());  // the last blank becomes the end of the line
}
