// Every check against one letter that satisfies all of them: each row changes it in one place, and the outcomes that
// change are exactly those it names. The letter is tests/data/cda/discharge_letter_n3.xml, written for this project.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include "mime/cda/checks.hpp"
#include "tests/unit/mime/cda/sample.hpp"

using namespace mime::cda;

namespace {
using edits = std::vector<std::pair<std::string, std::string>>;  // first occurrence each

std::string n3_letter()
{
    std::ifstream in(std::string(TESTS_DATA) + "/cda/discharge_letter_n3.xml", std::ios::binary);
    REQUIRE(in.good());
    return {std::istreambuf_iterator<char>(in), {}};
}

check_context full_context()
{
    check_context context{*mime::find_zone("Europe/Paris")};
    context.environment = site_environment::test;
    context.now = mime::to_utc(sample::time("20261120150000+0100"), context.where).at;
    auto& said = context.identity.emplace();
    said.ins = patient_id{"1.2.250.1.213.1.4.10", mime::patient_text("285076900000095")};
    said.reliability = "VALI";
    said.birth_family = mime::patient_text("MARTEL");
    said.birth_given = mime::patient_text("ELODIE");
    said.birth_date = mime::patient_text("19850714");
    said.sex = mime::patient_text("F");
    context.names_referrer = true;
    context.addressees.emplace().push_back({"99900000029", "c.lenoir@medecin.example"});
    context.history = document_history::first_seen;
    return context;
}

std::map<std::string, check_state> states_of(const std::string& bytes, const check_context& context)
{
    const auto document = read_document(bytes);
    REQUIRE(document.has_value());
    std::map<std::string, check_state> states;
    for (const check_outcome& one : check_document(*document, extract_body(*document), context)) {
        CHECK((one.state == check_state::missing) == !one.gaps.empty());
        for (const gap& found : one.gaps) CHECK_FALSE((found.field.empty() || found.text.empty()));
        states[one.id] = one.state;
    }
    return states;
}

using changes = std::map<std::string, check_state>;

changes difference(const std::map<std::string, check_state>& before, const std::map<std::string, check_state>& after)
{
    changes found;
    for (const auto& [id, state] : after)
        if (before.at(id) != state) found[id] = state;
    return found;
}

std::string edited(std::string text, const edits& all)
{
    for (const auto& [from, to] : all) text = sample::replaced(std::move(text), from, to);
    return text;
}

// The section of that code, from its code element to its end.
std::pair<std::size_t, std::size_t> section_of(const std::string& text, const std::string& code)
{
    const std::size_t begin = text.find("<code code=\"" + code + "\"");
    REQUIRE(begin != std::string::npos);
    return {begin, text.find("</section>", begin)};
}

// Its narrative keeps its elements and loses every word.
std::string without_words(std::string text, const std::string& code)
{
    const auto [begin, end] = section_of(text, code);
    const std::size_t from = text.find("<text>", begin);
    const std::size_t to = text.find("</text>", from);
    std::string kept;
    bool inside = false;
    for (const char c : text.substr(from, to - from)) {
        if (c == '<') inside = true;
        if (inside) kept += c;
        if (c == '>') inside = false;
    }
    return text.replace(from, to - from, kept);
}

std::string without_entries(std::string text, const std::string& code)
{
    const auto [begin, end] = section_of(text, code);
    const std::size_t from = text.find("<entry>", begin);
    REQUIRE(from < end);
    return text.erase(from, end - from);
}

std::string without_section(std::string text, const std::string& code)
{
    const auto [begin, end] = section_of(text, code);
    const std::size_t from = text.rfind("<component>", begin);
    const std::size_t to = text.find("</component>", end) + std::string_view("</component>").size();
    return text.erase(from, to - from);
}

// The observation of that code says nothing.
std::string without_value(std::string text, const std::string& code)
{
    const std::size_t at = text.find("<code code=\"" + code + "\"");
    REQUIRE(at != std::string::npos);
    const std::size_t from = text.find("<value", at);
    const std::size_t to = text.find("</observation>", from);
    return text.replace(from, to - from, "<value xsi:type=\"ST\" nullFlavor=\"UNK\"/>\n");
}

constexpr auto missing = check_state::missing;
}

TEST_CASE("the base letter satisfies every check", "[cda][checks]")
{
    const auto states = states_of(n3_letter(), full_context());
    CHECK(states.size() == check_catalogue().size());
    for (const auto& [id, state] : states) {
        CAPTURE(id);
        CHECK(state == check_state::satisfied);
    }
}

TEST_CASE("a header that breaks a rule breaks that check alone", "[cda][checks]")
{
    struct row {
        std::string id;
        edits change;
    };
    const std::string first_phone = "<telecom value=\"tel:+33400000001\" use=\"WP\"/>";
    const std::string second_phone = "<telecom value=\"tel:+33400000002\" use=\"WP\"/>";
    const std::string no_phone = "<telecom nullFlavor=\"UNK\"/>";
    const std::string signed_at = "<legalAuthenticator>\n<time value=\"20261120142500+0100\"/>";
    const std::string referrer = "<participant typeCode=\"REFB\">";
    const std::string stay =
        "<encompassingEncounter>\n<id root=\"2.999.1.2\" extension=\"S-512\"/>\n<code code=\"IMP\" "
        "displayName=\"Hospitalisation (établissement, y compris HAD)\" "
        "codeSystem=\"2.16.840.1.113883.5.4\"/>\n<effectiveTime><low value=\"20261116080500+0100\"/>"
        "<high value=\"20261120141000+0100\"/></effectiveTime>";
    const auto stay_with = [&](const std::string& span) {
        return edits{{stay, "<encompassingEncounter><effectiveTime>" + span + "</effectiveTime>"}};
    };
    const std::string written = "<effectiveTime value=\"20261120143000+0100\"/>";
    const std::string version = "<versionNumber value=\"1\"/>";
    const auto replacing = [](const std::string& parent) {
        return "<relatedDocument typeCode=\"RPLC\"><parentDocument><id root=\"" + parent +
               "\"/></parentDocument></relatedDocument>\n<componentOf>";
    };
    const auto tc = GENERATE_COPY(values<row>({
        {"C01", {{"codeSystem=\"2.16.840.1.113883.6.1\"/>\n<title>Lettre", "codeSystem=\"2.999.1\"/>\n<title>Lettre"}}},
        {"C02", {{written, "<effectiveTime value=\"20261119235900+0100\"/>"}}},
        {"C03", {{signed_at, "<legalAuthenticator>\n<time nullFlavor=\"UNK\"/>"}}},
        {"C03", {{"<signatureCode code=\"S\"/>", "<signatureCode code=\"X\"/>"}}},
        {"C03", {{first_phone, no_phone}, {second_phone, no_phone}}},
        {"C04", {{"<administrativeGenderCode code=\"F\"", "<administrativeGenderCode code=\"U\""}}},
        {"C04", {{"<birthTime value=\"19850714\"/>", "<birthTime value=\"20261121\"/>"}}},
        {"C05", {{"285076900000095", "285076900000096"}}},
        {"C05", {{"<county>69381</county>", "<county>6938</county>"}}},
        {"C05", {{"<county>69381</county>", ""}}},
        {"C06", {{"<functionCode code=\"PCP\"", "<functionCode code=\"CORRE\""}}},
        {"C07", {{referrer, "<participant typeCode=\"CON\">"}}},
        {"C08", stay_with("<low value=\"20261121080500+0100\"/><high value=\"20261120141000+0100\"/>")},
        {"C08", stay_with("<high value=\"20261120141000+0100\"/>")},
        {"C08", stay_with("<low value=\"20261116080500+0100\"/>")},
        {"C08", stay_with("<low value=\"20261115080500+0100\"/><high value=\"20261120141000+0100\"/>")},
        {"C08", stay_with("<low value=\"20261116080500+0100\"/><high value=\"20261120153000+0100\"/>")},
        {"C09", {{"codeSystem=\"1.2.250.1.213.2.14\"", "codeSystem=\"2.999.1\""}}},
        {"T02", {{"<templateId root=\"1.2.250.1.213.1.1.1.1\"/>", ""}}},
        {"T02",
         {{"<templateId root=\"1.2.250.1.213.1.1.1.29\" extension=\"2022.01\"/>",
           "<templateId root=\"1.3.6.1.4.1.19376.1.2.20\"/>"}}},
        {"T03", {{version, "<versionNumber value=\"0\"/>"}}},
        {"T03", {{version, "<versionNumber value=\"2\"/>"}}},
        {"T03", {{"<componentOf>", replacing("2.999.7.511.1")}}},
        {"T03", {{version, "<versionNumber value=\"2\"/>"}, {"<componentOf>", replacing("2.999.7.512.1")}}},
        {"T05", {{"extension=\"1990000010\"", "extension=\"19900000100\""}}},
        {"T06", {{"extension=\"899900000029\"", "extension=\"899900000011\""}}},
        {"T09", {{written, "<effectiveTime value=\"20261120150501+0100\"/>"}}},
        {"T10", {{"<family>VIDAL</family>", "<family>AUBRAC</family>"}}},
    }));
    CAPTURE(tc.id, tc.change.front().second);
    const std::string base = n3_letter();
    const auto context = full_context();
    const auto changed = difference(states_of(base, context), states_of(edited(base, tc.change), context));
    CHECK(changed == changes{{tc.id, missing}});
}

TEST_CASE("a body that breaks a rule breaks that check alone", "[cda][checks]")
{
    struct row {
        std::string id;
        std::string what;
        std::string text;
    };
    const std::string base = n3_letter();
    const std::string dosed =
        "<high value=\"20270220\"/></effectiveTime>\n<effectiveTime xsi:type=\"PIVL_TS\" "
        "operator=\"A\"><period value=\"8\" unit=\"h\"/></effectiveTime>\n<doseQuantity><low "
        "value=\"1\"/><high value=\"1\"/></doseQuantity>";
    const auto drop_acts = [&] {
        return edited(without_entries(base, "18776-5"), {{"Examens pendant le séjour", "Suivi pendant le séjour"},
                                                         {"Électrocardiogramme, biologie quotidienne.", "Repos."},
                                                         {"Électrocardiogramme", "Revoir"}});
    };
    const auto tc = GENERATE_COPY(values<row>({
        {"C09", "admission mode outside the list", sample::replaced(base, "code=\"183452005\"", "code=\"183452006\"")},
        {"C09", "no discharge mode", without_value(base, "ORG-074")},
        {"C09", "right code of another system",
         sample::replaced(base, "\"160849004\" displayName=\"retour au domicile\" codeSystem=\"2.16",
                          "\"160849004\" displayName=\"retour au domicile\" codeSystem=\"3.16")},
        {"C10", "no reason section", without_section(base, "42349-1")},
        {"C10", "blank reason", without_words(base, "42349-1")},
        {"C11", "neither text nor entry", without_value(without_words(base, "42545-4"), "MED-142")},
        {"C12", "adverse events unsaid", without_value(base, "MED-143")},
        {"C12", "resistant organisms unsaid", without_value(base, "MED-309")},
        {"C12", "transfusion unsaid", without_value(base, "MED-145")},
        {"C12", "blood derivatives unsaid", without_value(base, "MED-147")},
        {"C12", "organisms looked for, result unsaid", without_value(without_words(base, "42545-4"), "MED-144")},
        {"C13", "no act", drop_acts()},
        {"C14", "no treatment and nothing said", without_section(base, "10183-2")},
        {"C14", "no product", sample::replaced(base, "<name>Colchicine 1 mg comprimé</name>", "")},
        {"C14", "no dose", sample::replaced(base, dosed, dosed.substr(0, dosed.find("<doseQuantity>")))},
        {"C14", "no end", sample::replaced(base, "<high value=\"20270220\"/>", "")},
        {"C14", "stopped treatments unsaid", without_section(base, "18610-6")},
        {"C15", "no section", without_section(base, "30954-2")},
        {"C15", "blank section", without_words(base, "30954-2")},
        {"C16", "no section", without_section(base, "18776-5")},
        {"C16", "blank section", without_entries(without_words(base, "18776-5"), "18776-5")},
        {"C17", "status outside the list", sample::replaced(base, "code=\"398166005\"", "code=\"398166006\"")},
        {"C17", "no status", without_value(base, "GEN-065")},
        {"T07", "broken reference", sample::replaced(base, "value=\"#synthese\"", "value=\"#absent\"")},
        {"T07", "reference without its sign", sample::replaced(base, "value=\"#synthese\"", "value=\"synthese\"")},
    }));
    CAPTURE(tc.id, tc.what);
    const auto context = full_context();
    const auto changed = difference(states_of(base, context), states_of(tc.text, context));
    CHECK(changed == changes{{tc.id, missing}});
}

TEST_CASE("what the law asks may also be said another way", "[cda][checks]")
{
    struct row {
        std::string what;
        std::string text;
    };
    const std::string base = n3_letter();
    const auto tc = GENERATE_COPY(values<row>({
        {"treating doctor said to be absent",
         edited(base, {{"<associatedEntity classCode=\"PROV\">\n<id root=\"1.2.250.1.71.4.2.1\" "
                        "extension=\"899900000029\"/>\n<addr nullFlavor=\"NAV\"/>\n<telecom "
                        "value=\"tel:+33400000003\" use=\"WP\"/>\n<associatedPerson><name><prefix>MME</prefix><given>"
                        "Claire</given><family>LENOIR</family><suffix>DR</suffix></name></associatedPerson>",
                        "<associatedEntity classCode=\"PROV\"><id nullFlavor=\"UNK\"/>"}})},
        {"synthesis only as an entry", without_words(base, "42545-4")},
        {"synthesis only as text", without_value(base, "MED-142")},
        {"no treatment, by its code",
         edited(without_entries(base, "10183-2"),
                {{"dix jours</content></td></tr></tbody></table></text>",
                  "dix jours</content></td></tr></tbody></table></text><entry><substanceAdministration><code "
                  "code=\"no-known-medications\" codeSystem=\"2.16.840.1.113883.5.1150.1\"/>"
                  "</substanceAdministration></entry>"}})},
        {"no treatment, in words",
         edited(without_entries(base, "10183-2"),
                {{"dix jours</content>", "dix jours</content> Aucun médicament à la sortie."}})},
        {"a duration in place of an end",
         sample::replaced(base, "<high value=\"20270220\"/>", "<width value=\"3\" unit=\"mo\"/>")},
        {"nothing stopped, in words",
         edited(without_section(base, "18610-6"), {{"trois mois", "trois mois. Aucun traitement arrêté"}})},
        {"nothing pending, in words",
         edited(without_section(base, "30954-2"),
                {{"du médecin traitant<", "du médecin traitant. Aucun résultat en attente<"}})},
        {"dated at the end of the clocks' tolerance", edited(base, {{"20261120143000+0100", "20261120150500+0100"}})},
        {"times without offset", edited(base, {{"20261120143000+0100", "20261120143000"}})},
        {"a prefix and no indentation",
         edited(base, {{"<ClinicalDocument xmlns=\"urn:hl7-org:v3\"",
                        "<ClinicalDocument xmlns=\"urn:hl7-org:v3\" xmlns:q=\"urn:hl7-org:v3\""},
                       {"<legalAuthenticator>", "<q:legalAuthenticator>"},
                       {"</legalAuthenticator>", "</q:legalAuthenticator>"}})},
    }));
    CAPTURE(tc.what);
    const auto context = full_context();
    CHECK(difference(states_of(base, context), states_of(tc.text, context)).empty());
}

TEST_CASE("what the message says beside the document", "[cda][checks]")
{
    struct row {
        std::string id;
        check_state state;
        std::function<void(check_context&)> change;
    };
    using mime::patient_text;
    const auto tc = GENERATE_COPY(values<row>({
        {"C04", missing, [](auto& c) { c.identity->birth_family = patient_text("MARTIN"); }},
        {"C04", missing, [](auto& c) { c.identity->birth_given = patient_text("ANNE"); }},
        {"C04", missing, [](auto& c) { c.identity->birth_date = patient_text("19850715"); }},
        {"C04", missing, [](auto& c) { c.identity->sex = patient_text("M"); }},
        {"C05", missing, [](auto& c) { c.identity->reliability = "PROV"; }},
        {"C05", missing, [](auto& c) { c.identity->ins.reset(); }},
        {"C05", missing, [](auto& c) { c.identity->ins->extension = patient_text("1"); }},
        {"C05", missing, [](auto& c) { c.identity.reset(); }},
        {"T04", missing, [](auto& c) { c.history = document_history::other_bytes; }},
        {"T04", missing, [](auto& c) { c.history = document_history::other_patient; }},
        {"T04", check_state::not_assessable, [](auto& c) { c.history = document_history::unknown; }},
        {"T06", missing, [](auto& c) { c.addressees->front().rpps = "99900000011"; }},
        {"T06", missing,
         [](auto& c) {
             c.addressees->push_back({"99900000011", ""});
         }},
        {"T06", check_state::not_applicable, [](auto& c) { c.addressees.reset(); }},
        {"T09", check_state::not_assessable, [](auto& c) { c.now.reset(); }},
    }));
    CAPTURE(tc.id);
    auto context = full_context();
    const auto before = states_of(n3_letter(), context);
    tc.change(context);
    CHECK(difference(before, states_of(n3_letter(), context)) == changes{{tc.id, tc.state}});
}

TEST_CASE("message and document name one person whatever the writing", "[cda][checks]")
{
    using mime::patient_text;
    auto context = full_context();
    context.identity->birth_family = patient_text("martel");
    context.identity->birth_given = patient_text("ÉLODIE ANNE");
    context.identity->birth_date = patient_text("198507");
    context.identity->sex = patient_text("U");
    CHECK(states_of(n3_letter(), context).at("C04") == check_state::satisfied);
}

TEST_CASE("a second identity of test blocks in production, and only that", "[cda][checks]")
{
    auto context = full_context();
    context.environment = site_environment::production;
    context.identity->ins->root = "1.2.250.1.213.1.4.8";
    const std::string real = sample::replaced(n3_letter(), "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8");
    const std::string both = sample::replaced(
        real, "<id root=\"2.999.1.1\"", "<id root=\"1.2.250.1.213.1.4.11\" extension=\"1\"/><id root=\"2.999.1.1\"");
    CHECK(difference(states_of(real, context), states_of(both, context)) == changes{{"T08", missing}});
    context.environment = site_environment::test;
    CHECK(states_of(both, context).at("T08") == check_state::satisfied);
}

TEST_CASE("a referrer is asked for only when somebody names one", "[cda][checks]")
{
    const std::string none = sample::replaced(n3_letter(), "typeCode=\"REFB\"", "typeCode=\"CON\"");
    auto context = full_context();
    context.names_referrer = false;
    CHECK(states_of(none, context).at("C07") == check_state::not_applicable);
    CHECK(states_of(n3_letter(), context).at("C07") == check_state::satisfied);
}

TEST_CASE("a PDF shows none of the sections; another report owes none of them", "[cda][checks]")
{
    const auto n1 = states_of(write_n1(sample::letter(), sample::pdf), full_context());
    const auto report =
        states_of(edited(n3_letter(), {{"<code code=\"11490-0\"", "<code code=\"11488-4\""}}), full_context());
    for (const char* id : {"C09", "C10", "C11", "C12", "C13", "C14", "C15", "C16", "C17"}) {
        CAPTURE(id);
        CHECK(n1.at(id) == check_state::not_assessable);
        CHECK(report.at(id) == check_state::not_applicable);
    }
    CHECK(n1.at("T07") == check_state::not_applicable);
    for (const char* id : {"C02", "C08"}) CHECK(report.at(id) == check_state::not_applicable);
}

TEST_CASE("what cannot be read blocks by T01 and says nothing else", "[cda][checks]")
{
    const auto read = read_document("<!DOCTYPE x><ClinicalDocument/>");
    REQUIRE_FALSE(read.has_value());
    const auto all = check_unreadable(read.error());
    REQUIRE(all.size() == check_catalogue().size());
    REQUIRE(first_block(all) != nullptr);
    CHECK(first_block(all)->id == "T01");
    for (const check_outcome& one : all) CHECK((one.id == "T01") == (one.state == missing));
}

TEST_CASE("the catalogue has every item once, and weighs the eleven of the score", "[cda][checks]")
{
    std::set<std::string_view> ids;
    std::set<std::string_view> scored;
    for (const check_row& row : check_catalogue()) {
        CHECK(ids.insert(row.id).second);
        CHECK_FALSE(row.title.empty());
        if (row.weight == check_weight::scored) scored.insert(row.id);
        CHECK(find_check(row.id)->title == row.title);
    }
    CHECK(ids.size() == 27);
    CHECK(scored ==
          std::set<std::string_view>{"C03", "C04", "C06", "C08", "C09", "C10", "C11", "C12", "C13", "C14", "C16"});
    CHECK(find_check("C18") == nullptr);
    CHECK(find_check("C14")->law == "R.1112-1-2 4°");
    CHECK(find_check("C14")->qls == 13);
}
