#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <vector>

#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

namespace obs = relay::obs;

TEST_CASE("an event is one printable line: name, then fields", "[obs]")
{
    std::vector<std::string> lines;
    obs::set_sink([&](std::string_view line) { lines.emplace_back(line); });
    obs::info(obs::event::letter_sealed, "id={} octets={}", "abc", 12);
    obs::warn(obs::event::app_ready, "");
    obs::error(obs::event::smtp_closed, "host={}", "a\r\nforged.event\x7f");
    obs::debug(obs::event::app_ready, "hidden={}", 1);
    obs::info(obs::event::app_ready, "x={}", std::string(obs::max_line_octets, 'y'));
    obs::set_sink({});
    REQUIRE(lines.size() == 4);
    CHECK(lines[0] == "letter.sealed id=abc octets=12");
    CHECK(lines[1] == "app.ready");
    CHECK(lines[2] == "smtp.closed host=a??forged.event?");
    CHECK(lines[3].size() == obs::max_line_octets);
}

TEST_CASE("metrics count, and every one has a name of its own", "[obs]")
{
    const auto before = obs::value(obs::counter::letters_sent);
    obs::add(obs::counter::letters_sent, 3);
    CHECK(obs::value(obs::counter::letters_sent) == before + 3);
    obs::set(obs::gauge::queue_letters, 7);
    obs::move(obs::gauge::queue_letters, -2);
    CHECK(obs::value(obs::gauge::queue_letters) == 5);
    std::set<std::string_view> names;
    for (const auto& one : obs::snapshot()) {
        CHECK(one.name.substr(0, 6) == "relay_");
        const bool counted = one.name.size() > 6 && one.name.substr(one.name.size() - 6) == "_total";
        CHECK(counted == (one.kind == obs::metric_kind::counter));
        names.insert(one.name);
    }
    CHECK(names.size() == obs::snapshot().size());
}
