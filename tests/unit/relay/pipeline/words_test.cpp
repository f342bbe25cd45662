// Words and durations: what a person reads.
#include <catch2/catch.hpp>

#include <set>

#include "relay/pipeline/words.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

TEST_CASE("every state and cause has its own French word, and the stored word in English", "[words]")
{
    std::set<std::string> states, causes;
    for (int i = 0; i <= static_cast<int>(delivery_state::other_channel); ++i) {
        const auto value = static_cast<delivery_state>(i);
        states.insert(word(value, language::french));
        CHECK(word(value, language::english) == name(value));
    }
    CHECK(states.size() == static_cast<std::size_t>(delivery_state::other_channel) + 1);
    CHECK_FALSE(states.contains("?"));
    for (int i = 1; i <= static_cast<int>(cause::unknown); ++i)
        causes.insert(word(static_cast<cause>(i), language::french));
    CHECK(causes.size() == static_cast<std::size_t>(cause::unknown));
    CHECK_FALSE(causes.contains("?"));
    CHECK_FALSE(causes.contains(""));
    CHECK(word(cause::none, language::french).empty());
    CHECK(word(cause::none, language::english).empty());
    for (int i = 0; i <= static_cast<int>(stay_state::excluded); ++i)
        CHECK(word(static_cast<stay_state>(i), language::french) != "?");
}

TEST_CASE("every cause has a next action and somebody who acts", "[words]")
{
    for (int i = 1; i <= static_cast<int>(cause::unknown); ++i)
        for (const language in : {language::french, language::english}) {
            CHECK_FALSE(next_action(static_cast<cause>(i), in).empty());
            CHECK_FALSE(first_actor(static_cast<cause>(i), in).empty());
        }
    CHECK(next_action(cause::none, language::french).empty());
    CHECK(first_actor(cause::none, language::french).empty());
}

TEST_CASE("durations", "[words]")
{
    struct row {
        std::chrono::milliseconds value;
        std::string_view text;
    };
    for (const row& tc :
         {row{0s, "0 s"}, row{59999ms, "59 s"}, row{60s, "1 min 00"}, row{3599s, "59 min 59"}, row{1h, "1 h 00"},
          row{48h, "48 h 00"}, row{72h - 1s, "71 h 59"}, row{72h, "3 j 00 h"}, row{100h, "4 j 04 h"}})
        CHECK(duration(tc.value) == tc.text);
    CHECK(duration(std::nullopt) == "–");
    CHECK(yes_no(true, language::french) == "oui");
    CHECK(yes_no(false, language::english) == "no");
    CHECK(yes_no(std::nullopt, language::french) == "–");
}
