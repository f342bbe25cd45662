// The price of expiring traces (domain.md §10 rule 7); what expires is in the suites of the pipeline.
#include <catch2/catch.hpp>

#include "relay/store/trace_expiry.hpp"
#include "store_fixture.hpp"

using namespace store_test;

TEST_CASE("no statement of expiring traces walks a table, nor do the foreign keys of what it removes",
          "[store][retention]")
{
    opened_store s;
    for (const char* sql : relay::store::expiry_statements()) {
        CAPTURE(sql);
        for (const std::string& step : plan_of(s.options.path, sql)) {
            CAPTURE(step);
            CHECK((step.find("SCAN ") == std::string::npos || step == "SCAN trace_expiring"));  // the list itself
            CHECK(step.find("TEMP B-TREE FOR ORDER BY") == std::string::npos);
        }
    }
}
