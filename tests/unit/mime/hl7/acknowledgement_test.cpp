#include "tests/unit/mime/hl7/sample.hpp"

#include "mime/hl7/acknowledgement.hpp"

#include <catch2/catch.hpp>

using namespace mime::hl7;
using namespace hl7_test;

namespace {
message_header header(const std::string& text)
{
    const auto got = read_header(text);
    REQUIRE(got.has_value());
    return *got;
}

mime::timestamp at(std::string_view text)
{
    const auto value = mime::read_timestamp(text);
    REQUIRE(value.has_value());
    return *value;
}
}

TEST_CASE("AA to a document", "[hl7][ack]")
{
    CHECK(write_ack(header(document_text()), {"REL1", at("20261120143010+0100"), ack_code::AA, {}}) ==
          "MSH|^~\\&|RELAIS|HOP_DEMO|DPI_DEMO|HOP_DEMO|20261120143010+0100||ACK^T02^ACK|REL1|P|2.6|||||FRA|UNICODE "
          "UTF-8\r"
          "MSA|AA|DEMO000417\r");
}

TEST_CASE("AE to a discharge, with all its errors", "[hl7][ack]")
{
    const hl7_errors errors = {{203, "MSH^1^12", "Version|HL7", ack_code::AE}, {207, "", "Autre", ack_code::AE}};
    CHECK(write_ack(header(discharge_text()), refusal("REL2", at("20261120143010+0100"), errors)) ==
          "MSH|^~\\&|RELAIS|HOP_DEMO|GAM|HOP_DEMO|20261120143010+0100||ACK^A03^ACK|REL2|P|2.5^FRA^2.11|||||FRA|UNICODE "
          "UTF-8\r"
          "MSA|AE|ADT0001\r"
          "ERR||MSH^1^12|203^Unsupported version id^messageErrorCondition|E|||Version\\F\\HL7\r"
          "ERR|||207^Application error^messageErrorCondition|E|||Autre\r");
}

TEST_CASE("AR when the reason is ours", "[hl7][ack]")
{
    const auto ack = refusal("R", at("20261120"), {{207, "", "Disque plein", ack_code::AR}});
    CHECK(ack.code == ack_code::AR);
    CHECK(write_ack(header(document_text()), ack).find("MSA|AR|DEMO000417\r") != std::string::npos);
}

TEST_CASE("what we write we can read", "[hl7][ack]")
{
    const auto m = read_message(
        write_ack(header(document_text()), refusal("R", at("20261120"), {{101, "PID^1^5", "É", ack_code::AE}})));
    REQUIRE(m.has_value());
    CHECK(m->first("ERR")->field(3).component(1).text() == "101");
    CHECK(m->first("ERR")->field(2).component(3).text() == "5");
    CHECK(m->first("ERR")->field(7).component(1).text() == "É");
}

TEST_CASE("a header that cannot be read has no acknowledgement", "[hl7][ack]")
{
    const auto text = GENERATE(as<std::string>(), "", "PID|1", "MSH", "MSH|^^^^|", "<xml/>", "MSH|^~\\");
    CHECK_FALSE(read_header(text).has_value());
}

TEST_CASE("a header is read from a message that is refused otherwise", "[hl7][ack]")
{
    CHECK(header("MSH|^~\\&|A\xe9|B|C|D|||ORU^R01|42|P|2.3|||||FRA|KOI8\rgarbage\0").control_id == "42");
    CHECK(header("MSH|^~\\&|A\xe9|B").sending_application == "A?");
    CHECK(header("MSH!*#/+!A*B|C!D").sending_application == "A^B\\F\\C");
    CHECK(header("MSH|^\u02dc\\&|A|B|C|D|||ORU^R01|42").control_id == "42");
    CHECK(header("MSH|^\u02dc\\&|A|B|C|D|||ORU^R01|42").event == "R01");
    CHECK(header("MSH|^~\\&|A\x1b\x07").sending_application == "A");
    CHECK(header("MSH|^~\\&|" + std::string(100'000, 'x')).sending_application.size() < 10'000);
}

TEST_CASE("ZAM^Z02 of an accepted and of a failed delivery", "[hl7][ack]")
{
    delivery_acknowledgement delivery;
    delivery.control_id = "REL000912";
    delivery.written = at("20261120143241+0100");
    delivery.happened = at("20261120143240+0100");
    delivery.address = mime::patient_text("anne.roux@medecin.demo.mssante.fr");
    const std::string start =
        "MSH|^~\\&|RELAIS|HOP_DEMO|DPI_DEMO|HOP_DEMO|20261120143241+0100||ZAM^Z02^ZAM_Z01|REL000912|P|2.6|||||FRA|"
        "UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2\r"
        "EVN||20261120143240+0100\r"
        "OBX|1|CWE|ACK_RECEPTION_MSS^Accusé de réception MSSanté^AckMetierZAM|DEMO000417|";
    const std::string second =
        "^^expandedYes-NoIndicator||||||F\r"
        "OBX|2|XTN|DESTINATAIRE_MSS^Destinataire "
        "MSSanté^AckMetierZAM||^^X.400^anne.roux@medecin.demo.mssante.fr||||||F\r";
    CHECK(write_zam_z02(header(document_text()), delivery) == start + "Y" + second);
    delivery.failure = find_smtp_error_code(552);
    CHECK(write_zam_z02(header(document_text()), delivery) ==
          start + "N" + second +
              "ERR|||207^Application error^messageErrorCondition|E|552^Boîte pleine^SMTPERRORCODE\r");
}

TEST_CASE("ZAM^Z01: the shared record has it, or does not", "[hl7][ack]")
{
    shared_record_acknowledgement record;
    record.control_id = "REL1";
    record.written = at("20261120143241+0100");
    record.happened = at("20261120143240+0100");
    const std::string start =
        "MSH|^~\\&|RELAIS|HOP_DEMO|DPI_DEMO|HOP_DEMO|20261120143241+0100||ZAM^Z01^ZAM_Z01|REL1|P|2.6|||||FRA|"
        "UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2\r"
        "EVN||20261120143240+0100\r"
        "OBX|1|CWE|ACK_RECEPTION_DMP^Accusé de réception DMP^AckMetierZAM|DEMO000417|";
    CHECK(write_zam_z01(header(document_text()), record) == start + "Y^^expandedYes-NoIndicator||||||F\r");
    record.error_code = "X1";
    record.error_label = "non | fait";
    CHECK(write_zam_z01(header(document_text()), record) ==
          start +
              "N^^expandedYes-NoIndicator||||||F\r"
              "ERR|||207^Application error^messageErrorCondition|E|X1^non \\F\\ fait^DMP_ERROR_CODE\r");
}

TEST_CASE("ZAM^Z03: read, or not filed by the recipient's software", "[hl7][ack]")
{
    reading_acknowledgement reading;
    reading.control_id = "REL2";
    reading.written = at("20261120143241+0100");
    reading.happened = at("20261120143240+0100");
    reading.address = mime::patient_text("anne.roux@medecin.demo.mssante.fr");
    reading.recipient_id = "99900000029";
    const std::string start =
        "MSH|^~\\&|RELAIS|HOP_DEMO|DPI_DEMO|HOP_DEMO|20261120143241+0100||ZAM^Z03^ZAM_Z01|REL2|P|2.6|||||FRA|"
        "UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2\r"
        "EVN||20261120143240+0100\r"
        "OBX|1|CWE|ACK_LECTURE_MSS^Accusé de lecture^AckMetierZAM|DEMO000417|";
    const std::string second =
        "^^expandedYes-NoIndicator||||||F\r"
        "OBX|2|XTN|LECTEUR_MSS^Lecteur du courriel MSSanté^AckMetierZAM|99900000029|^^X.400^"
        "anne.roux@medecin.demo.mssante.fr||||||F\r";
    CHECK(write_zam_z03(header(document_text()), reading) == start + "Y" + second);
    struct row {
        int said;
        std::string_view written;
    };
    for (const row& tc : {row{900, "900^"}, row{902, "902^Patient inconnu"}, row{906, "906^"},
                          row{907, "906^Autre erreur"}, row{0, "906^"}, row{-1, "906^"}}) {
        reading.error_code = tc.said;
        const std::string zam = write_zam_z03(header(document_text()), reading);
        CHECK(zam.starts_with(start + "N" + second + "ERR|||207^Application error^messageErrorCondition|E|" +
                              std::string(tc.written)));
        CHECK(zam.ends_with("^applicationErrorCondition\r"));
    }
    CHECK(application_error_code(std::nullopt) == 906);
}

TEST_CASE("the answer of the hospital's software is read as far as it says something", "[hl7][ack]")
{
    struct row {
        const char* text;
        ack_code code;
        std::string_view control_id;
        int error;
    };
    const std::string msh = "MSH|^~\\&|DPI|HOP|RELAIS|HOP|20261120||ACK^Z02^ACK|1|T|2.6\r";
    for (const row& tc :
         {row{"MSA|AA|REL1\r", ack_code::AA, "REL1", 0}, row{"MSA|AA|REL1", ack_code::AA, "REL1", 0},
          row{"\nMSA|CA|REL1\n", ack_code::AA, "REL1", 0},
          row{"SFT|x\rMSA|AE|REL1\rERR|||207^x|E\r", ack_code::AE, "REL1", 207},
          row{"MSA|AE|REL1\rERR|||abc\r", ack_code::AE, "REL1", 0}, row{"MSA|AR|\r", ack_code::AR, "", 0}}) {
        CAPTURE(tc.text);
        const auto read = read_acknowledgement(msh + tc.text);
        REQUIRE(read.has_value());
        CHECK(read->code == tc.code);
        CHECK(read->control_id == tc.control_id);
        CHECK(read->error == tc.error);
    }
    for (const std::string& bad : {std::string(), std::string("MSA|AA|1\r"), msh, msh + "MSA|ZZ|1\r", msh + "MSA\r",
                                   msh + "XMSA|AA|1\r", std::string("MSH\rMSA|AA|1\r")})
        CHECK_FALSE(read_acknowledgement(bad).has_value());
    // Other delimiters, another character set, never past the end.
    CHECK(read_acknowledgement("MSH!*#/+!A\xe9\rMSA!AA!X*Y\r")->control_id == "X");
    const std::string whole = msh + "MSA|AE|REL1\rERR|||207\r";
    for (std::size_t cut = 0; cut < whole.size(); ++cut) static_cast<void>(read_acknowledgement(whole.substr(0, cut)));
}

TEST_CASE("SMTP replies and DSN statuses find their code", "[hl7][smtp_error_code]")
{
    struct row {
        std::optional<int> reply;
        std::string_view status;
        int code;
    };
    const auto tc = GENERATE(values<row>({{550, "5.1.1", 550},
                                          {450, "4.2.2", 450},
                                          {555, "5.1.1", 550},
                                          {521, "", 554},
                                          {std::nullopt, "4.2.2", 422},
                                          {std::nullopt, "4.3.1", 431},
                                          {std::nullopt, "4.4.1", 441},
                                          {std::nullopt, "4.4.2", 442},
                                          {std::nullopt, "4.4.7", 420},
                                          {std::nullopt, "4.9.9", 451},
                                          {std::nullopt, "5.1.2", 512},
                                          {std::nullopt, "5.1.3", 553},
                                          {std::nullopt, "5.1.10", 554},
                                          {std::nullopt, "5.2.2", 552},
                                          {std::nullopt, "5.3.4", 523},
                                          {std::nullopt, "5.4.4", 512},
                                          {std::nullopt, "5.7.1", 541},
                                          {std::nullopt, "5.7.26", 541},
                                          {std::nullopt, "", 554}}));
    CAPTURE(tc.status);
    const auto found = smtp_error_code_for(tc.reply, tc.status);
    CHECK(found.code == tc.code);
    CHECK_FALSE(found.label.empty());
    CHECK_FALSE(find_smtp_error_code(999).has_value());
    CHECK(find_smtp_error_code(smtp_timeout_code).has_value());
}
