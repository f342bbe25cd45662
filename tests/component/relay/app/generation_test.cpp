#include <catch2/catch.hpp>

#include "relay/app/generation.hpp"
#include "relay/app/privileges.hpp"

using namespace relay;

TEST_CASE("what cannot change while a node runs keeps its value and is named", "[reload]")
{
    struct row {
        std::string_view key;
        void (*change)(config::settings&);
    };
    const auto tc =
        GENERATE(values<row>({{"[node] name", [](config::settings& s) { s.node.name = "other"; }},
                              {"[node] data", [](config::settings& s) { s.node.data = "/other"; }},
                              {"[node] key", [](config::settings& s) { s.node.key = "/other"; }},
                              {"[node] user", [](config::settings& s) { s.node.user = "other"; }},
                              {"[roles] hospital", [](config::settings& s) { s.roles.hospital = !s.roles.hospital; }},
                              {"[roles] operator", [](config::settings& s) { s.roles.operator_ = !s.roles.operator_; }},
                              {"[spool] folder", [](config::settings& s) { s.spool.folder = "/other"; }},
                              {"[hospital] returns",
                               [](config::settings& s) {
                                   s.hospital.returns = config::endpoint{"127.0.0.1", 26};
                               }},
                              {"[mllp] listen",
                               [](config::settings& s) {
                                   s.mllp.listen = config::endpoint{"127.0.0.1", 26};
                               }},
                              {"[operator] smtp", [](config::settings& s) { s.operator_.smtp.port = 26; }},
                              {"[limits] workers", [](config::settings& s) { s.limits.workers = 99; }}}));
    CAPTURE(tc.key);
    const config::settings running;
    config::settings next;
    next.limits.deliveries = 3;  // may change
    next.trust.domains = {"d.example"};
    tc.change(next);
    CHECK(app::keep_fixed(running, next) == std::vector<std::string>{std::string(tc.key)});
    CHECK(next.limits.deliveries == 3);
    CHECK(next.trust.domains.size() == 1);
    CHECK(app::keep_fixed(running, next).empty());
}

TEST_CASE("a role that goes on keeps its tables, though the new file has none of them", "[reload]")
{
    config::settings running;
    running.roles.hospital = running.roles.operator_ = true;
    running.operator_.domains = {"d.example"};
    running.hospital.address = "relais@hopital.example";
    running.establishment.finess = "990000010";
    config::settings next;
    CHECK(app::keep_fixed(running, next) == std::vector<std::string>{"[roles] hospital", "[roles] operator"});
    CHECK(next.operator_.domains == running.operator_.domains);
    CHECK(next.hospital.address == running.hospital.address);
    CHECK(next.establishment.finess == running.establishment.finess);
}

TEST_CASE("who has taken a value keeps it over a swap", "[reload]")
{
    base::current<const int> now(std::make_shared<const int>(1));
    const auto taken = now.get();
    std::weak_ptr<const int> old = taken;
    now.set(std::make_shared<const int>(2));
    CHECK(*taken == 1);
    CHECK(*now.get() == 2);
    CHECK_FALSE(old.expired());
}

TEST_CASE("only the roles that are on listen", "[privileges]")
{
    config::settings all;
    all.hospital.returns = config::endpoint{"127.0.0.1", 25};
    all.mllp.listen = config::endpoint{"127.0.0.1", 575};
    all.operator_.smtp = {"127.0.0.1", 26};
    all.operator_.imaps = config::endpoint{"127.0.0.1", 993};
    CHECK(app::listen_addresses(all).empty());
    all.roles.hospital = true;
    CHECK(app::listen_addresses(all).size() == 2);
    all.roles.operator_ = true;
    CHECK(app::listen_addresses(all).size() == 4);
    CHECK_FALSE(app::give_up_privileges(all).has_value());  // no user named: nothing is asked for
    for (const char* account : {"no-account-of-this-name", "root"}) {
        all.node.user = account;
        const auto wrong = app::give_up_privileges(all);
        REQUIRE(wrong.has_value());
        CHECK(wrong->where.ends_with("[node] user"));
    }
}
