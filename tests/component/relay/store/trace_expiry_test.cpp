// The price of expiring traces (domain.md §10 rule 7); what expires is in the suites of the pipeline.
#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

#include "relay/store/trace_expiry.hpp"
#include "store_fixture.hpp"

using namespace store_test;

namespace {
std::string raw(const std::string& path)
{
    std::string all;
    for (const char* ending : {"", "-wal"}) {
        std::ifstream in(path + ending, std::ios::binary);
        all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
}
}

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

TEST_CASE("of a mail that came back nothing is left in the database after its time", "[store][retention]")
{
    opened_store s;
    const auto object = s.vault.seal(std::string(100'000, 'x') + "the end of the mail");  // pages of its own
    s.store
        ->write([&](ports::transaction& tx) {
            tx.add_blob(object);
            tx.returned().add({"key", at(1), {}, object.id});
        })
        .value();
    REQUIRE(s.store->empty_log().value() == relay::store::log_state::emptied);
    REQUIRE(raw(s.options.path).find("the end of the mail") != std::string::npos);
    std::size_t dropped = 0;
    s.store->write([&](ports::transaction& tx) { dropped = tx.returned().drop_content(at(2), 10); }).value();
    CHECK(dropped == 1);
    REQUIRE(s.store->empty_log().value() == relay::store::log_state::emptied);
    CHECK(raw(s.options.path).find("the end of the mail") == std::string::npos);
    CHECK(s.store->verify_ledger().value() == std::nullopt);
    // Known for as long as keyed hashes are.
    const auto known = [&] {
        bool found = false;
        s.store->write([&](ports::transaction& tx) { found = tx.returned().is_known("key"); }).value();
        return found;
    };
    REQUIRE(s.store->expire_traces(at(1), at(1), 10).has_value());
    CHECK(known());
    REQUIRE(s.store->expire_traces(at(2), at(2), 10).has_value());
    CHECK_FALSE(known());
}
