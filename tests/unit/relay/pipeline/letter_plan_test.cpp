// Every form of a submission, whole and broken: a plan, or a refusal with its code and field.
#include <catch2/catch.hpp>

#include "relay/pipeline/letter_plan.hpp"
#include "relay/pipeline/stay_fold.hpp"
#include "tests/support/site.hpp"
#include "tests/support/submissions.hpp"

using namespace relay::pipeline;
using tests::replaced;

namespace {
const instant now = tests::local("20261120150000+0100");

planned plan_of(const submission& from)
{
    return plan_submission(from, tests::site(), tests::routes(), now);
}

letter_plan letter_of(const submission& from)
{
    const planned plan = plan_of(from);
    if (const auto* why = std::get_if<refusal>(&plan.what))
        FAIL(why->form << " " << why->code << " " << why->field << " " << why->message);
    return std::get<letter_plan>(plan.what);
}

submission sized(submission from, size_class size)
{
    from.size = size;
    return from;
}
}

TEST_CASE("each form becomes one plan", "[plan]")
{
    SECTION("MDM")
    {
        const auto plan = letter_of(tests::dropped("a.hl7", tests::mdm_file()));
        CHECK(plan.form == submission_form::hl7_mdm);
        REQUIRE(plan.documents.size() == 1);
        CHECK(plan.documents[0].bytes == tests::cda_file());
        CHECK(plan.operation == letter_operation::initial);
        CHECK(plan.details.wants_reception);
        CHECK(plan.details.control_id == "DEMO000417");
        REQUIRE(plan.recipients.size() == 1);
        CHECK(plan.recipients[0].address == "anne.roux@medecin.example");
        CHECK(plan.recipients[0].rpps == tests::second_doctor);
        CHECK(plan.stay.treating_rpps == tests::second_doctor);
    }
    SECTION("CDA")
    {
        const auto plan = letter_of(tests::dropped("a.xml", tests::cda_file()));
        CHECK(plan.form == submission_form::cda);
        REQUIRE(plan.recipients.size() == 1);
        CHECK(plan.recipients[0].address.empty());
        CHECK(plan.recipients[0].rpps == tests::second_doctor);
        CHECK(plan.recipients[0].role == recipient_role::treating_doctor);
        CHECK(plan.operation == letter_operation::initial);
        CHECK_FALSE(plan.parent_id.has_value());
    }
    SECTION("CDA that names the one it replaces")
    {
        const auto plan =
            letter_of(tests::dropped("a.xml", tests::cda_file({.document = "2.999.7.417.2", .version = 2})));
        CHECK(plan.operation == letter_operation::replace);
        CHECK(plan.parent_id == "2.999.7.417.1");
        CHECK(plan.documents.front().parent_id == plan.parent_id);
    }
    SECTION("PDF with its sidecar")
    {
        const auto plan = letter_of(tests::dropped_pair("a.json", tests::sidecar_file()));
        CHECK(plan.form == submission_form::pdf_sidecar);
        CHECK(plan.stay.service == "CARD");
        CHECK(plan.recipients.size() == 2);  // by RPPS, and by address: only the directory can tell they are one
    }
}

TEST_CASE("what every letter takes from its document", "[plan]")
{
    for (const auto& from : {tests::dropped("a.hl7", tests::mdm_file()), tests::dropped("a.xml", tests::cda_file())}) {
        const auto plan = letter_of(from);
        CHECK(plan.documents.front().document_id == "2.999.7.417.1");
        CHECK(plan.documents.front().set_id == "2.999.7.417");
        CHECK(plan.documents.front().version == 1);
        CHECK(plan.documents.front().type_code == "11490-0");
        CHECK(plan.stay.visit_number == "26011234");
        REQUIRE(plan.stay.discharge.has_value());
        CHECK(plan.stay.discharge->at == tests::local("20261120141000+0100"));
        CHECK(plan.stay.discharge->quality == discharge_quality::document);
        CHECK(plan.signed_at == tests::local("20261120142500+0100"));
    }
}

TEST_CASE("a flat sidecar plans the letter that JSON plans", "[plan]")
{
    const std::string flat = tests::flat_sidecar_file();
    const letter_plan json = letter_of(tests::dropped_pair("a.json", tests::sidecar_file()));
    const letter_plan plan = letter_of(tests::dropped_pair("a.txt", flat));
    CHECK(plan.documents.front().bytes == json.documents.front().bytes);
    CHECK(plan.recipients == json.recipients);
    CHECK(plan.operation == letter_operation::initial);
    CHECK_FALSE(plan.parent_id);

    const std::string second = replaced(flat, "document.version = 1", "document.version = 2");
    const letter_plan replacement = letter_of(tests::dropped_pair("a.properties", second));
    CHECK(replacement.operation == letter_operation::replace);
    CHECK(replacement.parent_id == "2.999.7.500.1");
    CHECK(replacement.documents.front().parent_id == "2.999.7.500.1");
    const letter_plan removal = letter_of(tests::dropped_pair("a.txt", flat + "operation = delete\n"));
    CHECK(removal.operation == letter_operation::remove);
    CHECK(removal.documents.front().document_id == "2.999.7.500.1");
}

TEST_CASE("a CDA that names no doctor is one recipient without a name", "[plan]")
{
    const auto plan = letter_of(tests::dropped("a.xml", tests::cda_file({.treating_doctor = ""})));
    REQUIRE(plan.recipients.size() == 1);
    CHECK(plan.recipients[0] == recipient{});
}

TEST_CASE("an A03 says when, how well, and who", "[plan]")
{
    struct row {
        tests::discharge_order order;
        std::string_view at;
        discharge_quality quality;
        bool ambiguous;
        bool cancelled;
    };
    const row rows[] = {
        {{}, "20261120141000+0100", discharge_quality::exact, false, false},
        {{.discharge = ""}, "20261120140500+0100", discharge_quality::movement, false, false},
        {{.discharge = "20261120"}, "20261120000000+0100", discharge_quality::date_only, false, false},
        {{.discharge = "20261025023000"}, "20261025023000+0200", discharge_quality::exact, true, false},
        {{.action = "CANCEL"}, "20261120141000+0100", discharge_quality::exact, false, true},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.order.discharge, tc.order.action);
        const planned plan = plan_of(tests::dropped("a.hl7", tests::adt_file(tc.order)));
        const auto* found = std::get_if<movement_plan>(&plan.what);
        REQUIRE(found != nullptr);
        REQUIRE(found->stay.discharge.has_value());
        CHECK(found->stay.discharge->at == tests::local(tc.at));
        CHECK(found->stay.discharge->quality == tc.quality);
        CHECK(has_flag(found->stay.discharge->flags, flag_adt));
        CHECK(has_flag(found->stay.discharge->flags, flag_ambiguous_time) == tc.ambiguous);
        CHECK(found->what == (tc.cancelled ? event_kind::stay_discharge_cancelled : event_kind::stay_discharged));
        CHECK(found->movement_id == "M77^HOP_DEMO");
        CHECK(found->stay.written == tests::local("20261120141200+0100"));
        CHECK(found->stay.identity.family.reveal() == "QUENTRELIN");
        CHECK(found->stay.treating_rpps == tests::second_doctor);
        CHECK(found->stay.visit_number == "26011234");
        CHECK(found->stay.service == "4410");
    }
}

TEST_CASE("what cannot be taken has a form, a code and a field", "[plan]")
{
    struct row {
        submission from;
        std::string_view form, code, field;
    };
    const std::string adt = tests::adt_file();
    const std::string mdm = tests::mdm_file();
    const std::string xml = tests::cda_file();
    const std::string json = tests::sidecar_file();
    const std::string flat = tests::flat_sidecar_file();
    const row rows[] = {
        {tests::dropped("a.hl7", replaced(mdm, "|2.6|", "|2.4|")), "hl7", "203", "MSH^1^12"},
        {tests::dropped("a.hl7", replaced(mdm, "|T|2.6", "|P|2.6")), "hl7", "202", "MSH^1^11"},
        {tests::dropped("a.hl7", replaced(mdm, "MDM^T02^MDM_T02", "MDM^T10^MDM_T02")), "hl7", "207", "ORC^1^1"},
        {tests::dropped("a.hl7", replaced(mdm, "Base64^PD", "Base64^*D")), "hl7", "102", "OBX^1^5^1^5"},
        {tests::dropped("a.hl7", replaced(mdm, "2.999.7.417.1|||||AU", "2.999.7.417.2|||||AU")), "hl7", "207",
         "TXA^1^12"},
        {tests::dropped("a.hl7", replaced(mdm, "medecin.example", "inconnu.example")), "hl7", "UNTRUSTED_DOMAIN", "*"},
        {tests::dropped("a.hl7",
                        replaced(mdm, "DESTMSSANTEPS^Libellé^MetaDMPMSS||Y", "DESTMSSANTEPS^Libellé^MetaDMPMSS||N")),
         "hl7", "207", "OBX^8^5"},
        {tests::dropped("a.hl7", mdm.substr(0, mdm.size() / 2)), "hl7", "*", "*"},
        {tests::dropped("a.hl7", "MSH|^~\\&|"), "hl7", "*", "*"},
        {tests::dropped("a.hl7", replaced(adt, "|20261120141000\r", "|202611\r")), "hl7", "102", "*"},
        {tests::dropped("a.hl7", replaced(adt, "|20261120141000\r", "|demain\r")), "hl7", "102", "*"},
        {tests::dropped("a.xml", xml.substr(0, xml.size() / 2)), "cda", "*", "*"},
        {tests::dropped("a.xml", "<!DOCTYPE a [<!ENTITY b \"c\">]>" + xml.substr(xml.find("<Clin"))), "cda", "*", "*"},
        {tests::dropped("a.xml", replaced(xml, "<legalAuthenticator>", "<legalAuthenticatoR>")), "cda", "*", "*"},
        {tests::dropped("a.xml", std::string("<\0a", 3)), "cda", "*", "*"},
        {tests::dropped_pair("a.json", replaced(json, "\"ipp\"", "\"ippp\"")), "pdf", "unknown_key", "patient.ippp"},
        {tests::dropped_pair("a.json", replaced(json, "285076900000095", "285076900000094")), "pdf", "check_digit",
         "patient.ins.matricule"},
        {tests::dropped_pair("a.json", replaced(json, "medecin.example", "inconnu.example")), "pdf", "UNTRUSTED_DOMAIN",
         "recipients[0].address"},
        {tests::dropped_pair("a.json", "{"), "pdf", "not_json", "*"},
        {tests::dropped_pair("a.txt", replaced(flat, "medecin.example", "inconnu.example")), "pdf", "UNTRUSTED_DOMAIN",
         "recipients.1.address"},
        {tests::dropped_pair("a.txt", replaced(flat, "patient.ipp", "patient.ippp")), "pdf", "unknown_key",
         "patient.ippp"},
        {tests::dropped_pair("a.csv", flat), "pdf", "too_many", ""},
        {tests::dropped("a.json", json), "pdf", "PDF_MISSING", ""},
        {tests::dropped("a.txt", flat), "pdf", "PDF_MISSING", ""},
        {tests::dropped("a.pdf", std::string(tests::pdf)), "pdf", "SIDECAR_MISSING", ""},
        {tests::dropped("LISEZMOI.txt", "bonjour"), "unknown", "UNKNOWN_FORM", ""},
        {tests::dropped("vide", ""), "unknown", "UNKNOWN_FORM", ""},
        {tests::dropped("nul", std::string(100, '\0')), "unknown", "UNKNOWN_FORM", ""},
        {sized(tests::dropped("grand.pdf", ""), size_class::oversize), "unknown", "TOO_LARGE", ""},
        {sized(tests::dropped("grand.hl7", tests::mdm_file()), size_class::oversize), "hl7", "TOO_LARGE", ""},
        {sized(tests::dropped("grand.hl7", tests::mdm_file().substr(0, 200)), size_class::beyond_keeping), "hl7",
         "TOO_LARGE", ""},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.from.name, tc.code, tc.field, tc.from.bytes.substr(0, 60));
        const planned plan = plan_of(tc.from);
        const auto* why = std::get_if<refusal>(&plan.what);
        REQUIRE(why != nullptr);
        CHECK(why->form == tc.form);
        if (tc.code != "*") CHECK(why->code == tc.code);
        if (tc.field != "*") CHECK(why->field == tc.field);
        CHECK_FALSE(why->message.empty());
        CHECK(why->message.find("QUENTRELIN") == std::string::npos);
        CHECK((why->form == "hl7") == !why->hl7.empty());
    }
}

TEST_CASE("the limit of the input is a limit", "[plan]")
{
    auto site = tests::site();
    const std::string xml = tests::cda_file();
    site.max_input_octets = xml.size();
    const auto form = [&](std::string bytes) {
        return plan_submission(tests::dropped("a.xml", std::move(bytes)), site, tests::routes(), now).what.index();
    };
    CHECK(form(xml) == 0);
    CHECK(form(xml + "\n") == 2);
}

TEST_CASE("an A03 about nobody is refused, not acknowledged", "[plan]")
{
    std::string adt = replaced(tests::adt_file(), "PV1|1|I|", "PV1|1|N|");
    for (const char* number : {"26011234^^^HOP_DEMO&2.999.1.2&ISO^AN", "26011234^^^HOP_DEMO&2.999.1.2&ISO^VN"})
        adt = replaced(adt, number, "");
    const planned plan = plan_of(tests::dropped("a.hl7", adt));
    const auto* why = std::get_if<refusal>(&plan.what);
    REQUIRE(why != nullptr);
    CHECK(why->code == "101");
    CHECK(why->field == "PV1^1^19");
}
