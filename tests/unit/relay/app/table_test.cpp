// Tables: what a person reads in a terminal, and CSV of the same rows.
#include <catch2/catch.hpp>

#include "relay/app/table.hpp"

using namespace relay::app;

TEST_CASE("tables count characters, not octets", "[table]")
{
    const table rows{{{"état"}, {"n", align::right}, {"fin"}}, {{"différée", "7", ""}, {"été", "123", "x"}}};
    CHECK(as_text(rows) ==
          "état        n  fin\n"
          "--------  ---  ---\n"
          "différée    7\n"
          "été       123  x\n");
    CHECK(as_text({{{"a"}}, {}}) == "a\n-\n");
}

TEST_CASE("CSV quotes what must be quoted", "[table]")
{
    const table rows{{{"a"}, {"b"}}, {{"x,y", "say \"z\""}, {"", "l1\nl2"}}};
    CHECK(as_csv(rows) == "a,b\r\n\"x,y\",\"say \"\"z\"\"\"\r\n,\"l1\nl2\"\r\n");
}
