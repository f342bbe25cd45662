#include "certs/certificate.hpp"

#include "certs/errc.hpp"
#include "tests/support/minted_pki.hpp"

#include <openssl/err.h>
#include <catch2/catch.hpp>

using certs::errc;
using tests::mint;
using tests::mint_order;
using tests::minted;

namespace {
minted full()
{
    mint_order order;
    order.name = "cabinet";
    order.alternative_names = "email:A.B@medecin.example,email:c@medecin.example,DNS:medecin.example";
    order.uses = "critical,digitalSignature,keyAgreement";
    order.extended_uses = "emailProtection,clientAuth";
    order.not_before = std::chrono::sys_days(std::chrono::year(2024) / 2 / 29) + std::chrono::hours(23);
    return mint(order);
}
}

TEST_CASE("a certificate reads into its parts", "[certs]")
{
    const auto read = certs::read_certificate(full().certificate);
    REQUIRE(read.has_value());
    CHECK(read->subject() == "CN=cabinet");
    CHECK(read->issuer() == "CN=cabinet");
    CHECK(read->serial().size() >= 4);
    CHECK(read->sha256().size() == 64);
    CHECK(read->not_before() == std::chrono::sys_days(std::chrono::year(2024) / 2 / 29) + std::chrono::hours(23));
    CHECK(read->not_after() == std::chrono::sys_days(std::chrono::year(2049) / 12 / 31));
    CHECK(read->email_addresses() == std::vector<std::string>{"A.B@medecin.example", "c@medecin.example"});
    CHECK(read->dns_names() == std::vector<std::string>{"medecin.example"});
    CHECK(read->algorithm() == certs::key_algorithm::ec_p256);
    CHECK(read->key_bits() == 256);
    CHECK(read->uses().restricted);
    CHECK(read->uses().digital_signature);
    CHECK(read->uses().key_agreement);
    CHECK_FALSE(read->uses().key_encipherment);
    CHECK_FALSE(read->uses().non_repudiation);
    CHECK(read->extended_uses() == std::vector<std::string>{"1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.2"});
}

TEST_CASE("a certificate without extensions restricts nothing", "[certs]")
{
    mint_order order;
    order.key = tests::minted_key::rsa_2048;
    order.uses = order.extended_uses = order.constraints = "";
    const auto read = certs::read_certificate(mint(order).certificate);
    REQUIRE(read.has_value());
    CHECK_FALSE(read->uses().restricted);
    CHECK(read->uses().key_encipherment);
    CHECK(read->extended_uses().empty());
    CHECK(read->algorithm() == certs::key_algorithm::rsa);
    CHECK(read->key_bits() == 2048);
}

TEST_CASE("PEM and DER carry the same certificate", "[certs]")
{
    const auto first = certs::read_certificate(full().certificate);
    REQUIRE(first.has_value());
    const auto again = certs::read_certificate(first->der());
    REQUIRE(again.has_value());
    CHECK(*again == *first);
    CHECK(again->pem() == first->pem());
    const auto other = certs::read_certificate(full().certificate);
    REQUIRE(other.has_value());
    CHECK_FALSE(*other == *first);
}

TEST_CASE("a PEM file may hold several certificates, comments and other blocks", "[certs]")
{
    const minted a = full();
    const minted b = full();
    const auto all =
        certs::read_certificates("# comment\n" + a.key + a.certificate + "text\r\n" + b.certificate + "tail");
    REQUIRE(all.has_value());
    REQUIRE(all->size() == 2);
    CHECK(all->at(0).pem() == a.certificate);
    CHECK(all->at(1).pem() == b.certificate);
}

TEST_CASE("what is no certificate has a name", "[certs]")
{
    const minted good = full();
    const std::string der = certs::read_certificate(good.certificate)->der();
    std::string wrong_base64 = good.certificate;
    wrong_base64[100] = '*';
    struct row {
        std::string input;
        errc expected;
    };
    const std::vector<row> rows = {
        {"", errc::no_certificate},
        {"hello", errc::no_certificate},
        {good.key, errc::no_certificate},
        {wrong_base64, errc::malformed_certificate},
        {good.certificate.substr(0, 200), errc::malformed_certificate},
        {good.certificate + wrong_base64, errc::malformed_certificate},
        {der + "x", errc::malformed_certificate},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.input.substr(0, 60), tc.input.size());
        const auto read = certs::read_certificates(tc.input);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error() == tc.expected);
        CHECK(ERR_peek_error() == 0);
    }
    for (std::size_t cut = 2; cut < der.size(); ++cut) {
        CAPTURE(cut);
        const auto read = certs::read_certificates(std::string_view(der).substr(0, cut));
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error() == errc::malformed_certificate);
    }
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("no changed octet of a certificate throws", "[certs]")
{
    std::string der = certs::read_certificate(full().certificate)->der();
    for (std::size_t i = 0; i < der.size(); ++i) {
        der[i] = static_cast<char>(der[i] ^ 0x21);
        CHECK_NOTHROW(static_cast<void>(certs::read_certificates(der)));
        der[i] = static_cast<char>(der[i] ^ 0x21);
    }
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("limits of a certificate file hold at the limit and refuse one more", "[certs]")
{
    const std::string two = full().certificate + full().certificate;
    CHECK(certs::read_certificates(two, {.max_octets = two.size(), .max_certificates = 2}).has_value());
    CHECK(certs::read_certificates(two, {.max_octets = two.size() - 1, .max_certificates = 2}).error() ==
          errc::too_large);
    CHECK(certs::read_certificates(two, {.max_octets = two.size(), .max_certificates = 1}).error() == errc::too_large);
}
