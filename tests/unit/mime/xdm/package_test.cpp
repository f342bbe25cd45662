#include "mime/xdm/package.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <pugixml.hpp>
#include <set>

#include "mime/text/digest.hpp"
#include "mime/xdm/names.hpp"
#include "tests/support/zip_file.hpp"
#include "tests/unit/mime/cda/sample.hpp"

using namespace mime::xdm;
using mime::cda::read_document;

namespace {
struct fixture {
    std::string bytes = mime::cda::write_n1(sample::letter(), sample::pdf);
    mime::cda::cda_document document = std::move(*read_document(bytes));
    mime::zone paris = *mime::find_zone("Europe/Paris");

    xdm_input input() const
    {
        return {.documents = {{bytes, document.header(), document.body()}},
                .zone = paris,
                .built_at = mime::utc_instant(std::chrono::milliseconds(1'795'181'406'000)),  // 2026-11-20 13:30:06 UTC
                .source_id = "2.999.1",
                .submission_id = "2.999.8.912"};
    }
};

using member = tests::zip_member;
using tests::zip_of;

std::string slot(const pugi::xml_document& tree, const char* name)
{
    return tree
        .find_node([&](const pugi::xml_node& node) { return std::string_view(node.attribute("name").value()) == name; })
        .child("rim:ValueList")
        .child("rim:Value")
        .text()
        .get();
}

std::string identifier(const pugi::xml_document& tree, const char* label)
{
    return tree
        .find_node([&](const pugi::xml_node& node) {
            return std::string_view(node.child("rim:Name").child("rim:LocalizedString").attribute("value").value()) ==
                   label;
        })
        .attribute("value")
        .value();
}

const std::string metadata_name = "IHE_XDM/SUBSET01/METADATA.XML";
const std::string document_name = "IHE_XDM/SUBSET01/DOC0001.XML";
}

TEST_CASE_METHOD(fixture, "a package gives back the document, hash and size", "[xdm]")
{
    auto in = input();
    in.how = GENERATE(compression::by_content, compression::stored, compression::deflated);
    const auto zip = write_package(in);
    REQUIRE(zip.has_value());
    CHECK(*write_package(in) == *zip);  // same input, same bytes
    const auto read = read_package(*zip);
    REQUIRE(read.has_value());
    REQUIRE(read->documents.size() == 1);
    const xdm_document& one = read->documents.front();
    CHECK(one.bytes == bytes);
    CHECK(one.size == bytes.size());
    CHECK(one.hash == mime::hex(mime::sha1(bytes)));
    CHECK(one.uri == "DOC0001.XML");
    CHECK(one.unique_id == "2.999.7.417.1");
    CHECK(one.mime_type == "text/xml");
    // The pages beside the metadata hold no identity.
    for (const char* mark : {"MARTEL", "BRUNEL", "lodie"}) {
        auto stored = input();
        stored.documents.clear();
        stored.documents.push_back({"<x/>", document.header(), document.body()});
        CHECK(write_package(stored)->find(mark) == std::string::npos);
    }
}

TEST_CASE_METHOD(fixture, "metadata hold what the header says, in UTC", "[xdm]")
{
    const auto text = write_metadata(input());
    REQUIRE(text.has_value());
    pugi::xml_document tree;
    REQUIRE(tree.load_buffer(text->data(), text->size()));
    CHECK(slot(tree, "hash") == mime::hex(mime::sha1(bytes)));
    CHECK(slot(tree, "size") == std::to_string(bytes.size()));
    CHECK(slot(tree, "submissionTime") == "20261120133006");
    CHECK(slot(tree, "creationTime") == "20261120133000");
    CHECK(slot(tree, "serviceStartTime") == "20261116070500");
    CHECK(slot(tree, "serviceStopTime") == "20261120131000");
    CHECK(slot(tree, "languageCode") == "fr-FR");
    CHECK(slot(tree, "legalAuthenticator") == "899900000011^VIDAL^Paul^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS");
    CHECK(slot(tree, "authorInstitution") == "HOPITAL DEMO^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1990000010");
    CHECK(slot(tree, "sourcePatientId") == "885214^^^&2.999.1.1&ISO^PI");
    CHECK(slot(tree, "URI") == "DOC0001.XML");
    CHECK(slot(tree, "urn:action:extraMetadataSlot").empty());
    CHECK(identifier(tree, "XDSDocumentEntry.patientId") == "285076900000095^^^&1.2.250.1.213.1.4.10&ISO^NH");
    CHECK(identifier(tree, "XDSSubmissionSet.sourceId") == "2.999.1");
    std::map<std::string, std::string> codes;
    for (const auto& found : tree.select_nodes("//rim:ExtrinsicObject/rim:Classification")) {
        codes[found.node().attribute("classificationScheme").value()] +=
            found.node().attribute("nodeRepresentation").value();
    }
    CHECK(codes["urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"] == "11490-0");
    CHECK(codes["urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"] == "10");
    CHECK(codes["urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"] == "urn:ihe:iti:xds-sd:pdf:2008");
    CHECK(codes["urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"] == "SA01");
    CHECK(codes["urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"] == "ETABLISSEMENT");
    CHECK(codes["urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"] == "N");
    // Order imposed by the schema in each object.
    const auto rank = [](std::string_view name) {
        constexpr std::string_view order[] = {"rim:Slot", "rim:Name", "rim:Description", "rim:Classification",
                                              "rim:ExternalIdentifier"};
        return std::find(std::begin(order), std::end(order), name) - std::begin(order);
    };
    for (const auto& object : tree.child("lcm:SubmitObjectsRequest").child("rim:RegistryObjectList")) {
        long last = 0;
        for (const auto& part : object) {
            CHECK(rank(part.name()) >= last);
            last = rank(part.name());
        }
    }
}

TEST_CASE_METHOD(fixture, "flags and action of the message", "[xdm]")
{
    auto in = input();
    in.flags = {"MASQUE_PS", "INVISIBLE_REPRESENTANTS_LEGAUX"};
    in.action = letter_action::remove;
    const auto text = write_metadata(in);
    REQUIRE(text.has_value());
    CHECK(text->find("nodeRepresentation=\"INVISIBLE_REPRESENTANTS_LEGAUX\"") != std::string::npos);
    pugi::xml_document tree;
    REQUIRE(tree.load_buffer(text->data(), text->size()));
    CHECK(slot(tree, "urn:action:extraMetadataSlot") == "D");
}

TEST_CASE_METHOD(fixture, "the action stands where the settings say, once per object", "[xdm]")
{
    struct row {
        letter_action action;
        action_place place;
        const char* slot;
        const char* path;
        const char* value;
        std::size_t count;
    };
    const char* const in_set = "//rim:RegistryPackage/rim:Slot[starts-with(@name,'urn:a')]";
    const char* const in_entry = "//rim:ExtrinsicObject/rim:Slot[starts-with(@name,'urn:a')]";
    const auto tc = GENERATE_COPY(values<row>({
        {letter_action::initial, action_place::submission_set, "urn:a:b", "//rim:Slot[@name='urn:a:b']", "", 0},
        {letter_action::replace, action_place::submission_set, "urn:a:b", in_set, "C", 1},
        {letter_action::remove, action_place::submission_set, "urn:a:b", in_set, "D", 1},
        {letter_action::replace, action_place::submission_set, "urn:a:b", in_entry, "", 0},
        {letter_action::replace, action_place::document_entry, "urn:a:b", in_entry, "C", 2},
        {letter_action::remove, action_place::document_entry, "urn:a:c", in_entry, "D", 2},
        {letter_action::remove, action_place::document_entry, "urn:a:c", in_set, "", 0},
        {letter_action::remove, action_place::document_entry, "", in_entry, "", 0},
    }));
    CAPTURE(tc.path, tc.slot);
    auto in = input();
    in.documents.push_back(in.documents.front());
    in.action = tc.action;
    in.place = tc.place;
    in.action_slot = tc.slot;
    const auto text = write_metadata(in);
    REQUIRE(text.has_value());
    pugi::xml_document tree;
    REQUIRE(tree.load_buffer(text->data(), text->size()));
    const auto found = tree.select_nodes(tc.path);
    CHECK(found.size() == tc.count);
    for (const auto& one : found)
        CHECK(one.node().child("rim:ValueList").child("rim:Value").text().get() == std::string_view(tc.value));
}

TEST_CASE_METHOD(fixture, "two documents in one package: names, hashes, sizes, ids of each", "[xdm]")
{
    auto second_letter = sample::letter();
    second_letter.id = "2.999.7.418.1";
    const std::string second = mime::cda::write_n1(second_letter, sample::pdf);
    const auto other = read_document(second);
    REQUIRE(other.has_value());
    auto in = input();
    in.documents.push_back({second, other->header(), other->body()});
    const auto zip = write_package(in);
    REQUIRE(zip.has_value());
    const auto read = read_package(*zip);
    REQUIRE(read.has_value());
    REQUIRE(read->documents.size() == 2);
    CHECK(read->documents[0].uri == "DOC0001.XML");
    CHECK(read->documents[1].uri == "DOC0002.XML");
    CHECK(read->documents[0].bytes == bytes);
    CHECK(read->documents[1].bytes == second);
    CHECK(read->documents[0].unique_id == "2.999.7.417.1");
    CHECK(read->documents[1].unique_id == "2.999.7.418.1");
    CHECK(read->documents[1].hash == mime::hex(mime::sha1(second)));
    const auto text = write_metadata(in);
    pugi::xml_document tree;
    REQUIRE(tree.load_buffer(text->data(), text->size()));
    CHECK(tree.select_nodes("//rim:Association").size() == 2);
    std::set<std::string> ids;
    for (const auto& one : tree.select_nodes("//@id")) CHECK(ids.insert(one.attribute().value()).second);
}

TEST_CASE_METHOD(fixture, "a package holds one document to ninety-nine", "[xdm]")
{
    auto in = input();
    const xdm_source one = in.documents.front();
    for (const auto& [count, good] : {std::pair<std::size_t, bool>{0, false}, {99, true}, {100, false}}) {
        std::vector<xdm_source> many;
        for (std::size_t i = 0; i < count; ++i) many.push_back(one);
        const xdm_input filled{.documents = many,
                               .zone = paris,
                               .built_at = in.built_at,
                               .source_id = in.source_id,
                               .submission_id = in.submission_id};
        CHECK(write_metadata(filled).has_value() == good);
    }
}

TEST_CASE_METHOD(fixture, "what the header lacks is a missing value", "[xdm]")
{
    const std::string_view part =
        GENERATE("<effectiveTime value=\"20261120143000+0100\"/>", "<code code=\"SA01\"", "<standardIndustryClassCode");
    const std::string broken = sample::replaced(bytes, part, part.back() == '>' ? "" : "<x");
    const auto other = read_document(broken);
    REQUIRE(other.has_value());
    const xdm_input in{.documents = {{broken, other->header(), other->body()}},
                       .zone = paris,
                       .built_at = {},
                       .source_id = "2.999.1",
                       .submission_id = "2.999.2"};
    const auto zip = write_package(in);
    REQUIRE_FALSE(zip.has_value());
    CHECK(zip.error() == xdm_errc::missing_value);
}

TEST_CASE_METHOD(fixture, "hostile zips have a code each", "[xdm]")
{
    const std::string metadata = *write_metadata(input());
    const std::vector<member> good = {{metadata_name, metadata}, {document_name, bytes}};
    const auto with = [&](const member& extra) {
        auto all = good;
        all.push_back(extra);
        return zip_of(all);
    };
    struct row {
        const char* what;
        std::string zip;
        xdm_errc code;
    };
    const auto tc = GENERATE_COPY(values<row>({
        {"empty", "", xdm_errc::not_zip},
        {"not a zip", "hello", xdm_errc::not_zip},
        {"no metadata", zip_of({{"A.TXT", "x"}}), xdm_errc::no_metadata},
        {"no document", zip_of({good[0]}), xdm_errc::no_document},
        {"parent folder", with({"../x", "x"}), xdm_errc::bad_name},
        {"parent folder inside", with({"IHE_XDM/../../x", "x"}), xdm_errc::bad_name},
        {"absolute", with({"/etc/x", "x"}), xdm_errc::bad_name},
        {"back-slash", with({"..\\x", "x"}), xdm_errc::bad_name},
        {"drive", with({"C:x", "x"}), xdm_errc::bad_name},
        {"two of one name", with({"ihe_xdm/subset01/doc0001.xml", "x"}), xdm_errc::bad_name},
        {"link", with({"L", "/etc/passwd", true}), xdm_errc::link_entry},
        {"encrypted", with({"E", "x", false, true}), xdm_errc::encrypted},
        {"bomb", with({"B", std::string(20'000'000, '0')}), xdm_errc::ratio},
        {"other bytes", zip_of({good[0], {document_name, bytes + " "}}), xdm_errc::hash_mismatch},
        {"metadata with a DOCTYPE", zip_of({{metadata_name, "<!DOCTYPE x><x/>"}, good[1]}), xdm_errc::bad_metadata},
        {"metadata without entry", zip_of({{metadata_name, "<x/>"}, good[1]}), xdm_errc::bad_metadata},
    }));
    CAPTURE(tc.what);
    const auto read = read_package(tc.zip);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error() == tc.code);
}

TEST_CASE_METHOD(fixture, "other producers' names are accepted", "[xdm]")
{
    const auto read = read_package(zip_of({{"ihe_xdm/Subset01/metadata.xml", *write_metadata(input())},
                                           {"IHE_XDM/SUBSET01/doc0001.xml", bytes},
                                           {"extra.pdf", "x"}}));
    REQUIRE(read.has_value());
    CHECK(read->documents.size() == 1);
}

TEST_CASE_METHOD(fixture, "limits of a zip, at and one past", "[xdm]")
{
    const std::string zip = *write_package(input());
    xdm_limits limits;
    limits.max_zip_octets = zip.size();
    CHECK(read_package(zip, limits).has_value());
    limits.max_zip_octets = zip.size() - 1;
    CHECK(read_package(zip, limits).error() == xdm_errc::too_large);

    limits = {};
    limits.max_entries = 4;
    CHECK(read_package(zip, limits).has_value());
    limits.max_entries = 3;
    CHECK(read_package(zip, limits).error() == xdm_errc::too_many_entries);

    const std::vector<member> two = {{metadata_name, *write_metadata(input())}, {document_name, bytes}};
    limits = {};
    limits.max_expanded_octets = two[0].bytes.size() + two[1].bytes.size();
    CHECK(read_package(zip_of(two), limits).has_value());
    --limits.max_expanded_octets;
    CHECK(read_package(zip_of(two), limits).error() == xdm_errc::too_much_expanded);
}

TEST_CASE_METHOD(fixture, "a zip cut or changed anywhere never gives other bytes", "[xdm]")
{
    auto in = input();
    in.how = compression::deflated;
    const std::string zip = *write_package(in);
    for (std::size_t size = 0; size < zip.size(); size += 7)
        CHECK_FALSE(read_package(std::string_view(zip).substr(0, size)).has_value());
    for (std::size_t at = 0; at < zip.size(); at += 5) {
        std::string changed = zip;
        changed[at] = static_cast<char>(changed[at] ^ 0x5A);
        const auto read = read_package(changed);
        if (read.has_value()) {
            REQUIRE(read->documents.size() == 1);
            CHECK(read->documents.front().bytes == bytes);
        }
    }
}

TEST_CASE_METHOD(fixture, "subject and file name", "[xdm][names]")
{
    const auto& head = document.header();
    CHECK(subject_without_identity(head) == "XDM/1.0/DDM+Lettre de liaison à la sortie d'un établ");
    CHECK(subject_with_identity(head).reveal() ==
          "XDM/1.0/DDM+Lettre de liaison à la sortie d'un établ MARTEL Elodie 14/07/1985");
    CHECK(subject_without_identity(head, 2) == "XDM/1.0/DDM+2 documents");
    CHECK(subject_with_identity(head, 2).reveal() == "XDM/1.0/DDM+2 documents MARTEL Elodie 14/07/1985");
    CHECK(mime::xdm::document_name(1) == "DOC0001.XML");
    CHECK(mime::xdm::document_name(12) == "DOC0012.XML");
    CHECK(mime::xdm::document_name(99999) == "DOC99999.XML");
    CHECK(pdf_file_name(head).reveal() == "20261116_Lettre-de-liaison-a-la-sortie-d-un-etabl_MARTEL_Elodie.pdf");

    mime::cda::header bare;
    bare.type.label = "Évaluation à";
    bare.patient.birth_family = mime::patient_text("L'HÉRITIER\r\nBcc: x");
    CHECK(subject_without_identity(bare) == "XDM/1.0/DDM+Evaluation à");
    CHECK(subject_with_identity(bare).reveal() == "XDM/1.0/DDM+Evaluation à L'HERITIER  BCC: X");
    CHECK(pdf_file_name(bare).reveal() == "Evaluation-a_L-HERITIER-BCC-X.pdf");
}

TEST_CASE("cutting text keeps characters whole", "[xdm][names]")
{
    CHECK(truncate_characters("", 3).empty());
    CHECK(truncate_characters("éàü", 3) == "éàü");
    CHECK(truncate_characters("éàüx", 3) == "éàü");
    CHECK(truncate_characters("ab cd", 3) == "ab");
    CHECK(truncate_characters("abc", 0).empty());
}
