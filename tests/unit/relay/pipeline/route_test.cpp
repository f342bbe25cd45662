// From a recipient to one mailbox and one certificate, or to the cause why not: never a guess.
#include <catch2/catch.hpp>

#include "relay/pipeline/letter_details.hpp"
#include "tests/support/site.hpp"

using namespace relay::pipeline;

namespace {
const instant now = tests::local("20261120150000+0100");

struct world {
    tests::memory_directory directory;
    route_policy policy = tests::routes();
    certs::trust_anchors anchors = certs::read_trust_anchors(tests::root().certificate).value();

    [[nodiscard]] route_decision decide(const recipient& to)
    {
        return decide_route(to, directory, policy, anchors, now);
    }
    [[nodiscard]] cause why(const recipient& to)
    {
        const auto decision = decide(to);
        const auto* found = std::get_if<cause>(&decision);
        return found == nullptr ? cause::none : *found;
    }
};

recipient at(std::string address)
{
    recipient to;
    to.address = std::move(address);
    return to;
}

recipient by_rpps(std::string rpps)
{
    recipient to;
    to.rpps = std::move(rpps);
    return to;
}

std::string certificate(std::string_view address, tests::mint_order order = {})
{
    order.uses = "critical,keyAgreement";
    order.alternative_names = "email:" + std::string(address);
    return tests::der_of(tests::mint(order, &tests::root()));
}
}

TEST_CASE("a doctor known by RPPS", "[route]")
{
    world w;
    CHECK(w.why({}) == cause::no_doctor);
    CHECK(w.why(by_rpps("99900000011")) == cause::doctor_unknown);
    w.directory.add("", "99900000011");
    CHECK(w.why(by_rpps("99900000011")) == cause::no_mailbox);
    w.directory.add("a@medecin.example", "99900000011");
    CHECK(w.why(by_rpps("99900000011")) == cause::no_certificate);
    w.directory.der["a@medecin.example"] = {certificate("a@medecin.example")};
    const auto decision = w.decide(by_rpps("99900000011"));
    const auto* found = std::get_if<route_found>(&decision);
    REQUIRE(found != nullptr);
    CHECK(found->address == "a@medecin.example");
    CHECK(found->domain == "medecin.example");
    CHECK(found->to.host == "operateur.example");
    w.directory.add("a@medecin.example", "99900000011");  // the same address twice is one
    CHECK(w.why(by_rpps("99900000011")) == cause::none);
    w.directory.add("b@medecin.example", "99900000011");
    CHECK(w.why(by_rpps("99900000011")) == cause::ambiguous);
}

TEST_CASE("domains and their rules", "[route]")
{
    world w;
    w.directory.der["a@ailleurs.example"] = {certificate("a@ailleurs.example")};
    w.directory.der["a@inconnu.example"] = {certificate("a@inconnu.example")};
    w.directory.der["a@attente.example"] = {certificate("a@attente.example")};
    CHECK(w.why(at("a@ailleurs.example")) == cause::none);
    CHECK(w.why(at("a@AILLEURS.example")) == cause::no_certificate);  // its domain is trusted in any case
    CHECK(w.why(at("a@inconnu.example")) == cause::untrusted_domain);
    CHECK(w.why(at("a@sous.ailleurs.example")) == cause::untrusted_domain);
    CHECK(w.why(at("a@attente.example")) == cause::no_certificate);  // hold: nothing leaves
    CHECK(w.why(at("a")) == cause::untrusted_domain);
    w.policy.rules.clear();
    CHECK(w.why(at("a@ailleurs.example")) == cause::untrusted_domain);
}

TEST_CASE("only a certificate that may be used now, for this address", "[route]")
{
    const auto day = [](int year) { return std::chrono::sys_days(std::chrono::year(year) / 1 / 1); };
    tests::mint_order expired, early, signing;
    expired.not_after = day(2026);
    early.not_before = day(2027);
    const std::string address = "a@medecin.example";
    const std::string good = certificate(address);
    const auto stranger = tests::mint(tests::ca_order("stranger"));
    tests::mint_order foreign;
    foreign.uses = "critical,keyAgreement";
    foreign.alternative_names = "email:" + address;
    signing.alternative_names = "email:" + address;  // digitalSignature only
    const std::vector<std::string> bad = {certificate(address, expired),
                                          certificate(address, early),
                                          certificate("b@medecin.example"),
                                          tests::der_of(tests::mint(signing, &tests::root())),
                                          tests::der_of(tests::mint(foreign, &stranger)),
                                          "garbage",
                                          ""};
    for (std::size_t i = 0; i < bad.size(); ++i) {
        CAPTURE(i);
        world w;
        w.directory.der[address] = {bad[i]};
        CHECK(w.why(at(address)) == cause::no_certificate);
        w.directory.der[address].push_back(good);  // a bad one does not hide a good one
        CHECK(w.why(at(address)) == cause::none);
    }
}

TEST_CASE("a recipient comes back from its sealed text", "[route]")
{
    const recipient to{"a@b.example", "99900000011", "Œuf \"d'été\"", "Zoé\\", recipient_role::treating_doctor};
    CHECK(read_recipient(write_recipient(to)) == to);
    CHECK(read_recipient("") == recipient{});
    CHECK(read_recipient("[]") == recipient{});
}

TEST_CASE("one mailbox under two descriptions", "[route]")
{
    struct row {
        recipient a, b;
        bool same;
    };
    const auto both = [](std::string address, std::string rpps) {
        recipient to = at(std::move(address));
        to.rpps = std::move(rpps);
        return to;
    };
    const row rows[] = {
        {at("a@b.c"), at("A@B.c"), true},         {at("a@b.c"), at("a@b.d"), false},
        {both("a@b.c", "1"), by_rpps("1"), true}, {both("a@b.c", "1"), both("d@b.c", "1"), false},
        {at("a@b.c"), by_rpps("1"), false},       {by_rpps("1"), by_rpps("2"), false},
        {recipient{}, recipient{}, true},         {recipient{}, by_rpps("1"), false},
        {recipient{}, at("a@b.c"), false},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.a.address, tc.a.rpps, tc.b.address, tc.b.rpps);
        CHECK(same_mailbox(tc.a, tc.b) == tc.same);
        CHECK(same_mailbox(tc.b, tc.a) == tc.same);
    }
}

TEST_CASE("letter details come back from their sealed text, whatever the file was called", "[details]")
{
    letter_details said;
    said.source_name = "lettre \xE9t\xE9.hl7";  // Latin-1, as a file system may hold it
    said.control_id = "DEMO000417";
    said.wants_reception = true;
    said.qualified_identity = true;
    said.body_text = "Bonjour,\r\n";
    said.masking = {"MASQUE_PS", "INVISIBLE_PATIENT"};
    CHECK(read_details(write_details(said)) == said);
    CHECK(read_details(write_details({})) == letter_details{});
    CHECK(read_details("{") == letter_details{});
}

TEST_CASE("the domain of an address", "[route]")
{
    CHECK(domain_of("a@B.Example") == "b.example");
    CHECK(domain_of("\"a@b\"@c.example") == "c.example");
    CHECK(domain_of("a").empty());
}
