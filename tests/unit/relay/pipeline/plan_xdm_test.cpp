// A zip that is already an IHE XDM, and documents inside an envelope: what becomes of them in the planner.
#include <catch2/catch.hpp>

#include "mime/text/digest.hpp"
#include "mime/xdm/package.hpp"
#include "relay/pipeline/letter_plan.hpp"
#include "tests/support/site.hpp"
#include "tests/support/submissions.hpp"
#include "tests/support/zip_file.hpp"

using namespace relay;
using namespace relay::pipeline;
namespace xdm = mime::xdm;

namespace {
const instant now = tests::local("20261120150000+0100");

planned plan_of(std::string bytes)
{
    return plan_submission(tests::dropped("a.zip", std::move(bytes)), tests::site(), tests::routes(), now);
}

letter_plan letter_of(std::string bytes)
{
    const planned plan = plan_of(std::move(bytes));
    if (const auto* why = std::get_if<refusal>(&plan.what))
        FAIL(why->form << " " << why->code << " " << why->field << " " << why->message);
    return std::get<letter_plan>(plan.what);
}

refusal refusal_of(std::string bytes)
{
    const planned plan = plan_of(std::move(bytes));
    const auto* why = std::get_if<refusal>(&plan.what);
    REQUIRE(why != nullptr);
    CHECK_FALSE(why->message.empty());
    CHECK(why->message.find("QUENTRELIN") == std::string::npos);
    return *why;
}

using members = std::vector<tests::zip_member>;
using tests::zip_of;

std::string metadata_of(const std::vector<std::string>& documents, xdm::letter_action action = {},
                        std::vector<std::string> flags = {})
{
    const auto paris = mime::find_zone("Europe/Paris");
    std::vector<mime::cda::cda_document> read;
    std::vector<xdm::xdm_source> sources;
    for (const std::string& bytes : documents) read.push_back(std::move(*mime::cda::read_document(bytes)));
    for (std::size_t i = 0; i < read.size(); ++i) sources.push_back({documents[i], read[i].header(), read[i].body()});
    const auto made = xdm::write_metadata({.documents = sources,
                                           .zone = *paris,
                                           .built_at = now,
                                           .source_id = "2.999.1",
                                           .submission_id = "2.999.8.912",
                                           .flags = std::move(flags),
                                           .action = action});
    REQUIRE(made.has_value());
    return *made;
}

members package(const std::vector<std::string>& documents, const std::string& metadata)
{
    members all{{"INDEX.HTM", "<html/>"}, {"IHE_XDM/SUBSET01/METADATA.XML", metadata}};
    for (std::size_t i = 0; i < documents.size(); ++i)
        all.push_back({"IHE_XDM/SUBSET01/DOC000" + std::to_string(i + 1) + ".XML", documents[i]});
    return all;
}

std::string zipped(const std::string& document, xdm::letter_action action = {})
{
    return zip_of(package({document}, metadata_of({document}, action)));
}

const std::string& first()
{
    static const std::string bytes = tests::cda_file();
    return bytes;
}

// The same letter in another body: own id, same patient.
std::string second()
{
    return tests::cda_file({.document = "2.999.7.418.1", .set = "2.999.7.418"});
}

std::string with_recipient(std::string metadata, const std::string& value)
{
    const std::size_t at = metadata.find("<rim:Slot name=\"submissionTime\"");
    REQUIRE(at != std::string::npos);
    return metadata.insert(at, "<rim:Slot name=\"intendedRecipient\"><rim:ValueList><rim:Value>" + value +
                                   "</rim:Value></rim:ValueList></rim:Slot>");
}

std::string enveloped(std::string_view before, std::string_view after)
{
    return std::string(before) + first().substr(first().find("<ClinicalDocument")) + std::string(after);
}
const std::string style_sheet = enveloped(
    "<?xml version=\"1.0\"?><?xml-stylesheet type=\"text/xsl\" href=\"#x\"?><xsl:stylesheet version=\"1.0\" "
    "xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" xmlns:v=\"urn:x\"><xsl:include href=\"file:///etc/passwd\"/>"
    "<xsl:template match=\"/\"><xsl:value-of select=\"document('http://127.0.0.1:9/')\"/></xsl:template><v:wrapper>",
    "</v:wrapper></xsl:stylesheet>");
const std::string signature = enveloped(
    "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo/><ds:SignatureValue>AA==</ds:"
    "SignatureValue><ds:Object>",
    "</ds:Object></ds:Signature>");
}

TEST_CASE("an IHE XDM is the letter of the document inside", "[plan][xdm]")
{
    const letter_plan bare = std::get<letter_plan>(
        plan_submission(tests::dropped("a.xml", first()), tests::site(), tests::routes(), now).what);
    const letter_plan plan = letter_of(zipped(first()));
    REQUIRE(plan.documents.size() == 1);
    CHECK(plan.documents.front().bytes == first());
    CHECK(plan.documents.front().document_id == "2.999.7.417.1");
    CHECK(plan.recipients == bare.recipients);
    CHECK(plan.operation == letter_operation::initial);
    CHECK(plan.stay.visit_number == bare.stay.visit_number);
    CHECK(plan.details.patient_class == bare.details.patient_class);
    CHECK(plan.details.masking.empty());

    auto renamed = package({first()}, metadata_of({first()}));
    renamed[1].name = "ihe_xdm/Subset01/metadata.xml";
    renamed[2].name = "Ihe_Xdm/SUBSET01/doc0001.xml";
    renamed.push_back({"QUENTRELIN.pdf", "%PDF-"});
    CHECK(letter_of(zip_of(renamed)).documents.front().bytes == first());
}

TEST_CASE("the metadata say the operation and the flags", "[plan][xdm]")
{
    const std::string next = tests::cda_file({.document = "2.999.7.417.2", .version = 2});
    CHECK(letter_of(zipped(next)).operation == letter_operation::replace);
    const letter_plan replaced = letter_of(zipped(next, xdm::letter_action::replace));
    CHECK(replaced.operation == letter_operation::replace);
    CHECK(replaced.parent_id == "2.999.7.417.1");
    const letter_plan removed = letter_of(zipped(next, xdm::letter_action::remove));
    CHECK(removed.operation == letter_operation::remove);
    CHECK_FALSE(removed.parent_id);
    const refusal nothing = refusal_of(zipped(first(), xdm::letter_action::replace));
    CHECK(nothing.field == "METADATA.XML action");

    const auto flagged = metadata_of({first()}, {}, {"MASQUE_PS", "INVISIBLE_PATIENT"});
    CHECK(letter_of(zip_of(package({first()}, flagged))).details.masking ==
          std::vector<std::string>{"MASQUE_PS", "INVISIBLE_PATIENT"});
}

TEST_CASE("two documents make one letter when they are about one person", "[plan][xdm]")
{
    const std::vector<std::string> both{first(), second()};
    const letter_plan plan = letter_of(zip_of(package(both, metadata_of(both))));
    REQUIRE(plan.documents.size() == 2);
    CHECK(plan.documents[1].bytes == second());

    const std::vector<std::string> three{first(), second(), tests::cda_file({.document = "2.999.7.419.1"})};
    const refusal many = refusal_of(zip_of(package(three, metadata_of(three))));
    CHECK(many.code == "too_many_documents");
    CHECK(many.field == "METADATA.XML document 3");

    std::string stranger = second();
    for (const auto& [from, to] : {std::pair{"885214", "885215"}, {"285076900000095", "185076900000095"}})
        stranger = tests::replaced(stranger, from, to);
    const std::vector<std::string> strangers{first(), stranger};
    CHECK(refusal_of(zip_of(package(strangers, metadata_of(strangers)))).code == "several_patients");
}

TEST_CASE("an intended recipient counts when its address is trusted", "[plan][xdm]")
{
    const auto planned_for = [](const std::string& value) {
        return letter_of(zip_of(package({first()}, with_recipient(metadata_of({first()}), value)))).recipients;
    };
    const std::string person = "899900000011^VIDAL^PAUL^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS";
    const std::size_t named = letter_of(zipped(first())).recipients.size();
    const auto trusted = planned_for("|" + person + "|^^Internet^paul.vidal@medecin.example");
    REQUIRE(trusted.size() == named + 1);
    CHECK(trusted.back().address == "paul.vidal@medecin.example");
    CHECK(trusted.back().rpps == tests::first_doctor);
    const auto strange = planned_for("|" + person + "|^^Internet^paul.vidal@inconnu.example");
    REQUIRE(strange.size() == named + 1);
    CHECK(strange.back().address.empty());
    CHECK(planned_for("Clinique||^^Internet^x@inconnu.example").size() == named);
    CHECK(planned_for("Clinique").size() == named);
    CHECK(planned_for("").size() == named);
}

TEST_CASE("a package that cannot be taken has a code and a place", "[plan][xdm]")
{
    const std::string good = metadata_of({first()});
    const auto with = [](const std::string& metadata) { return zip_of(package({first()}, metadata)); };
    const auto also = [&](const std::string& name) {
        auto all = package({first()}, good);
        all.push_back({name, "x"});
        return zip_of(all);
    };
    const auto slot = [&](std::string_view name, std::string_view value) {
        return tests::replaced(good, "<rim:Slot name=\"submissionTime\"",
                               "<rim:Slot name=\"" + std::string(name) + "\"><rim:ValueList><rim:Value>" +
                                   std::string(value) +
                                   "</rim:Value></rim:ValueList></rim:Slot><rim:Slot name=\"submissionTime\"");
    };
    const std::string hash = mime::hex(mime::sha1(first()));
    struct row {
        std::string zip;
        std::string_view code, field;
    };
    auto absent = package({first()}, good);
    absent.pop_back();
    auto sealed = package({first()}, good);
    for (auto& member : sealed) member.is_encrypted = true;
    std::string broken = first();
    broken = tests::replaced(broken, "<legalAuthenticator>", "<legalAuthenticatoR>");
    const row rows[] = {
        {zipped(first()).substr(0, 200), "not_zip", ""},
        {zip_of({{"a.txt", "x"}}), "no_metadata", ""},
        {zip_of(absent), "no_document", "METADATA.XML document 1"},
        {also("/etc/passwd"), "bad_name", "entry 4"},
        {also("IHE_XDM/../x"), "bad_name", "entry 4"},
        {also("index.htm"), "bad_name", "entry 4"},
        {zip_of(sealed), "encrypted", "entry 1"},
        {with("<rim"), "bad_metadata", "METADATA.XML"},
        {with("<a/>"), "bad_metadata", "METADATA.XML"},
        {with(tests::replaced(good, hash, std::string(40, '0'))), "hash_mismatch", "METADATA.XML document 1"},
        {with(tests::replaced(good, ">" + std::to_string(first().size()) + "<", ">1<")), "hash_mismatch",
         "METADATA.XML document 1"},
        {with(slot("urn:action:extraMetadataSlot", "X")), "bad_action", "METADATA.XML"},
        {with(slot("patientAction", "")), "bad_action", "METADATA.XML"},
        {with(tests::replaced(good, "285076900000095^", "285076900000096^")), "several_patients",
         "METADATA.XML document 1"},
        {with(tests::replaced(tests::replaced(good, "285076900000095^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH",
                                              "1^^^&amp;2.999&amp;ISO^PI"),
                              "285076900000095^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH", "1^^^&amp;2.999&amp;ISO^PI")),
         "several_patients", "METADATA.XML document 1 patientId"},
        {with(tests::replaced(good, "value=\"2.999.7.417.1\"", "value=\"2.999.7.417.9\"")), "id_mismatch",
         "METADATA.XML document 1 uniqueId"},
        {with(tests::replaced(good, "mimeType=\"text/xml\"", "mimeType=\"image/jpeg\"")), "media_type",
         "METADATA.XML document 1"},
        {with(tests::replaced(good, "mimeType=\"text/xml\"", "mimeType=\"application/pdf\"")), "no_document",
         "METADATA.XML"},
        {zip_of(package({broken}, tests::replaced(good, hash, mime::hex(mime::sha1(broken))))), "*",
         "METADATA.XML document 1 *"},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.code, tc.field);
        const refusal why = refusal_of(tc.zip);
        CHECK(why.form == "xdm");
        if (tc.code != "*") CHECK(why.code == tc.code);
        if (tc.field.ends_with('*')) {
            CHECK(why.field.starts_with(tc.field.substr(0, tc.field.size() - 1)));
        } else {
            CHECK(why.field == tc.field);
        }
    }
}

TEST_CASE("a document in an envelope is taken out, never run, and sent as it came", "[plan][cda]")
{
    struct row {
        std::string bytes;
        mime::cda::envelope around;
        std::string_view type;
    };
    const row rows[] = {{first(), mime::cda::envelope::none, "text/xml"},
                        {style_sheet, mime::cda::envelope::style_sheet, "application/xslt+xml"},
                        {signature, mime::cda::envelope::signature, "text/xml"}};
    for (const row& tc : rows) {
        CAPTURE(tc.type);
        CHECK(mime::cda::read_document(tc.bytes)->body().around == tc.around);
        const planned plan = plan_submission(tests::dropped("a.xml", tc.bytes), tests::site(), tests::routes(), now);
        const auto* letter = std::get_if<letter_plan>(&plan.what);
        REQUIRE(letter != nullptr);
        CHECK(letter->documents.front().bytes == tc.bytes);
        CHECK(letter->documents.front().document_id == "2.999.7.417.1");
        // In the metadata: hash and size of the whole file, its type, and the format of the document inside.
        const std::string metadata = metadata_of({tc.bytes});
        CHECK(metadata.find(mime::hex(mime::sha1(tc.bytes))) != std::string::npos);
        CHECK(metadata.find(">" + std::to_string(tc.bytes.size()) + "<") != std::string::npos);
        CHECK(metadata.find("mimeType=\"" + std::string(tc.type) + "\"") != std::string::npos);
        CHECK(metadata.find("urn:ihe:iti:xds-sd:pdf:2008") != std::string::npos);
        CHECK(letter_of(zipped(tc.bytes)).documents.front().bytes == tc.bytes);
    }
    const std::string two =
        tests::replaced(style_sheet, "</v:wrapper>", first().substr(first().find("<Clin")) + "</v:wrapper>");
    const planned plan = plan_submission(tests::dropped("a.xml", two), tests::site(), tests::routes(), now);
    REQUIRE(std::get_if<refusal>(&plan.what) != nullptr);
    CHECK(std::get_if<refusal>(&plan.what)->form == "cda");
}
