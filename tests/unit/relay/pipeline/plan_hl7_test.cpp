// What an HL7 message orders and whether it agrees with its document: matrix, hard rules, shared record, identifiers,
// types, ids of replacements and deletions. Each row changes one thing of a message that is accepted.
#include <catch2/catch.hpp>

#include "relay/pipeline/letter_plan.hpp"
#include "tests/support/site.hpp"
#include "tests/support/submissions.hpp"

using namespace relay::pipeline;
using tests::replaced;

namespace {
const instant now = tests::local("20261120150000+0100");
const std::string own_box = "285076900000095@patient.mssante.fr";

planned plan_of(const std::string& message, const site_options& site = tests::site())
{
    return plan_submission(tests::dropped("a.hl7", message), site, tests::routes(), now);
}

letter_plan letter_of(const std::string& message, const site_options& site = tests::site())
{
    planned plan = plan_of(message, site);
    if (const auto* why = std::get_if<refusal>(&plan.what)) FAIL(why->code << " " << why->field << " " << why->message);
    return std::get<letter_plan>(std::move(plan.what));
}

std::string with_flag(std::string message, std::string_view code, char value)
{
    const std::string head = std::string(code) + "^Libellé^MetaDMPMSS||";
    const auto at = message.find(head);
    REQUIRE(at != std::string::npos);
    message[at + head.size()] = value;
    return message;
}

// The same letter to the doctor and to a patient's mailbox.
std::string with_patient(std::string message, const std::string& address, std::string_view ins = "285076900000095")
{
    const std::string line =
        "PRT||UC||RCT^Result Copies To^participation|" + std::string(ins) +
        "^QUENTRELIN^YSOLINE^^^^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^L^^^INS||||||||||^^X."
        "400^" +
        address + "\r";
    message.insert(message.find("OBX|2|CWE|MASQUE_PS"), line);
    return with_flag(std::move(message), "DESTMSSANTEPAT", 'Y');
}

// As the volet writes an operation: event, ORC-1, OBX-11 of the document, TXA-13.
std::string as_operation(std::string message, std::string_view event, std::string_view order, std::string_view status,
                         std::string_view parent)
{
    message = replaced(message, "MDM^T02^MDM_T02", "MDM^" + std::string(event) + "^MDM_T02");
    message = replaced(message, "ORC|NW\r", "ORC|" + std::string(order) + "\r");
    message = replaced(message, "||||||F\rPRT", "||||||" + std::string(status) + "\rPRT");
    if (parent.empty()) return message;
    return replaced(message, "|||||AU\r", "|" + std::string(parent) + "||||AU\r");
}

struct refused_row {
    std::string message;
    std::string_view field, word;
};

void check_refused(const refused_row& tc, const site_options& site = tests::site())
{
    CAPTURE(tc.field, tc.word);
    const planned plan = plan_of(tc.message, site);
    const auto* why = std::get_if<refusal>(&plan.what);
    REQUIRE(why != nullptr);
    CHECK(why->code == "207");
    CHECK(why->field == tc.field);
    CHECK(why->message.find(tc.word) != std::string::npos);
    for (const auto& error : why->hl7) {
        CHECK(error.ack == mime::hl7::ack_code::AE);
        CHECK(error.text.find("QUENTRELIN") == std::string::npos);
        CHECK(error.text.find("285076900000095") == std::string::npos);
    }
}
}

TEST_CASE("the matrix decides, and a miss names the flag of the nearest row", "[plan][matrix]")
{
    const std::string base = tests::mdm_file();
    CHECK(letter_of(base).orders->row == "B'");
    CHECK(letter_of(with_flag(base, "INVISIBLE_PATIENT", 'Y')).orders->row == "B");
    CHECK(letter_of(with_patient(base, own_box)).orders->row == "A");
    CHECK(letter_of(with_flag(with_patient(base, own_box), "DESTMSSANTEPS", 'N')).orders->row == "C");
    check_refused({with_flag(base, "MASQUE_PS", 'Y'), "OBX^2^5", "B', demande MASQUE_PS = N"});
    check_refused({with_flag(base, "INVISIBLE_REP_LEGAUX", 'Y'), "OBX^4^5", "INVISIBLE_REP_LEGAUX = N"});
    check_refused({with_flag(with_flag(with_patient(base, own_box), "DESTMSSANTEPS", 'N'), "CONNEXION_SECRETE", 'Y'),
                   "OBX^5^5", "CONNEXION_SECRETE = N"});
    // An older name of the flag keeps its place.
    check_refused({replaced(with_flag(base, "INVISIBLE_REP_LEGAUX", 'Y'), "INVISIBLE_REP_LEGAUX",
                            "INVISIBLE_REPRESENTANTS_LEGAUX"),
                   "OBX^4^5", "INVISIBLE_REP_LEGAUX = N"});

    site_options strict = tests::site();
    strict.mode = matrix_mode::strict;
    check_refused({base, "OBX^3^5", "B, demande INVISIBLE_PATIENT = Y"}, strict);
    CHECK(letter_of(with_flag(base, "INVISIBLE_PATIENT", 'Y'), strict).orders->row == "B");
    // A row of the site's own profile is no tolerance of ours: it counts in strict mode too.
    matrix_row own = strict.matrix.rows.back();
    own.name = "SITE";
    own.origin = row_origin::profile;
    strict.matrix.rows.push_back(own);
    CHECK(letter_of(base, strict).orders->row == "SITE");
}

TEST_CASE("whom the flags want is whom the mail goes to", "[plan][matrix]")
{
    const std::string both = with_patient(tests::mdm_file(), own_box);
    CHECK(letter_of(both).recipients.size() == 2);
    const auto alone = letter_of(with_flag(both, "DESTMSSANTEPS", 'N')).recipients;
    REQUIRE(alone.size() == 1);
    CHECK(alone[0].role == recipient_role::patient);
    const auto doctor = letter_of(with_flag(both, "DESTMSSANTEPAT", 'N')).recipients;
    REQUIRE(doctor.size() == 1);
    CHECK(doctor[0].role == recipient_role::professional);
    check_refused({with_flag(both, "INVISIBLE_PATIENT", 'Y'), "OBX^9^5", "invisible au patient"});
    check_refused({with_flag(tests::mdm_file(), "DESTMSSANTEPAT", 'Y'), "OBX^9^5", "sans destinataire patient"});
    check_refused({with_flag(tests::mdm_file(), "DESTMSSANTEPS", 'N'), "OBX^8^5", "rien à envoyer"});
}

TEST_CASE("what representatives must not see does not reach them", "[plan][matrix]")
{
    const auto order = [](const std::string& message) {
        return with_flag(with_flag(message, "DESTMSSANTEPS", 'N'), "INVISIBLE_REP_LEGAUX", 'Y');
    };
    const std::string grown = order(with_patient(tests::mdm_file(), own_box));
    REQUIRE(letter_of(grown).recipients.size() == 1);
    CHECK(letter_of(grown).recipients[0].hold == cause::none);
    check_refused({order(with_patient(tests::mdm_file(), "285076900000192@patient.mssante.fr", "285076900000192")),
                   "PRT^3^15^1^4", "du patient"});

    struct row {
        std::string_view said, written;  // PID-7, birthTime
        cause hold;
    };
    for (const row& tc :
         {row{"20081120", "20081120", cause::none}, row{"20081121", "20081121", cause::minor_patient},
          row{"20150101", "20150101", cause::minor_patient}, row{"200811", "20081105", cause::minor_patient},
          row{"2008", "20081105", cause::minor_patient}, row{"2007", "20070505", cause::none}}) {
        CAPTURE(tc.said);
        std::string child = replaced(grown, "||19850714|F", "||" + std::string(tc.said) + "|F");
        const auto from = child.find("Base64^") + 7;
        child.replace(from, child.find("||||||F\rPRT") - from,
                      mime::base64_encode(replaced(tests::cda_file(), "19850714", tc.written)));
        CHECK(letter_of(child).recipients.at(0).hold == tc.hold);
    }
}

TEST_CASE("a patient's address that is none is held by itself; alone, the message is refused", "[plan]")
{
    for (const char* bad : {"28507690000009@patient.mssante.fr", "2850769000000950@patient.mssante.fr",
                            "28507690000009A@patient.mssante.fr"}) {
        const std::string both = with_patient(tests::mdm_file(), bad);
        const auto plan = letter_of(both);
        REQUIRE(plan.recipients.size() == 2);
        CHECK(plan.recipients[0].hold == cause::none);
        CHECK(plan.recipients[1].hold == cause::address_refused);
        const planned alone = plan_of(with_flag(both, "DESTMSSANTEPS", 'N'));
        const auto* why = std::get_if<refusal>(&alone.what);
        REQUIRE(why != nullptr);
        CHECK(why->code == "102");
    }
}

TEST_CASE("the shared record without a link: refused, or mailed with a debt", "[plan]")
{
    const std::string asked = with_flag(tests::mdm_file(), "DESTDMP", 'Y');
    check_refused({asked, "OBX^7^5", "DMP"});
    site_options site = tests::site();
    site.shared_record = shared_record_policy::mail_only;
    CHECK(letter_of(asked, site).details.shared_record_refused);
    CHECK_FALSE(letter_of(tests::mdm_file(), site).details.shared_record_refused);
    // Nothing to mail: outside the matrix, and nothing that this node could do.
    for (const auto& each : {tests::site(), site})
        check_refused({with_flag(asked, "DESTMSSANTEPS", 'N'), "OBX^7^5", "DMP seul"}, each);
}

TEST_CASE("message and document speak of the same patient, type and document", "[plan][coherence]")
{
    const std::string base = tests::mdm_file();
    const std::string id = "885214^^^HOP_DEMO&2.999.1.1&ISO^PI~";
    const refused_row rows[] = {
        {replaced(base, id, ""), "PID^1^3", "identifiants"},
        {replaced(base, id, "885215" + id.substr(6)), "PID^1^3", "identifiants"},
        {replaced(base, id, replaced(id, "2.999.1.1", "2.999.1.9")), "PID^1^3", "identifiants"},
        {replaced(base, id, id + id.substr(0, id.size() - 1) + "~77^^^HOP_DEMO&2.999.1.1&ISO^PI~"), "PID^1^3",
         "identifiants"},
        {replaced(replaced(replaced(base, "OBR|1|||11490-0", "OBR|1|||34112-3"), "TXA|1|11490-0", "TXA|1|34112-3"),
                  "|ED|11490-0", "|ED|34112-3"),
         "OBX^1^3", "types différents"},
        {replaced(base, "2.999.7.417.1|||||AU", "2.999.7.417.2|||||AU"), "TXA^1^12", "TXA-12"},
    };
    for (const refused_row& tc : rows) check_refused(tc);

    site_options tolerant = tests::site();
    tolerant.patient_ids = identifier_sets::may_differ;
    const auto plan = letter_of(replaced(base, id, ""), tolerant);
    REQUIRE(plan.warnings.size() == 1);
    CHECK(plan.warnings[0].field == "PID^1^3");
    // An authority without OID is compared by its value; said twice is said once.
    CHECK(letter_of(replaced(base, "HOP_DEMO&2.999.1.1&ISO^PI", "HOP_DEMO&990000010&M^PI")).warnings.empty());
    CHECK(letter_of(replaced(base, id, id + id)).warnings.empty());
    // Everything that is wrong is told at once.
    const planned wrong = plan_of(replaced(replaced(base, id, ""), "2.999.7.417.1|||||AU", "2.999.7.417.2|||||AU"));
    CHECK(std::get<refusal>(wrong.what).hl7.size() == 2);
}

TEST_CASE("replacement and deletion name their documents; the operation is the message's alone", "[plan][coherence]")
{
    const tests::letter_order second{.document = "2.999.7.417.2", .version = 2};
    const std::string v1 = tests::mdm_file(), v2 = tests::mdm_file(second);
    const auto replace = letter_of(as_operation(v2, "T10", "RO", "C", "2.999.7.417.1"));
    CHECK(replace.operation == letter_operation::replace);
    CHECK(replace.parent_id == "2.999.7.417.1");
    // A deletion carries the last version as it was, link and all.
    const auto remove = letter_of(as_operation(v2, "T04", "CA", "D", ""));
    CHECK(remove.operation == letter_operation::remove);
    CHECK_FALSE(remove.parent_id.has_value());
    CHECK(letter_of(as_operation(v1, "T04", "CA", "D", "")).operation == letter_operation::remove);
    CHECK(letter_of(as_operation(v2, "T04", "CA", "D", "2.999.7.417.1")).operation == letter_operation::remove);
    // T02 stays a first sending, whatever the document says of its past.
    const auto initial = letter_of(v2);
    CHECK(initial.operation == letter_operation::initial);
    CHECK(initial.warnings.size() == 1);
    const refused_row rows[] = {
        {as_operation(v2, "T10", "RO", "C", "2.999.7.417.9"), "TXA^1^13", "TXA-13"},
        {as_operation(v1, "T10", "RO", "C", "2.999.7.417.9"), "OBX^1^5", "RPLC"},
        {as_operation(v2, "T04", "CA", "D", "2.999.7.417.9"), "TXA^1^13", "TXA-13"},
    };
    for (const refused_row& tc : rows) check_refused(tc);
}

namespace {
// The example of mssante.md §2.9, word for word; @ stands for its document, which is a placeholder there.
const std::string reference_example =
    R"(MSH|^~\&|DPI_DEMO|HOP_DEMO|RELAIS|HOP_DEMO|20261120143005+0100||MDM^T02^MDM_T02|DEMO000417|T|2.6|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2)"
    "\r"
    R"(EVN||20261120143005+0100)"
    "\r"
    R"(PID|1||885214^^^HOP_DEMO&2.999.1.1&ISO^PI~285076900000095^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS||MARTEL^ELODIE^ELODIE ANNE^^^^L~BRUNEL^ELODIE^^^^^D||19850714|F|||^^^^^^BDL^^69123|||||||26011234^^^HOP_DEMO&2.999.1.2&ISO^AN|||||||||||||N|VALI)"
    "\r"
    R"(PV1||I|||||||||||||||||26011234^^^HOP_DEMO&2.999.1.2&ISO^VN|||||||||||||||||||||||||202611160905+0100|202611201410+0100)"
    "\r"
    R"(ORC|NW)"
    "\r"
    R"(OBR|1|||11490-0^Lettre de liaison à la sortie d'un établissement de soins^LN)"
    "\r"
    R"(TXA|1|11490-0|TEXT|||||||||2.999.7.417.1|||||AU)"
    "\r"
    R"(OBX|1|ED|11490-0^Lettre de liaison à la sortie d'un établissement de soins^LN||^text^XML^Base64^@||||||F)"
    "\r"
    R"(PRT||UC||SB^Send by^participation|899900000011^VIDAL^PAUL^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS|||HOPITAL DEMO^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^990000010)"
    "\r"
    R"(PRT||UC||RCT^Result Copies To^participation|899900000029^ROUX^ANNE^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS||||||||||^^X.400^anne.roux@medecin.demo.mssante.fr)"
    "\r"
    R"(PRT||UC||RCT^Result Copies To^participation|285076900000095^MARTEL^ELODIE^^^^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^L^^^INS||||||||||^^X.400^285076900000095@patient.mssante.fr)"
    "\r"
    R"(PRT||UC||REPLY^Reply To^participation|||||||||||^^X.400^secretariat.medecine@hopital.demo.mssante.fr)"
    "\r"
    R"(OBX|2|CWE|MASQUE_PS^Masqué aux professionnels de Santé^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F)"
    "\r"
    R"(OBX|3|CWE|INVISIBLE_PATIENT^Document Non Visible par le patient^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F)"
    "\r"
    R"(OBX|4|CWE|INVISIBLE_REP_LEGAUX^Non visible par les représentants Légaux du patient^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F)"
    "\r"
    R"(OBX|5|CWE|CONNEXION_SECRETE^Connexion Secrete^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F)"
    "\r"
    R"(OBX|6|CWE|MODIF_CONF_CODE^Modification Confidentiality Code^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F)"
    "\r"
    R"(OBX|7|CWE|DESTDMP^Destinataire DMP^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F)"
    "\r"
    R"(OBX|8|CWE|DESTMSSANTEPS^Destinataire (Professionnel de Santé, organisation ou BAL applicative)^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F)"
    "\r"
    R"(OBX|9|CWE|DESTMSSANTEPAT^Destinataire Patient^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F)"
    "\r"
    R"(NTE|1|||FIN)"
    "\r"
    R"(OBX|10|CWE|ACK_RECEPTION^Accusé de réception^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F)"
    "\r"
    R"(OBX|11|CWE|ACK_LECTURE_MSS^Accusé de lecture^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F)"
    "\r"
    R"(OBX|12|ED|CORPSMAIL_PS^Corps du mail pour un PS^MetaDMPMSS||^TEXT^^Base64^Qm9uam91ciwgdmV1aWxsZXogdHJvdXZlciBjaS1qb2ludCBsYSBsZXR0cmUgZGUgbGlhaXNvbiBkZSBzb3J0aWUu||||||F)"
    "\r";

std::string about_martel(std::string document)
{
    for (const auto& [from, to] : {std::pair("QUENTRELIN", "MARTEL"), std::pair("Ysoline Anne", "Elodie Anne"),
                                   std::pair("Ysoline", "Elodie"), std::pair("69381", "69123")})
        for (auto at = document.find(from); at != std::string::npos; at = document.find(from))
            document.replace(at, std::string_view(from).size(), to);
    return document;
}
}

TEST_CASE("the example of the reference is taken, with a document that is one", "[plan]")
{
    const std::string message = replaced(reference_example, "^Base64^@|",
                                         "^Base64^" + mime::base64_encode(about_martel(tests::cda_file())) + "|");
    route_policy routes = tests::routes();
    routes.trusted_domains = {"medecin.demo.mssante.fr"};
    const planned plan = plan_submission(tests::dropped("a.hl7", message), tests::site(), routes, now);
    if (const auto* why = std::get_if<refusal>(&plan.what)) FAIL(why->code << " " << why->field << " " << why->message);
    const auto& letter = std::get<letter_plan>(plan.what);
    CHECK(letter.orders->row == "A");
    CHECK(letter.warnings.empty());
    REQUIRE(letter.recipients.size() == 2);
    CHECK(letter.recipients[0].rpps == tests::second_doctor);
    CHECK(letter.recipients[1].role == recipient_role::patient);
    // Without a rule of its own a patient's mailbox waits; "*" is never for it.
    CHECK(routes.rule_for("patient.mssante.fr") == nullptr);
    CHECK(routes.rule_for("medecin.demo.mssante.fr") != nullptr);
}

TEST_CASE("two documents are one content in two levels", "[plan][hl7]")
{
    const tests::letter_order n1;
    tests::letter_order n3;
    n3.document = "2.999.7.418.1";
    n3.set = "2.999.7.418";
    n3.as_sections = true;
    const auto with = [](tests::letter_order order, auto change) {
        change(order);
        return order;
    };
    const auto as_n1 = with(n3, [](auto& order) { order.as_sections = false; });
    const auto other = with(n1, [](auto& order) { order.as_sections = true; });
    const auto same_id = with(n3, [&](auto& order) { order.document = n1.document; });
    CHECK(letter_of(tests::oru_file(n1, n3)).documents.size() == 2);
    CHECK(letter_of(tests::oru_file(n3, n1)).documents.size() == 2);
    // A type of its own needs an order of its own.
    const auto reports = with(n3, [](auto& order) { order.type = "34112-3"; });
    std::string two_types = replaced(tests::oru_file(n1, reports), "OBX|2|ED|11490-0^Lettre de liaison à la sortie^LN",
                                     "OBX|2|ED|34112-3^CR hospitalier^LN");
    two_types = replaced(two_types, "OBX|2|ED", "ORC|NW\rOBR|2|||34112-3^CR hospitalier^LN\rOBX|2|ED");
    for (const refused_row& tc : {refused_row{tests::oru_file(n1, as_n1), "OBX^2^5", "même niveau"},
                                  refused_row{tests::oru_file(other, n3), "OBX^2^5", "même niveau"},
                                  refused_row{tests::oru_file(n1, same_id), "OBX^2^5", "même ClinicalDocument/id"},
                                  refused_row{two_types, "OBX^2^5", "même type"}})
        check_refused(tc);
}
