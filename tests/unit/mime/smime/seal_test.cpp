#include "certs/errc.hpp"
#include "mime/smime/encrypt.hpp"
#include "mime/smime/open.hpp"
#include "tests/unit/mime/smime/people.hpp"

#include <openssl/err.h>
#include <catch2/catch.hpp>

using mime::smime::content_cipher;
using mime::smime::encrypt;
using mime::smime::finding;
using mime::smime::opened;
using mime::smime::protection;
using mime::smime::rsa_signature;
using mime::smime::rsa_transport;
using mime::smime::sign;
using mime::smime::sign_then_encrypt;
using mime::smime::smime_errc;
using tests::hospital_address;
using tests::letter;
using tests::now;
using tests::person;
using tests::world;

namespace {
mime::result<opened> open_as(const person& reader, std::string_view mail, std::string_view from = hospital_address,
                             const mime::smime::open_limits& limits = {})
{
    return mime::smime::open(mail, reader.key, reader.certificate, world().anchors, now, from, limits);
}

std::string sealed_for(const person& reader, const mime::smime::seal_options& options = {})
{
    return sign_then_encrypt(letter, world().hospital(), std::span(&reader.certificate, 1), now, options).value();
}

std::string encrypted_for(const person& reader, std::string_view entity)
{
    return encrypt(entity, std::span(&reader.certificate, 1)).value();
}
}

TEST_CASE("a sealed letter opens to the same bytes in every combination", "[smime]")
{
    for (const auto rsa : {rsa_signature::pkcs1_v15, rsa_signature::pss})
        for (const auto transport : {rsa_transport::pkcs1_v15, rsa_transport::oaep_sha256})
            for (const auto cipher : {content_cipher::aes_256_cbc, content_cipher::aes_256_gcm})
                for (const person* reader : {&world().rsa_doctor, &world().ec_doctor})
                    for (const auto& by : {world().hospital(), world().ec_hospital()}) {
                        const auto sealed =
                            sign_then_encrypt(letter, by, std::span(&reader->certificate, 1), now,
                                              {.sign = {rsa}, .encrypt = {.cipher = cipher, .rsa = transport}});
                        REQUIRE(sealed.has_value());
                        const auto read = open_as(*reader, *sealed);
                        REQUIRE(read.has_value());
                        CHECK(read->entity == letter);
                        CHECK(read->findings.empty());
                        CHECK(read->signer == by.certificate);
                        CHECK(read->signing_time == now);
                        const auto outside =
                            cipher == content_cipher::aes_256_gcm ? protection::auth_enveloped : protection::enveloped;
                        CHECK(read->layers == std::vector{outside, protection::signed_multipart});
                        CHECK(ERR_peek_error() == 0);
                    }
}

TEST_CASE("several recipients each open the same mail, others do not", "[smime]")
{
    const std::vector both{world().rsa_doctor.certificate, world().ec_doctor.certificate};
    const auto sealed = sign_then_encrypt(letter, world().hospital(), both, now);
    REQUIRE(sealed.has_value());
    CHECK(open_as(world().rsa_doctor, *sealed).has_value());
    CHECK(open_as(world().ec_doctor, *sealed).has_value());
    CHECK(open_as(world().rsa_signer, *sealed).error() == smime_errc::not_a_recipient);
    CHECK(open_as(world().ec_signer, *sealed).error() == smime_errc::not_a_recipient);
    // A wrong key says no more than changed bytes would; under GCM it never passes by chance, as it can with CBC.
    const auto gcm = sealed_for(world().rsa_doctor, {.sign = {}, .encrypt = {.cipher = content_cipher::aes_256_gcm}});
    CHECK(open_as({world().rsa_doctor.certificate, world().rsa_signer.key}, gcm).error() ==
          smime_errc::decryption_failed);
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("what we write is an entity of CRLF lines of at most 78 octets", "[smime]")
{
    const std::string sealed = sealed_for(world().rsa_doctor);
    CHECK(sealed.starts_with("Content-Type: application/pkcs7-mime; smime-type=enveloped-data;"));
    CHECK(sealed.find("\r\nContent-Transfer-Encoding: base64\r\n") != std::string::npos);
    CHECK(sealed_for(world().ec_doctor, {.sign = {}, .encrypt = {.cipher = content_cipher::aes_256_gcm}})
              .starts_with("Content-Type: application/pkcs7-mime; smime-type=authEnveloped-data;"));
    const std::string signed_only = sign(letter, world().hospital(), now).value();
    CHECK(signed_only.starts_with("Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";"));
    CHECK(signed_only.find("micalg=\"sha-256\"") != std::string::npos);
    CHECK(signed_only.find(letter) != std::string::npos);
    for (const std::string& text : {sealed, signed_only}) {
        std::size_t start = 0;
        while (start < text.size()) {
            const std::size_t end = text.find("\r\n", start);
            REQUIRE(end != std::string::npos);
            CHECK(end - start <= 78);
            CHECK(text.substr(start, end - start).find_first_of("\r\n") == std::string::npos);
            start = end + 2;
        }
    }
    CHECK(sealed.find("hopital") == std::string::npos);
}

TEST_CASE("bare LF is made CRLF before signing; bare CR and NUL are refused", "[smime]")
{
    const auto canonical_entity = [](std::string_view entity) -> mime::result<std::string> {
        std::string room;
        const auto view = mime::smime::canonical_view(entity, room);
        if (!view.has_value()) return view.error();
        return std::string(*view);
    };
    CHECK(canonical_entity("").value() == "");
    CHECK(canonical_entity("a\nb\r\nc").value() == "a\r\nb\r\nc");
    CHECK(canonical_entity("\n\n").value() == "\r\n\r\n");
    for (const std::string_view bad : {std::string_view("a\rb"), std::string_view("a\r"), std::string_view("a\0b", 3),
                                       std::string_view("a\r\r\n")}) {
        CHECK(canonical_entity(bad).error() == smime_errc::not_canonical);
        CHECK(sign(bad, world().hospital(), now).error() == smime_errc::not_canonical);
        CHECK(encrypt(bad, std::span(&world().rsa_doctor.certificate, 1)).error() == smime_errc::not_canonical);
    }
    const std::string sealed = sign("A: b\n\nc\n", world().hospital(), now).value();
    CHECK(open_as(world().rsa_doctor, sealed)->entity == "A: b\r\n\r\nc\r\n");
}

TEST_CASE("sealing refuses what nobody could open or verify", "[smime]")
{
    CHECK(encrypt(letter, {}).error() == smime_errc::no_recipient);
    const person weak = tests::read_person(tests::mint(
        tests::order_for(tests::minted_key::rsa_1024, hospital_address, "digitalSignature,keyEncipherment")));
    CHECK(encrypt(letter, std::span(&weak.certificate, 1)).error() == smime_errc::unsupported_key);
    CHECK(sign(letter, {weak.key, weak.certificate}, now).error() == smime_errc::unsupported_key);
    CHECK(sign(letter, {world().ec_signer.key, world().rsa_signer.certificate}, now).error() ==
          smime_errc::key_mismatch);
}

TEST_CASE("a changed octet never passes for the letter", "[smime]")
{
    const auto gcm = sealed_for(world().ec_doctor, {.sign = {}, .encrypt = {.cipher = content_cipher::aes_256_gcm}});
    const auto cbc = sealed_for(world().rsa_doctor);
    struct row {
        const person& reader;
        const std::string& mail;
    };
    for (const row& tc : {row{world().ec_doctor, gcm}, row{world().rsa_doctor, cbc}}) {
        const std::size_t body = tc.mail.find("\r\n\r\n") + 4;
        for (std::size_t i = body; i < tc.mail.size(); i += 37) {
            std::string changed = tc.mail;
            if (changed[i] == '\r' || changed[i] == '\n' || changed[i] == '=') continue;
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            if (changed == tc.mail) continue;
            CAPTURE(i);
            const auto read = open_as(tc.reader, changed);
            if (!read.has_value()) {
                CHECK(ERR_peek_error() == 0);
                continue;
            }
            // CBC alone does not notice. Either the change fell beside what is signed, or nothing is signed any more.
            CHECK(&tc.mail == &cbc);
            CHECK((read->entity == letter) != read->has(finding::not_signed));
            CHECK(ERR_peek_error() == 0);
        }
    }
}

TEST_CASE("a changed octet of signed text is seen", "[smime]")
{
    const std::string mail = sign(letter, world().hospital(), now).value();
    const std::size_t text = mail.find("Bonjour");
    for (std::size_t i = text; i < text + 7; ++i) {
        std::string changed = mail;
        changed[i] = 'x';
        CHECK(open_as(world().rsa_doctor, changed).error() == smime_errc::bad_signature);
    }
    CHECK(open_as(world().rsa_doctor, mail)->entity == letter);
}

TEST_CASE("a signed mail with LF line ends still verifies", "[smime]")
{
    std::string mail = sign(letter, world().hospital(), now).value();
    for (std::size_t at; (at = mail.find("\r\n")) != std::string::npos;) mail.erase(at, 1);
    const auto read = open_as(world().rsa_doctor, mail);
    REQUIRE(read.has_value());
    CHECK(read->entity == letter);
}

TEST_CASE("missing protection and a foreign sender are findings", "[smime]")
{
    const person& me = world().rsa_doctor;
    const auto findings = [&](std::string_view mail, std::string_view from) {
        return open_as(me, mail, from)->findings;
    };
    const std::string signed_only = sign(letter, world().hospital(), now).value();
    CHECK(findings(letter, hospital_address) == std::vector{finding::not_encrypted, finding::not_signed});
    CHECK(findings(signed_only, hospital_address) == std::vector{finding::not_encrypted});
    CHECK(findings(encrypted_for(me, letter), hospital_address) == std::vector{finding::not_signed});
    CHECK(findings(sealed_for(me), "liaison@HOPITAL.example").empty());
    for (const std::string_view other : {"autre@hopital.example", "liaison@hopital.example.org", ""})
        CHECK(findings(sealed_for(me), other) == std::vector{finding::signer_address_mismatch});
}

TEST_CASE("a signer without a chain, or out of its dates, gives no entity", "[smime]")
{
    using tests::mint;
    const auto opened_by = [](const tests::minted& who) {
        const person by = tests::read_person(who);
        const auto mail = sign(letter, {by.key, by.certificate}, now);
        REQUIRE(mail.has_value());
        return open_as(world().rsa_doctor, *mail).error();
    };
    auto order = tests::order_for(tests::minted_key::ec_p256, hospital_address, "digitalSignature");
    CHECK(opened_by(mint(order)) == certs::errc::untrusted_issuer);
    CHECK(opened_by(mint(order, &world().issuing)) == certs::errc::untrusted_issuer);  // intermediate not sent
    order.not_after = now - std::chrono::hours(1);
    CHECK(opened_by(mint(order, &world().root)) == certs::errc::expired);
    order = tests::order_for(tests::minted_key::ec_p256, hospital_address, "keyAgreement");
    CHECK(opened_by(mint(order, &world().root)) == certs::errc::wrong_key_usage);
}

TEST_CASE("an embedded mail is given as it is", "[smime]")
{
    const std::string wrapped = "Content-Type: message/rfc822\r\n\r\n" + letter;
    const auto sealed =
        sign_then_encrypt(wrapped, world().hospital(), std::span(&world().rsa_doctor.certificate, 1), now);
    const auto read = open_as(world().rsa_doctor, "From: x@y.example\r\nMIME-Version: 1.0\r\n" + *sealed);
    REQUIRE(read.has_value());
    CHECK(read->entity == wrapped);
}

TEST_CASE("limits on opening hold at the limit and refuse one more", "[smime]")
{
    const person& me = world().rsa_doctor;
    std::string mail = letter;
    for (int i = 0; i < 4; ++i) mail = encrypted_for(me, mail);
    REQUIRE(open_as(me, mail).has_value());
    CHECK(open_as(me, mail)->layers.size() == 4);
    CHECK(open_as(me, encrypted_for(me, mail)).error() == smime_errc::too_many_layers);

    mime::smime::open_limits limits;
    limits.max_octets = mail.size();
    CHECK(open_as(me, mail, hospital_address, limits).has_value());
    limits.max_octets = mail.size() - 1;
    CHECK(open_as(me, mail, hospital_address, limits).error() == smime_errc::too_large);

    const std::vector two{me.certificate, world().ec_doctor.certificate};
    const std::string to_two = encrypt(letter, two).value();
    limits = {};
    limits.max_recipients = 2;
    CHECK(open_as(me, to_two, hospital_address, limits).has_value());
    limits.max_recipients = 1;
    CHECK(open_as(me, to_two, hospital_address, limits).error() == smime_errc::too_many_signers);

    const std::string chain = sign(letter, world().ec_hospital(), now).value();  // sends two certificates, one signer
    limits = {};
    limits.max_certificates = 2;
    limits.max_signers = 1;
    CHECK(open_as(me, chain, hospital_address, limits).has_value());
    limits.max_certificates = 1;
    CHECK(open_as(me, chain, hospital_address, limits).error() == smime_errc::too_many_signers);
    limits.max_certificates = 2;
    limits.max_signers = 0;
    CHECK(open_as(me, chain, hospital_address, limits).error() == smime_errc::too_many_signers);
}

TEST_CASE("bad S/MIME has a name", "[smime]")
{
    const std::string p7m = "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    const std::string both =
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b\r\n\r\n";
    const std::string p7s = "--b\r\nContent-Type: application/pkcs7-signature\r\n\r\n";
    struct row {
        std::string mail;
        smime_errc expected;
    };
    const std::vector<row> rows = {
        {p7m, smime_errc::malformed_cms},
        {p7m + "!!!!", smime_errc::malformed_entity},
        {p7m + "AAAA", smime_errc::malformed_cms},
        {p7m + "MAsGCSqGSIb3DQEHAw==", smime_errc::malformed_cms},
        {p7m + "MA8GCSqGSIb3DQEHAaACBAA=", smime_errc::unsupported_content},  // id-data
        {"Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"\r\n\r\nx",
         smime_errc::malformed_entity},
        {both, smime_errc::malformed_entity},
        {both + "--b\r\nA: b\r\n\r\nc\r\n--b--\r\n", smime_errc::malformed_entity},
        {both + "--b\r\nA: b\r\n\r\nc\r\n" + p7s + "x", smime_errc::malformed_entity},  // no close delimiter
        {both + "--b\r\nA: b\r\n\r\nc\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n",
         smime_errc::malformed_entity},
        {both + "--b\r\nA: b\r\n\r\nc\r\n" + p7s + "x\r\n--b--\r\n", smime_errc::malformed_cms},
        {both + "--b\r\n\r\n--b\r\n\r\n--b\r\n\r\n--b--\r\n", smime_errc::malformed_entity},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.mail);
        const auto read = open_as(world().rsa_doctor, tc.mail);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error() == tc.expected);
        CHECK(ERR_peek_error() == 0);
    }
}

TEST_CASE("a mail cut anywhere never opens as the letter", "[smime]")
{
    const std::string mail = sealed_for(world().ec_doctor);
    const std::string signed_only = sign(letter, world().hospital(), now).value();
    const std::size_t end = mail.find_last_not_of("\r\n=") + 1;
    for (std::size_t cut = 0; cut < end; cut += 3) {
        CAPTURE(cut);
        const auto read = open_as(world().ec_doctor, mail.substr(0, cut));
        if (read.has_value()) CHECK(read->entity != letter);
    }
    for (std::size_t cut = 0; cut + 4 < signed_only.size(); ++cut) {
        CAPTURE(cut);
        const auto read = open_as(world().ec_doctor, signed_only.substr(0, cut));
        if (read.has_value()) CHECK(read->has(finding::not_signed));
    }
    CHECK(ERR_peek_error() == 0);
}
