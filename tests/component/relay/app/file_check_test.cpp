// What `liaison check FILE` says of each form, accepted, held and refused: as values, as text and as JSON; that it
// changes nothing and names nobody.
#include <catch2/catch.hpp>

#include <fstream>

#include "relay/app/file_check.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay;
using namespace relay::pipeline;
using tests::replaced;

namespace {
constexpr const char* roux = "anne.roux@medecin.example";
constexpr const char* mdm_flag = "DESTDMP^Libellé^MetaDMPMSS||N";

struct desk {
    tests::house house;
    site_options site = tests::site();

    app::file_report check(const std::string& name, const std::string& bytes)
    {
        const auto file = house.place.path() / name;
        std::ofstream(file, std::ios::binary) << bytes;
        const app::file_checker with{
            site, house.routes, house.anchors, house.vault, house.directory, house.store.get(), house.clock.now()};
        return app::check_file(with, file);
    }
};

bool says(const std::string& text, std::string_view part)
{
    return text.find(part) != std::string::npos;
}

const app::point_report& point(const app::file_report& report, std::string_view id)
{
    for (const auto& one : report.documents.at(0).points)
        if (one.id == id) return one;
    FAIL("no point " << id);
    throw std::logic_error("unreachable");
}
}

TEST_CASE("a letter that would leave", "[check]")
{
    desk d;
    d.house.add_doctor(roux, tests::second_doctor);
    const auto report = d.check("lettre.hl7", tests::mdm_file());
    CHECK(report.verdict == app::file_verdict::accepted);
    CHECK(report.answer == "AA");
    CHECK(report.form == "message HL7 MDM^T02 2.6");
    CHECK(report.matrix == "2026-04-21, mode tolérant, ligne B'");
    CHECK(report.faults.empty());
    REQUIRE(report.recipients.size() == 1);
    CHECK(report.recipients[0].why == cause::none);
    CHECK(report.recipients[0].domain == "medecin.example");
    CHECK_FALSE(report.recipients[0].certificate_until.empty());
    REQUIRE(report.stay);
    CHECK(report.stay->discharge == "20/11/2026 14:10");
    CHECK(report.stay->known == false);
    CHECK(point(report, "C01").state == app::point_state::good);
    CHECK(point(report, "C14").state == app::point_state::not_assessable);  // a PDF does not show it
    CHECK(point(report, "C03").law.find("R.1112-1-2") != std::string::npos);

    const std::string text = report_text(report, app::language::french);
    for (const char* part : {"lettre.hl7 : accepté (AA)", "premier envoi", "type 11490-0, version 1",
                             "DESTMSSANTEPS à Y, les autres à N", "ligne B'", "encore inconnu de ce nœud", "partirait",
                             "S/MIME, certificat jusqu'au ", "ce qui est vérifié", "non évaluable", "R.1112-1-2"}) {
        CAPTURE(part, text);
        CHECK(says(text, part));
    }
    // Nothing was stored, nothing goes: the message itself is a first one.
    CHECK(d.house.acks().empty());
    CHECK(d.house.intake->accept(tests::dropped("lettre.hl7", tests::mdm_file())).what == verdict::accepted);
    const auto again = d.check("lettre.hl7", tests::mdm_file());
    CHECK(again.stay->known == true);
    REQUIRE(again.remarks.size() == 1);
    CHECK(says(again.remarks[0].second, "déjà venu"));
}

TEST_CASE("a letter that would be held says why and what to do", "[check]")
{
    desk d;
    const auto report = d.check("lettre.hl7", tests::mdm_file());
    CHECK(report.verdict == app::file_verdict::held);
    CHECK(report.answer == "AA");
    CHECK(report.recipients.at(0).why == cause::no_certificate);
    const std::string text = report_text(report, app::language::french);
    CHECK(says(text, "accepté, avec un envoi retenu (AA)"));
    CHECK(says(text, "retenu : sans certificat"));
    CHECK(says(text, "liaison certs add"));
}

TEST_CASE("what would be refused, with the code, the place and the reason", "[check]")
{
    desk d;
    struct row {
        std::string name, bytes;
        std::string_view answer, code, field;
    };
    const std::string mdm = tests::mdm_file(), xml = tests::cda_file();
    const row rows[] = {
        {"a.hl7", replaced(mdm, "MASQUE_PS^Libellé^MetaDMPMSS||N", "MASQUE_PS^Libellé^MetaDMPMSS||Y"), "AE", "207",
         "OBX^2^5"},
        {"a.hl7", replaced(mdm, mdm_flag, replaced(mdm_flag, "||N", "||Y")), "AE", "207", "OBX^7^5"},
        {"a.hl7", replaced(mdm, "|2.6|", "|2.4|"), "AE", "203", "MSH^1^12"},
        {"a.xml", replaced(xml, "<legalAuthenticator>", "<legalAuthenticatoR>"), "*", "*", "*"},
        {"a.pdf", std::string(tests::pdf), "SIDECAR_MISSING", "SIDECAR_MISSING", ""},
        {"note.txt", "bonjour", "UNKNOWN_FORM", "UNKNOWN_FORM", ""},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.name, tc.code);
        const auto report = d.check(tc.name, tc.bytes);
        CHECK(report.verdict == app::file_verdict::refused);
        REQUIRE_FALSE(report.faults.empty());
        CHECK(report.recipients.empty());
        if (tc.answer != "*") CHECK(report.answer == tc.answer);
        if (tc.code != "*") CHECK(report.faults[0].code == tc.code);
        if (tc.field != "*") CHECK(report.faults[0].field == tc.field);
        const std::string text = report_text(report, app::language::french);
        CHECK(says(text, tc.name + " : refusé (" + report.answer + ")"));
        CHECK(says(text, report.faults[0].text));
    }
    const auto absent = app::check_file(
        {d.site, d.house.routes, d.house.anchors, d.house.vault, d.house.directory, nullptr, d.house.clock.now()},
        d.house.place.path() / "absent.hl7");
    CHECK(absent.verdict == app::file_verdict::refused);
    CHECK(absent.answer == "ILLISIBLE");
}

TEST_CASE("a document that a check refuses shows all its checks", "[check]")
{
    desk d;
    const auto report =
        d.check("a.xml", replaced(tests::cda_file(), "signatureCode code=\"S\"", "signatureCode code=\"X\""));
    CHECK(report.verdict == app::file_verdict::refused);
    REQUIRE(report.documents.size() == 1);
    CHECK(point(report, "C03").state == app::point_state::blocking);
    CHECK(says(report_text(report, app::language::french), "bloquant"));
}

TEST_CASE("the other forms: a document alone, a pair, a movement", "[check]")
{
    desk d;
    d.house.add_doctor(roux, tests::second_doctor);
    const auto alone = d.check("a.xml", tests::cda_file({.document = "2.999.7.417.2", .version = 2}));
    CHECK(alone.verdict == app::file_verdict::accepted);
    CHECK(alone.form == "document CDA");
    CHECK(alone.operation == "remplacement");
    CHECK(alone.answer == "ACCEPTED");
    CHECK(alone.matrix.empty());

    std::ofstream(d.house.place.path() / "b.pdf", std::ios::binary) << tests::pdf;
    const auto pair = d.check("b.json", tests::sidecar_file());
    CHECK(pair.verdict == app::file_verdict::accepted);
    CHECK(pair.form == "PDF et sa fiche");
    CHECK(pair.recipients.size() == 2);

    const auto movement = d.check("c.hl7", tests::adt_file());
    CHECK(movement.verdict == app::file_verdict::accepted);
    CHECK(movement.form == "message HL7 ADT^A03 2.5");
    CHECK(movement.documents.empty());
    CHECK(movement.stay->discharge == "20/11/2026 14:10");
}

TEST_CASE("what came before decides as it would at the intake", "[check]")
{
    desk d;
    d.house.add_doctor(roux, tests::second_doctor);
    const auto order = [](std::string event, unsigned version, std::string control) {
        tests::letter_order made{.document = "2.999.7.417." + std::to_string(version)};
        made.version = version;
        made.control_id = std::move(control);
        made.event = std::move(event);
        return made;
    };
    const auto again = order("T02", 1, "OTHER");
    auto changed = again;
    changed.title = "Autre";
    auto reused = changed;
    reused.control_id = "FIRST";
    const auto removal = order("T04", 1, "T04");
    auto anew = removal;
    anew.title = "Autre";
    struct row {
        tests::letter_order message;
        app::file_verdict verdict;
        std::string_view code, field, remark;
        app::point_state history;
    };
    using enum app::point_state;
    const auto check = [&](const row& tc) {
        CAPTURE(tc.message.event, tc.message.control_id, tc.message.title);
        const auto report = d.check("a.hl7", tests::mdm_file(tc.message));
        CHECK(report.verdict == tc.verdict);
        CHECK(report.answer == (tc.verdict == app::file_verdict::refused ? "AE" : "AA"));
        if (!tc.code.empty()) {
            REQUIRE(report.faults.size() == 1);
            CHECK(report.faults[0].code == tc.code);
            CHECK(report.faults[0].field == tc.field);
            CHECK(report.recipients.empty());
        }
        CHECK(point(report, "T04").state == tc.history);
        CHECK(report.remarks.size() == (tc.remark.empty() ? 0U : 1U));
        if (!report.remarks.empty()) CHECK(says(report.remarks[0].second, tc.remark));
    };
    const auto accepted = app::file_verdict::accepted, refused = app::file_verdict::refused;
    check({removal, accepted, "", "", "jamais venu ici", good});
    check({order("T10", 2, "T10"), accepted, "", "", "remplacé n'est jamais venu", good});
    REQUIRE(d.house.drop("a.hl7", tests::mdm_file(order("T02", 1, "FIRST"))).what == verdict::accepted);
    for (const row& tc : {row{order("T02", 1, "FIRST"), accepted, "", "", "ce fichier est déjà venu", good},
                          row{again, accepted, "", "", "ce document est déjà venu", good},
                          row{changed, refused, "207 DOCUMENT_REUSED", "TXA^1^12", "", blocking},
                          row{reused, refused, "207", "MSH^1^10", "", good},
                          row{removal, accepted, "", "", "connu ici, version 1", good},
                          row{anew, accepted, "", "", "celui qui est parti", good},
                          row{order("T10", 2, "T10"), accepted, "", "", "", good}})
        check(tc);
    REQUIRE(d.house.drop("b.hl7", tests::mdm_file(order("T10", 2, "T10"))).what == verdict::accepted);
    check({removal, refused, "207 VERSION_NOT_LATEST", "TXA^1^12", "", good});
    REQUIRE(d.house.drop("c.hl7", tests::mdm_file(order("T04", 2, "T04-2"))).what == verdict::accepted);
    check({order("T10", 2, "AGAIN"), refused, "207 DOCUMENT_DELETED", "TXA^1^12", "", good});
    CHECK(d.house.letters().size() == 3);  // checking stored nothing
}

TEST_CASE("a stay is known by its number, else by the patient and the dates", "[check]")
{
    desk d;
    const tests::discharge_order feed{.ins = "285076900000095"};
    CHECK(d.check("a.hl7", tests::adt_file(feed)).stay->known == false);
    REQUIRE(d.house.drop("a.hl7", tests::adt_file(feed)).what == verdict::accepted);
    const auto cancelled = d.check("b.hl7", tests::adt_file({.control_id = "B", .action = "CANCEL", .event = "A13"}));
    REQUIRE(cancelled.stay);
    CHECK(cancelled.stay->known == true);
    const auto by_number = d.check("c.hl7", tests::mdm_file());
    CHECK(by_number.stay->matched == match_state::number);
    // A document without any number, of the same patient and days.
    const auto without_number = [](const tests::letter_order& order) {
        std::string xml = tests::cda_file(order);
        const auto from = xml.find("<id ", xml.find("<encompassingEncounter"));
        return xml.erase(from, xml.find("/>", from) + 2 - from);
    };
    const auto by_person = d.check("d.xml", without_number({}));
    CHECK(by_person.stay->known == true);
    CHECK(by_person.stay->matched == match_state::identity);
    const std::string text = report_text(by_person, app::language::french);
    CHECK(says(text, "sans numéro de venue ni de dossier (connu de ce nœud : même patient, mêmes dates)"));
    CHECK(report_json(by_person).at("stay").at("matched_by").as_string() == "identity");
    const auto later = d.check("e.xml", without_number({.discharge = "20261222141000+0100"}));
    CHECK(later.stay->known == false);
}

TEST_CASE("a file over the limit says so, whatever its form", "[check]")
{
    desk d;
    d.site.max_input_octets = 4096;
    const auto message = d.check("a.hl7", tests::mdm_file());
    CHECK(message.answer == "AE");
    CHECK(message.faults.at(0).code == "207 TOO_LARGE");
    const auto document = d.check("b.xml", std::string(4097, '<'));
    CHECK(document.answer == "TOO_LARGE");
    CHECK(d.check("c.xml", std::string(4096, '<')).answer != "TOO_LARGE");
    std::ofstream(d.house.place.path() / "p.pdf", std::ios::binary) << tests::pdf << std::string(4096, ' ');
    CHECK(d.check("p.json", tests::sidecar_file()).answer == "TOO_LARGE");
}

TEST_CASE("the checks of both documents of one letter are shown and stored", "[check]")
{
    desk d;
    tests::letter_order second{.document = "2.999.7.418.1", .set = "2.999.7.418"};
    second.as_sections = true;
    const std::string message = tests::oru_file({}, second);
    const auto report = d.check("a.hl7", message);
    REQUIRE(report.documents.size() == 2);
    CHECK(point(report, "C14").state == app::point_state::not_assessable);
    const auto& points = report.documents[1].points;
    CHECK(std::any_of(points.begin(), points.end(), [](const auto& one) {
        return one.id == "C14" && one.state == app::point_state::to_mend;  // sections show what is missing
    }));
    const std::string text = report_text(report, app::language::french);
    CHECK(says(text, "document 1\n"));
    CHECK(says(text, "document 2\n"));
    REQUIRE(d.house.drop("a.hl7", message).what == verdict::accepted);
    const auto letter = d.house.letters().at(0);
    const auto further = d.house.ask([&](auto& r) { return r.further_documents(letter.id); });
    REQUIRE(further.size() == 1);
    CHECK(says(letter.completeness, "C14\tnot_assessable"));
    CHECK(says(letter.completeness, "T04\tsatisfied"));
    CHECK(says(further[0].completeness, "C14\tmissing\twarn"));
}

TEST_CASE("the JSON says what the text says, and neither names the patient", "[check][privacy]")
{
    desk d;
    for (const std::string& bytes : {tests::mdm_file(), tests::cda_file(), tests::adt_file(),
                                     replaced(tests::mdm_file(), "2.999.1.1&ISO", "2.999.9&ISO"),
                                     replaced(tests::cda_file(), "19850714", "20990714")}) {
        const auto report = d.check("a.dat", bytes);
        const boost::json::object said = report_json(report);
        CHECK(said.at("answer").as_string() == report.answer);
        CHECK(said.at("recipients").as_array().size() == report.recipients.size());
        CHECK(said.at("faults").as_array().size() == report.faults.size());
        const std::string all = boost::json::serialize(said) + report_text(report, app::language::french);
        for (const char* mark :
             {"QUENTRELIN", "Ysoline", "YSOLINE", "1985", "285076900000095", "885214", "26011234", "anne.roux"}) {
            CAPTURE(mark);
            CHECK_FALSE(says(all, mark));
        }
    }
}
