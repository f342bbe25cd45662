#include "certs/errc.hpp"
#include "certs/recipient_check.hpp"
#include "certs/trust_anchors.hpp"
#include "tests/support/minted_pki.hpp"

#include <openssl/err.h>
#include <catch2/catch.hpp>

using certs::certificate;
using certs::errc;
using certs::purpose;
using tests::ca_order;
using tests::mint;
using tests::mint_order;
using tests::minted;
using tests::minted_key;
using namespace std::chrono;

namespace {
constexpr sys_seconds now = sys_days(year(2026) / 3 / 1);
constexpr std::string_view doctor = "a.b@medecin.example";

certificate read(const minted& one)
{
    auto all = certs::read_certificates(one.certificate);
    REQUIRE(all.has_value());
    return all->front();
}

// One root and one intermediate for the whole file: minting is the slow part.
struct pki {
    minted root = mint(ca_order("root"));
    minted issuing = mint(ca_order("issuing"), &root);
    minted stranger = mint(ca_order("stranger"));
    certs::trust_anchors anchors = certs::make_trust_anchors({*certs::read_certificate(root.certificate)});
    std::vector<certificate> intermediates{*certs::read_certificate(issuing.certificate)};
};
const pki& world()
{
    static const pki made;
    return made;
}

mint_order doctor_order(minted_key key = minted_key::ec_p256)
{
    mint_order order;
    order.key = key;
    order.uses = key == minted_key::ec_p256 ? "critical,keyAgreement" : "critical,keyEncipherment";
    order.alternative_names = "email:" + std::string(doctor);
    return order;
}
}

TEST_CASE("a recipient's certificate is checked for each cause", "[certs]")
{
    struct row {
        const char* what;
        mint_order order;
        const minted* issuer;
        std::optional<errc> expected;
    };
    const pki& w = world();
    std::vector<row> rows;
    const auto add = [&](const char* what, std::optional<errc> expected, auto change) {
        row made{what, doctor_order(), &w.issuing, expected};
        change(made);
        rows.push_back(std::move(made));
    };
    add("EC", {}, [](row&) {});
    add("RSA", {}, [](row& r) { r.order = doctor_order(minted_key::rsa_2048); });
    add("straight from the root", {}, [&](row& r) { r.issuer = &w.root; });
    add("no extensions on use", {}, [](row& r) { r.order.uses = r.order.extended_uses = ""; });
    add("any extended use", {}, [](row& r) { r.order.extended_uses = "anyExtendedKeyUsage"; });
    add("one second left", {}, [](row& r) { r.order.not_after = now + seconds(1); });
    add("first second", {}, [](row& r) { r.order.not_before = now; });
    add("domain in other case", {}, [](row& r) { r.order.alternative_names = "email:a.b@MEDECIN.example"; });
    add("domain certificate", {}, [](row& r) { r.order.alternative_names = "DNS:Medecin.Example"; });
    add("expired", errc::expired, [](row& r) { r.order.not_after = now; });  // OpenSSL counts notAfter itself as past
    add("not yet valid", errc::not_yet_valid, [](row& r) { r.order.not_before = now + seconds(1); });
    add("stranger", errc::untrusted_issuer, [&](row& r) { r.issuer = &w.stranger; });
    add("self-signed", errc::untrusted_issuer, [](row& r) { r.issuer = nullptr; });
    add("RSA may not agree", errc::wrong_key_usage, [](row& r) {
        r.order = doctor_order(minted_key::rsa_2048);
        r.order.uses = "critical,keyAgreement";
    });
    add("EC may not encipher", errc::wrong_key_usage, [](row& r) { r.order.uses = "critical,keyEncipherment"; });
    add("signature only", errc::wrong_key_usage, [](row& r) { r.order.uses = "critical,digitalSignature"; });
    add("TLS only", errc::wrong_key_usage, [](row& r) { r.order.extended_uses = "serverAuth"; });
    add("RSA-1024", errc::weak_key, [](row& r) { r.order = doctor_order(minted_key::rsa_1024); });
    add("SHA-1", errc::weak_key, [](row& r) { r.order.digest = "SHA1"; });
    add("other mailbox", errc::address_mismatch,
        [](row& r) { r.order.alternative_names = "email:c.d@medecin.example"; });
    add("local part in other case", errc::address_mismatch,
        [](row& r) { r.order.alternative_names = "email:A.b@medecin.example"; });
    add("no name", errc::address_mismatch, [](row& r) { r.order.alternative_names = ""; });
    add("address in the subject only", errc::address_mismatch, [](row& r) {
        r.order.name = doctor;
        r.order.alternative_names = "";
    });
    add("parent domain", errc::address_mismatch, [](row& r) { r.order.alternative_names = "DNS:example"; });
    add("wildcard", errc::address_mismatch, [](row& r) { r.order.alternative_names = "DNS:*.example"; });
    for (const row& tc : rows) {
        CAPTURE(tc.what);
        const auto done =
            certs::check_recipient(read(mint(tc.order, tc.issuer)), w.intermediates, w.anchors, doctor, now);
        CHECK(done.has_value() == !tc.expected);
        if (!done.has_value() && tc.expected) CHECK(done.error() == *tc.expected);
        CHECK(ERR_peek_error() == 0);
    }
}

TEST_CASE("the binding says whether it is to the address or to its domain", "[certs]")
{
    mint_order order = doctor_order();
    order.alternative_names = "email:x@other.example,DNS:medecin.example";
    const certificate both = read(mint(order));
    CHECK(certs::binding_to(both, "x@OTHER.example") == certs::address_binding::address);
    CHECK(certs::binding_to(both, "any@medecin.example") == certs::address_binding::domain);
    for (const std::string_view bad : {"", "@", "medecin.example", "@medecin.example", "x@", "y@other.example"}) {
        CAPTURE(bad);
        CHECK_FALSE(certs::binding_to(both, bad).has_value());
    }
}

TEST_CASE("a chain needs its intermediates, their dates and their rights", "[certs]")
{
    const pki& w = world();
    const certificate leaf = read(mint(doctor_order(), &w.issuing));
    const auto check = [&](const certificate& one, const std::vector<certificate>& between) {
        return certs::verify_chain(one, between, w.anchors, purpose::smime_encrypt, now);
    };
    CHECK(check(leaf, w.intermediates).has_value());
    CHECK(check(leaf, {}).error() == errc::untrusted_issuer);

    mint_order old = ca_order("old");
    old.not_after = now - days(1);
    const minted expired = mint(old, &w.root);
    CHECK(check(read(mint(doctor_order(), &expired)), {read(expired)}).error() == errc::issuer_expired);

    mint_order tls = ca_order("tls");
    tls.extended_uses = "serverAuth";
    const minted tls_only = mint(tls, &w.root);
    CHECK(check(read(mint(doctor_order(), &tls_only)), {read(tls_only)}).error() == errc::wrong_key_usage);

    mint_order no_ca = ca_order("no authority");
    no_ca.constraints = "critical,CA:FALSE";
    const minted pretender = mint(no_ca, &w.root);
    CHECK(check(read(mint(doctor_order(), &pretender)), {read(pretender)}).error() == errc::untrusted_issuer);

    const certs::trust_anchors issuing_alone = certs::make_trust_anchors(w.intermediates);
    CHECK(certs::verify_chain(leaf, {}, issuing_alone, purpose::smime_encrypt, now).has_value());
    CHECK(certs::verify_chain(leaf, w.intermediates, certs::make_trust_anchors({}), purpose::smime_encrypt, now)
              .error() == errc::untrusted_issuer);
}

TEST_CASE("a chain is as long as the limit and no longer", "[certs]")
{
    const pki& w = world();
    minted above = w.root;
    std::vector<certificate> between;
    for (const char* name : {"one", "two", "three"}) {
        above = mint(ca_order(name), &above);
        between.push_back(read(above));
    }
    const certificate leaf = read(mint(doctor_order(), &above));
    CHECK(certs::verify_chain(leaf, between, w.anchors, purpose::smime_encrypt, now, {.max_depth = 3}).has_value());
    CHECK_FALSE(
        certs::verify_chain(leaf, between, w.anchors, purpose::smime_encrypt, now, {.max_depth = 2}).has_value());
}

TEST_CASE("each purpose wants its own uses", "[certs]")
{
    const pki& w = world();
    struct row {
        const char* uses;
        const char* extended;
        std::vector<purpose> allowed;
    };
    const std::vector<row> rows = {
        {"digitalSignature", "emailProtection", {purpose::smime_sign}},
        {"nonRepudiation", "emailProtection", {purpose::smime_sign}},
        {"digitalSignature", "serverAuth", {purpose::tls_server}},
        {"digitalSignature", "clientAuth", {purpose::tls_client}},
        {"digitalSignature", "serverAuth,clientAuth", {purpose::tls_server, purpose::tls_client}},
        {"keyAgreement", "emailProtection", {purpose::smime_encrypt}},
        {"", "", {purpose::smime_sign, purpose::smime_encrypt, purpose::tls_server, purpose::tls_client}},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.uses, tc.extended);
        mint_order order;
        order.uses = tc.uses;
        order.extended_uses = tc.extended;
        const certificate leaf = read(mint(order, &w.root));
        for (const auto wanted :
             {purpose::smime_sign, purpose::smime_encrypt, purpose::tls_server, purpose::tls_client}) {
            CAPTURE(static_cast<int>(wanted));
            const bool allowed = std::find(tc.allowed.begin(), tc.allowed.end(), wanted) != tc.allowed.end();
            CHECK(certs::verify_chain(leaf, {}, w.anchors, wanted, now).has_value() == allowed);
        }
    }
}

TEST_CASE("anchors read from PEM", "[certs]")
{
    const pki& w = world();
    const auto anchors = certs::read_trust_anchors(w.root.certificate + w.stranger.certificate);
    REQUIRE(anchors.has_value());
    CHECK(anchors->certificates().size() == 2);
    CHECK(certs::read_trust_anchors("").error() == errc::no_certificate);
    CHECK(certs::load_trust_anchors("/nonexistent/anchors.pem").error() == errc::unreadable_file);
}

TEST_CASE("a chain that held is known again for as long as all of it is valid", "[certs]")
{
    mint_order order = doctor_order();
    order.not_before = sys_days(year(2025) / 1 / 1);  // inside its issuer's time
    order.not_after = sys_days(year(2027) / 1 / 1);
    const minted leaf = mint(order, &world().root);
    const certificate owner = read(leaf);
    const auto anchors = certs::make_trust_anchors({*certs::read_certificate(world().root.certificate)});
    const auto verdict = [&](sys_seconds at) {
        return certs::verify_chain(owner, {}, anchors, purpose::smime_encrypt, at);
    };
    REQUIRE(verdict(now).has_value());
    CHECK(anchors.memo().size() == 1);
    CHECK(verdict(owner.not_before()).has_value());
    CHECK(verdict(owner.not_before() - 1s).error() == errc::not_yet_valid);
    CHECK(verdict(owner.not_after() - 1s).has_value());
    CHECK(verdict(owner.not_after()).error() == errc::expired);
    // Another use of the same certificate, and other anchors, are other questions.
    CHECK(certs::verify_chain(owner, {}, anchors, purpose::smime_sign, now).error() == errc::wrong_key_usage);
    CHECK(certs::verify_chain(owner, {}, certs::make_trust_anchors({}), purpose::smime_encrypt, now).error() ==
          errc::untrusted_issuer);
    CHECK(anchors.memo().size() == 1);
}

TEST_CASE("what was sent along is never remembered: nothing may rest on it later", "[certs]")
{
    const certificate owner = read(mint(doctor_order(), &world().issuing));
    const auto anchors = certs::make_trust_anchors({*certs::read_certificate(world().root.certificate)});
    CHECK(certs::verify_chain(owner, world().intermediates, anchors, purpose::smime_encrypt, now).has_value());
    CHECK(certs::verify_chain(owner, {}, anchors, purpose::smime_encrypt, now).error() == errc::untrusted_issuer);
}

TEST_CASE("the memo of chains begins again when it is full", "[certs]")
{
    certs::chain_memo memo(2);
    memo.remember("a", {now, now + 1h});
    memo.remember("b", {now, now + 1h});
    CHECK(memo.holds("a", now));
    CHECK_FALSE(memo.holds("a", now + 1h));
    CHECK_FALSE(memo.holds("a", now - 1s));
    memo.remember("c", {now, now + 1h});
    CHECK(memo.size() == 1);
    CHECK_FALSE(memo.holds("a", now));
}
