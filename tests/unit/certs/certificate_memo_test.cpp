#include "certs/certificate_memo.hpp"

#include "certs/errc.hpp"
#include "tests/support/minted_pki.hpp"

#include <catch2/catch.hpp>

using tests::mint;
using tests::mint_order;

namespace {
std::string certificate_named(const std::string& name)
{
    mint_order order;
    order.name = name;
    return mint(order).certificate;
}
}

TEST_CASE("a certificate seen before is the same value, not a new reading", "[certs]")
{
    certs::certificate_memo memo;
    const std::string a = certificate_named("a"), b = certificate_named("b");
    const auto first = memo.read(a);
    const auto again = memo.read(a);
    REQUIRE(first.has_value());
    REQUIRE(again.has_value());
    CHECK(&first->handle() == &again->handle());
    const auto other = memo.read(b);
    REQUIRE(other.has_value());
    CHECK(other->subject() == "CN=b");
    CHECK(memo.size() == 2);
}

TEST_CASE("what does not read is an error each time and is not kept", "[certs]")
{
    certs::certificate_memo memo;
    for (int i = 0; i < 2; ++i) CHECK(memo.read("not a certificate").error() == certs::errc::no_certificate);
    CHECK(memo.size() == 0);
}

TEST_CASE("the memory of certificates is bounded", "[certs]")
{
    certs::certificate_memo memo(2);
    for (const char* name : {"a", "b"}) REQUIRE(memo.read(certificate_named(name)).has_value());
    CHECK(memo.size() == 2);
    const auto third = memo.read(certificate_named("c"));
    REQUIRE(third.has_value());
    CHECK(third->subject() == "CN=c");
    CHECK(memo.size() == 1);
}
