#include "mime/message/compose.hpp"
#include "mime/message/entity.hpp"
#include "mime/message/header.hpp"
#include "mime/message/letter_body.hpp"
#include "tests/unit/mime/message/python_email.hpp"

#include <catch2/catch.hpp>

using namespace mime::message;
using mime::patient_text;
using tests::ask_python;

namespace {
const std::string pdf = [] {
    std::string out = "%PDF-1.7\n";
    for (int n = 0; n < 5000; ++n) out += static_cast<char>(n * 7);
    return out;
}();

letter_mail sample()
{
    letter_mail out;
    out.from = {"Hôpital d'essai, liaison", "liaison@hopital.mssante.test"};
    out.to = {"Dr Alice DURAND", "alice.durand@medecin.mssante.test"};
    out.reply_to = mailbox{"", "secretariat@hopital.mssante.test"};
    out.subject = patient_text("XDM/1.0/DDM+Lettre de liaison à la sortie MARTEL ELODIE 14/07/1985");
    out.outer_subject = "XDM/1.0/DDM+Lettre de liaison à la sortie";
    out.date = {std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + std::chrono::hours(15),
                std::chrono::minutes(60)};
    out.message_id = "0123456789abcdef0123456789abcdef@hopital.mssante.test";
    out.references = {"first@hopital.mssante.test"};
    out.receipts_to = "liaison@hopital.mssante.test";
    out.extra = {{"X-MSS-NIL", "LIAISON-0.1"}, {"X-MSS-CODECDA", "11490-0"}};
    out.text = patient_text("Patiente : MARTEL Élodie\n.\nFrom here\ntrailing \n" + std::string(200, 'e') + "\n=fin");
    out.attachments = {{patient_text("IHE_XDM.zip"), "application/zip", "PK\x03\x04zip"},
                       {patient_text("20261121_Lettre de liaison à la sortie d'hospitalisation_MARTEL_Élodie_"
                                     "0123456789.pdf"),
                        "application/pdf", pdf}};
    out.boundary_token = "Abcdefghijklmnop0123";
    return out;
}

void check_lines(const std::string& mail)
{
    for (std::size_t at = 0; at < mail.size();) {
        const auto end = mail.find("\r\n", at);
        REQUIRE(end != std::string::npos);
        CHECK(end - at <= 300);
        for (const char c : mail.substr(at, end - at)) REQUIRE(((c >= 32 && c < 127) || c == '\t'));
        at = end + 2;
    }
}

constexpr std::string_view describe = R"(
print(m['Subject'])
print([a.addr_spec for a in m['To'].addresses], [a.display_name for a in m['From'].addresses], m['Message-ID'])
print(m.get_content_type(), m.get_param('hp'))
for part in m.iter_parts():
    data = part.get_payload(decode=True)
    print(part.get_content_type(), part.get_filename(), len(data), sum(data) % 65521)
)";

std::size_t sum_of(std::string_view octets)
{
    std::size_t sum = 0;
    for (const char c : octets) sum += static_cast<unsigned char>(c);
    return sum % 65521;
}
}

TEST_CASE("Python reads the letter we compose", "[message][compose]")
{
    const letter_mail letter = sample();
    const auto entity = compose_letter_entity(letter);
    REQUIRE(entity.has_value());
    check_lines(*entity);
    CHECK(*compose_letter_entity(letter) == *entity);
    const std::string text = ask_python(
        *entity, std::string(describe) + "print(list(m.iter_parts())[0].get_content().replace('\\r\\n', '\\n'))");
    const auto& file = letter.attachments[1].file_name.reveal();
    CHECK_THAT(text, Catch::Contains(letter.subject.reveal() + "\n"));
    CHECK_THAT(text, Catch::Contains("['alice.durand@medecin.mssante.test'] [\"Hôpital d'essai, liaison\"] <" +
                                     letter.message_id + ">"));
    CHECK_THAT(text, Catch::Contains("multipart/mixed cipher"));
    CHECK_THAT(
        text, Catch::Contains("application/zip IHE_XDM.zip 7 " + std::to_string(sum_of(letter.attachments[0].octets))));
    CHECK_THAT(text, Catch::Contains("application/pdf " + file + " " + std::to_string(pdf.size()) + " " +
                                     std::to_string(sum_of(pdf))));
    CHECK_THAT(text, Catch::Contains("\n" + letter.text.reveal() + "\n"));
}

TEST_CASE("the outer header says what HP-Outer says, and nothing about the patient", "[message][compose]")
{
    const letter_mail letter = sample();
    const auto entity = compose_letter_entity(letter);
    const auto outer = compose_outer_header(letter);
    REQUIRE(outer.has_value());
    check_lines(*outer);
    CHECK(outer->find("MARTEL") == std::string::npos);
    CHECK(outer->find("ELODIE") == std::string::npos);
    const auto outer_fields = header_view::read(*outer);
    const auto inner_fields = header_view::read(*entity);
    std::vector<std::string> said;
    for (const auto& field : outer_fields->fields())
        if (field.name != "MIME-Version") said.push_back(std::string(field.name) + ": " + unfold(field.value));
    CHECK(inner_fields->find_all("HP-Outer") == said);
    CHECK(said.size() == 11);
    CHECK(decode_words(*outer_fields->find("Subject")) == letter.outer_subject);
    CHECK(decode_words(*inner_fields->find("Subject")) == letter.subject.reveal());
    CHECK(outer->find("\r\n\r\n") == std::string::npos);
}

TEST_CASE("the clear form carries the true subject and reads back", "[message][compose]")
{
    const letter_mail letter = sample();
    const auto clear = compose_clear_letter(letter);
    REQUIRE(clear.has_value());
    check_lines(*clear);
    CHECK(clear->find("HP-Outer") == std::string::npos);
    CHECK_THAT(ask_python(*clear, describe), Catch::Contains("multipart/mixed None"));
    const auto mail = read_entity(*clear);
    REQUIRE(mail.has_value());
    REQUIRE(mail->parts().size() == 4);
    CHECK(*mail->decoded_body(mail->parts()[3]) == pdf);
    CHECK(mail->parts()[3].file_name == letter.attachments[1].file_name.reveal());
    CHECK(mail->find_file("ihe_xdm.ZIP") != nullptr);
}

TEST_CASE("bad values do not get into a mail", "[message][compose]")
{
    const auto broken = [](auto change) {
        letter_mail letter = sample();
        change(letter);
        return compose_letter_entity(letter).has_error() && compose_clear_letter(letter).has_error();
    };
    CHECK(broken([](letter_mail& l) { l.subject = patient_text("a\r\nBcc: x@y.fr"); }));
    CHECK(broken([](letter_mail& l) { l.to.address = "x@y.fr>\r\nBcc: z"; }));
    CHECK(broken([](letter_mail& l) { l.from.display_name = "a\nb"; }));
    CHECK(broken([](letter_mail& l) { l.message_id = "a b"; }));
    CHECK(broken([](letter_mail& l) { l.extra = {{"X-MSS-NIL", "a\r\nb"}}; }));
    CHECK(broken([](letter_mail& l) { l.extra = {{"X MSS", "a"}}; }));
    CHECK(broken([](letter_mail& l) { l.attachments[0].file_name = patient_text("a\r\n.zip"); }));
    CHECK(broken([](letter_mail& l) { l.attachments[0].content_type = "zip"; }));
    CHECK(broken([](letter_mail& l) { l.attachments[0].content_type = "application/zip\r\nX: y"; }));
    CHECK(broken([](letter_mail& l) { l.text = patient_text("\xFF"); }));
    CHECK(broken([](letter_mail& l) { l.boundary_token = std::string(15, 'a'); }));
    CHECK(broken([](letter_mail& l) { l.boundary_token = std::string(61, 'a'); }));
    CHECK(broken([](letter_mail& l) { l.boundary_token = "abcdefghijklmnop\"x"; }));
    CHECK_FALSE(broken([](letter_mail& l) { l.boundary_token = std::string(60, 'a'); }));
    CHECK_FALSE(broken([](letter_mail& l) { l.boundary_token = std::string(16, 'a'); }));
}

TEST_CASE("parameters are quoted, extended, or refused", "[message][compose]")
{
    CHECK(*write_parameter("name", "a\"b\\c") == ";\r\n name=\"a\\\"b\\\\c\"");
    CHECK(*write_parameter("name", "é") == ";\r\n name*=utf-8''%C3%A9;\r\n name=\"e\"");
    CHECK(write_parameter("name", std::string(60, 'a'))->find('*') == std::string::npos);
    CHECK(write_parameter("name", std::string(61, 'a'))->find("name*1*=") != std::string::npos);
    CHECK(write_parameter("name", std::string(255, 'a')).has_value());
    CHECK(write_parameter("name", std::string(256, 'a')).error() == message_errc::bad_header_length);
    CHECK(write_parameter("na me", "a").error() == message_errc::bad_header_name);
}

TEST_CASE("the body begins with what the doctor looks for", "[message][letter_body]")
{
    letter_body_input in;
    in.birth_name = patient_text("MARTEL");
    in.used_name = patient_text("DURAND");
    in.given_names = patient_text("Élodie");
    in.birth_date = patient_text("14/07/1985");
    in.sex = patient_text("F");
    in.document_type = "Lettre de liaison à la sortie";
    in.stay_from = patient_text("18/11/2026");
    in.stay_to = patient_text("21/11/2026 16:05");
    in.establishment = "Hôpital d'essai";
    in.service = "Cardiologie";
    in.signatory = "Dr Alice MARTIN";
    in.phone = "01 99 00 00 01";
    in.text = patient_text("Cher confrère,\r\n\r\n" + std::string(30, 'm') + " " + std::string(60, 'n') + "\n" +
                           std::string(200, 'x'));
    const std::string body = write_letter_body(in).reveal();
    CHECK(
        body.starts_with("Patient          : MARTEL (nom utilisé : DURAND) Élodie\n"
                         "Né(e) le         : 14/07/1985 (sexe féminin)\n"
                         "Document         : Lettre de liaison à la sortie\n"
                         "Statut           : document définitif\n"
                         "Séjour           : du 18/11/2026 au 21/11/2026 16:05\n"
                         "Service          : Cardiologie, Hôpital d'essai\n"
                         "Signataire       : Dr Alice MARTIN\n"
                         "Ligne directe    : 01 99 00 00 01\n\nCher confrère,\n\n"));
    in.status = letter_status::replacement;
    CHECK(write_letter_body(in).reveal().starts_with("CE DOCUMENT ANNULE ET REMPLACE"));
    in.replaced_date = patient_text("20/11/2026 14:25");
    CHECK(write_letter_body(in).reveal().starts_with(
        "CE DOCUMENT ANNULE ET REMPLACE LA VERSION PRÉCÉDENTE du 20/11/2026 14:25.\n\nPatient"));
    in.status = letter_status::deletion;
    CHECK(write_letter_body(in).reveal().starts_with(
        "LE DOCUMENT JOINT du 20/11/2026 14:25 DOIT ÊTRE SUPPRIMÉ DE VOTRE DOSSIER.\n\nPatient"));
    in.documents = 2;
    CHECK(write_letter_body(in).reveal().starts_with(
        "LES DOCUMENTS JOINTS du 20/11/2026 14:25 DOIVENT ÊTRE SUPPRIMÉS DE VOTRE\nDOSSIER.\n\nPatient"));
    in.text_is_given = true;  // the hospital's own words say it
    CHECK(write_letter_body(in).reveal().starts_with("Patient"));
    in.text_is_given = false;
    in.documents = 1;
    in.status = letter_status::complement;
    CHECK(write_letter_body(in).reveal().starts_with("CE DOCUMENT COMPLÈTE"));
    CHECK(write_letter_body({}).reveal() == "Statut           : document définitif\n");
}

TEST_CASE("lines are wrapped by characters, not octets", "[message][letter_body]")
{
    std::string accents;
    for (int n = 0; n < 79; ++n) accents += "é";
    CHECK(wrap_text(accents.substr(0, 156), 78) == accents.substr(0, 156) + "\n");
    CHECK(wrap_text(accents, 78) == accents.substr(0, 156) + "\né\n");
    CHECK(wrap_text("aa bb cc", 5) == "aa bb\ncc\n");
    CHECK(wrap_text("aaaaaa", 3) == "aaa\naaa\n");
    CHECK(wrap_text("a\rb\r\nc\n\nd", 5) == "a\nb\nc\n\nd\n");
    CHECK(wrap_text("", 5).empty());
}
