#include "mime/message/entity.hpp"

#include <catch2/catch.hpp>

using namespace mime::message;

namespace {
const std::string sample =
    "From: a@b.fr\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"AA\"\r\n\r\npreamble\r\n"
    "--AA\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
    "quoted-printable\r\n\r\n=C3=A9t=C3=A9=\r\n !\r\n"
    "--AA\r\nContent-Type: application/pdf; name=\"x.pdf\"\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-Disposition: attachment; filename=\"ete.pdf\"; filename*=utf-8''%C3%A9t%C3%A9.pdf\r\n\r\nQUJD\r\nREVG\r\n"
    "--AA\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: multipart/alternative; "
    "boundary=BB\r\n\r\n"
    "--BB\r\n\r\none\r\n--BB\r\nContent-Type: text/html\r\n\r\n<p>\r\n--BB--\r\n\r\n"
    "--AA--\r\nepilogue\r\n";
}

TEST_CASE("a MIME tree is read into plain values", "[message][entity]")
{
    const auto mail = read_entity(sample);
    REQUIRE(mail.has_value());
    REQUIRE(mail->parts().size() == 7);
    CHECK(mail->root().is("multipart", "mixed"));
    CHECK(mail->root().find_parameter("boundary") == "AA");
    CHECK(mail->root().children == std::vector<std::size_t>{1, 2, 3});
    const auto& text = mail->parts()[1];
    CHECK(text.is("text", "plain"));
    CHECK(*mail->decoded_body(text) == "été !");
    CHECK(mail->body(text) == "=C3=A9t=C3=A9=\r\n !");
    const auto& pdf = mail->parts()[2];
    CHECK(pdf.file_name == "été.pdf");
    CHECK(pdf.disposition == "attachment");
    CHECK(*mail->decoded_body(pdf) == "ABCDEF");
    CHECK(mail->find_file("ÉTÉ.pdf") == nullptr);  // only ASCII case is ignored
    CHECK(mail->find_file("été.PDF") == &pdf);
    const auto& embedded = mail->parts()[3];
    CHECK(embedded.kind == part_kind::message);
    CHECK(mail->header(mail->parts()[4]) ==
          "Subject: inner\r\nContent-Type: multipart/alternative; boundary=BB\r\n\r\n");
    CHECK(mail->body(mail->parts()[5]) == "one");
    CHECK(mail->whole(mail->parts()[5]) == "\r\none");
    CHECK(mail->find("text", "html") == nullptr);  // inside the embedded mail
    CHECK(mail->find("message", "rfc822") == &embedded);
}

TEST_CASE("parameters in pieces and other sets are put together", "[message][entity]")
{
    struct row {
        std::vector<parameter> all;
        std::optional<std::string> value;
    };
    for (const auto& row : std::vector<row>{{{{"name", "a b"}}, "a b"},
                                            {{{"name*", "utf-8''%C3%A9"}}, "é"},
                                            {{{"name*", "iso-8859-1'fr'%E9"}}, "é"},
                                            {{{"name*0", "a"}, {"name*1", "b"}}, "ab"},
                                            {{{"name*1*", "%C3%A9"}, {"name*0*", "utf-8''x"}, {"name*2", "z"}}, "xéz"},
                                            {{{"name", "plain"}, {"name*", "utf-8''ext"}}, "ext"},
                                            {{{"name*", "utf-8''%C"}}, "%C"},
                                            {{{"other", "x"}}, std::nullopt}})
        CHECK(find_parameter(row.all, "NAME") == row.value);
}

TEST_CASE("mails without MIME, odd mails, and mails cut anywhere", "[message][entity]")
{
    const auto plain = read_entity("Subject: x\r\n\r\nhello\r\n");
    REQUIRE(plain.has_value());
    CHECK(plain->root().is("text", "plain"));
    CHECK(plain->body(plain->root()) == "hello\r\n");
    for (const auto* odd :
         {"", "\r\n", "x", "Content-Type: broken\r\n\r\nx", "Content-Type: multipart/mixed\r\n\r\nx",
          "Content-Type: multipart/mixed; boundary=b\r\n\r\nno part", "Content-Type: message/rfc822\r\n\r\n",
          "Content-Type: ;;;\r\n\r\n", "\n\n\n", "Content-Disposition: ;\r\n\r\nx"})
        if (const auto read = read_entity(odd); read.has_value())
            for (const auto& p : read->parts()) CHECK(p.end <= read->bytes().size());
    for (std::size_t cut = 0; cut <= sample.size(); ++cut) {
        const auto read = read_entity(sample.substr(0, cut));
        if (!read.has_value()) continue;
        for (const auto& p : read->parts()) {
            CHECK((p.header_start <= p.body_start && p.body_start <= p.end && p.end <= cut));
            (void)read->decoded_body(p);
        }
    }
    CHECK(decode_body("Q=UJD", transfer_encoding::base64).error() == message_errc::bad_encoding);
    CHECK(*decode_body("", transfer_encoding::quoted_printable) == "");
}
