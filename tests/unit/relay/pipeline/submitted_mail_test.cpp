// What may leave, what a submitted mail is completed with, its envelope at rest.
#include <catch2/catch.hpp>

#include <tuple>

#include "mime/smime/encrypt.hpp"
#include "relay/pipeline/mail_content.hpp"
#include "relay/pipeline/submitted_mail.hpp"
#include "tests/support/site.hpp"

using namespace relay::pipeline;
using mime::message::header_view;

namespace {
const std::string fields = "From: <a@medecin.example>\r\nTo: <b@ailleurs.example>\r\n";

std::string sealed(mime::smime::content_cipher cipher = mime::smime::content_cipher::aes_256_cbc,
                   std::size_t octets = 7)
{
    static const certs::certificate doctor =
        certs::read_certificate(
            tests::mint_doctor(tests::minted_key::ec_p256, "b@ailleurs.example", tests::root()).certificate)
            .value();
    mime::smime::encrypt_options options;
    options.cipher = cipher;
    options.fields_before = fields;
    const std::string inner = "Content-Type: text/plain\r\n\r\n" + std::string(octets, 'j') + "\r\n";
    return mime::smime::encrypt(inner, std::span(&doctor, 1), options).value();
}

std::string multipart(const std::string& subtype, const std::vector<std::string>& parts,
                      const std::string& preamble = "")
{
    std::string all = fields + "Content-Type: multipart/" + subtype + "; boundary=\"=_b\"\r\n\r\n";
    if (!preamble.empty()) all += preamble + "\r\n";
    for (const auto& one : parts) all += "--=_b\r\n" + one + "\r\n";
    return all + "--=_b--\r\n";
}
const std::string words = "Content-Type: text/plain\r\n\r\nLu.\r\n";
const std::string mdn =
    "Content-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; a@medecin.example\r\n"
    "Original-Message-ID: <1@ailleurs.example>\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n";
const std::string dsn =
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    "Final-Recipient: rfc822; a@medecin.example\r\nAction: failed\r\nStatus: 5.1.1\r\n";
const std::string header_back = "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <1@ailleurs.example>\r\n";
std::string text_of(std::size_t octets)
{
    return "Content-Type: text/plain\r\n\r\n" + std::string(octets, 'x');
}
// Of 15 KiB each: none too long for itself.
std::string forms(std::size_t count)
{
    std::string all = "Content-Type: multipart/alternative; boundary=\"=_f\"\r\n\r\n";
    for (; count > 0; --count) all += "--=_f\r\n" + text_of(15 * 1024) + "\r\n";
    return all + "--=_f--\r\n";
}
}

TEST_CASE("what is encrypted as a whole may leave, a report too, nothing else", "[submission]")
{
    const std::string whole = sealed();
    const std::string large = sealed(mime::smime::content_cipher::aes_256_cbc, 64 * 1024);
    const std::string body = whole.substr(whole.find("\r\n\r\n") + 4);
    const std::string inner = whole.substr(whole.find("Content-Type"));
    const std::string label =
        fields +
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    struct row {
        std::string what, mail;
        mail_content is;
    };
    const std::vector<row> rows{
        {"EnvelopedData", whole, mail_content::enveloped},
        {"AuthEnvelopedData", sealed(mime::smime::content_cipher::aes_256_gcm), mail_content::enveloped},
        {"plain", fields + "\r\nBonjour\r\n", mail_content::clear},
        {"a label and no object", label + "Qm9uam91cg==\r\n", mail_content::clear},
        {"a cut object", label + body.substr(0, body.size() / 2) + "\r\n", mail_content::clear},
        {"nothing", "", mail_content::clear},
        {"encrypted beside clear text", multipart("mixed", {words, inner}), mail_content::clear},
        {"MDN", multipart("report; report-type=disposition-notification", {words, mdn}), mail_content::report},
        {"MDN with a header", multipart("report", {words, mdn, header_back}), mail_content::report},
        {"DSN", multipart("report; report-type=delivery-status", {words, dsn}), mail_content::report},
        {"encrypted mail given back", multipart("report", {words, dsn, "Content-Type: message/rfc822\r\n\r\n" + whole}),
         mail_content::report},
        {"clear mail given back",
         multipart("report", {words, dsn, "Content-Type: message/rfc822\r\n\r\n" + fields + "\r\nBonjour\r\n"}),
         mail_content::clear},
        {"a letter instead of the header",
         multipart("report", {words, mdn, "Content-Type: application/pdf\r\n\r\n%PDF-1.7\r\n"}), mail_content::clear},
        {"a fourth part", multipart("report", {words, mdn, header_back, words}), mail_content::clear},
        {"no machine part", multipart("report", {words, words}), mail_content::clear},
        {"MDN in a mixed", multipart("mixed", {words, mdn}), mail_content::clear},
        {"words at the limit", multipart("report", {text_of(16 * 1024), mdn}), mail_content::report},
        {"words one past it", multipart("report", {text_of(16 * 1024 + 1), mdn}), mail_content::clear},
        {"two forms of them", multipart("report", {forms(2), mdn}), mail_content::report},
        {"a letter in three", multipart("report", {forms(3), mdn}), mail_content::clear},
        {"a letter before the parts", multipart("report", {words, mdn}, std::string(32 * 1024, 'x')),
         mail_content::clear},
        {"a letter in the header",
         "X-Letter: " + std::string(32 * 1024, 'x') + "\r\n" + multipart("report", {words, mdn}), mail_content::clear},
        {"much encrypted mail given back",
         multipart("report", {words, dsn, "Content-Type: message/rfc822\r\n\r\n" + large}), mail_content::report},
    };
    const std::string most = multipart("report", {words, mdn}, std::string(1, 'x'));
    const std::size_t left = 32 * 1024 - most.size();
    CHECK(content_of(multipart("report", {words, mdn}, std::string(1 + left, 'x'))) == mail_content::report);
    CHECK(content_of(multipart("report", {words, mdn}, std::string(2 + left, 'x'))) == mail_content::clear);
    for (const auto& tc : rows) {
        CAPTURE(tc.what);
        CHECK(content_of(tc.mail) == tc.is);
        for (std::size_t cut = 0; cut < tc.mail.size(); cut += 97) (void)content_of(tc.mail.substr(0, cut));
    }
}

TEST_CASE("Date and Message-ID are added, Bcc and Return-Path taken out, the rest stays", "[submission]")
{
    const completion with{"made@node.example", "Fri, 20 Nov 2026 15:00:00 +0100"};
    const auto completed = [&](const std::string& mail) {
        const auto header = header_view::read(mail);
        REQUIRE(header.has_value());
        return complete_submitted(mail, *header, with);
    };
    const std::string ids = "Date: Thu, 19 Nov 2026 15:00:00 +0100\r\nMessage-ID: <own@a.example>\r\n";
    const std::string rest = fields + ids + "\r\nBcc: in the body\r\n";
    CHECK(completed(rest) == rest);
    CHECK(completed(fields + "\r\nx\r\n") ==
          "Message-ID: <made@node.example>\r\nDate: Fri, 20 Nov 2026 15:00:00 +0100\r\n" + fields + "\r\nx\r\n");
    CHECK(completed("bcc: <c@c.example>,\r\n <d@d.example>\r\n" + rest) == rest);
    CHECK(completed(ids + "Resent-Bcc: <c@c.example>\r\n" + fields +
                    "BCC:\r\nReturn-Path: <x@x.example>\r\n\r\nx\r\n") == ids + fields + "\r\nx\r\n");
    CHECK(completed("no field\r\n" + rest) == "no field\r\n" + rest);
}

TEST_CASE("an envelope at rest reads back as it was", "[submission]")
{
    ports::mail_envelope envelope;
    envelope.reverse_path = "a@medecin.example";
    envelope.envid = "QQ+314\"{";
    const std::vector<ports::notify_wish> wishes{
        {}, {.never = true}, {.success = true}, {.failure = true, .delay = true}};
    for (const auto ret : {ports::return_wish::not_said, ports::return_wish::full, ports::return_wish::headers})
        for (const ports::notify_wish& wish : wishes) {
            envelope.ret = ret;
            const ports::envelope_recipient to{"b@ailleurs.example", wish, "rfc822;B\xff@ailleurs.example"};
            const auto read = read_envelope(write_envelope(envelope, to));
            REQUIRE(read.recipients.size() == 1);
            CHECK(read.reverse_path == envelope.reverse_path);
            CHECK(read.envid == envelope.envid);
            CHECK(read.ret == ret);
            const auto& back = read.recipients.front();
            CHECK(back.address == to.address);
            CHECK(back.orcpt == to.orcpt);
            CHECK(std::tuple(back.notify.never, back.notify.success, back.notify.failure, back.notify.delay) ==
                  std::tuple(wish.never, wish.success, wish.failure, wish.delay));
        }
    CHECK(read_envelope("damaged").recipients.size() == 1);
    CHECK(read_envelope("[]").recipients.front().address.empty());
}
