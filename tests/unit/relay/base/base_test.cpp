#include <catch2/catch.hpp>

#include <chrono>
#include <set>
#include <thread>

#include "relay/base/clock.hpp"
#include "relay/base/ids.hpp"
#include "relay/base/step_clock.hpp"

using namespace relay::base;

TEST_CASE("tokens are 26 characters that nobody can guess", "[base]")
{
    std::set<std::string> seen;
    std::set<char> letters;
    for (int i = 0; i < 2000; ++i) {
        const std::string token = random_token();
        CHECK(is_token(token));
        letters.insert(token.begin(), token.end());
        seen.insert(token);
    }
    CHECK(seen.size() == 2000);
    CHECK(letters.size() == 32);
}

TEST_CASE("ids of rows are in the order of their milliseconds, and differ within one", "[base]")
{
    using namespace std::chrono_literals;
    std::string last;
    for (int i = 0; i < 40; ++i) {
        const std::string token = ordered_token();
        CHECK(is_token(token));
        CHECK(last < token);
        last = token;
        std::this_thread::sleep_for(2ms);
    }
    std::set<std::string> seen;
    for (int i = 0; i < 5000; ++i) seen.insert(ordered_token());
    CHECK(seen.size() == 5000);
    std::set<std::string> beginnings;
    for (const std::string& one : seen) beginnings.insert(one.substr(0, 9));
    CHECK(beginnings.size() < 5000);
}

TEST_CASE("what is no token is seen", "[base]")
{
    const std::string good = "abcdefghijklmnopqrstuvwxyz";
    CHECK(is_token(good));
    CHECK(is_token("234567abcdefghijklmnopqrst"));
    for (const std::string& bad :
         {std::string(), good.substr(1), good + "a", "A" + good.substr(1), "1" + good.substr(1), "/" + good.substr(1),
          std::string(26, '\0'), "é" + good.substr(2)}) {
        CAPTURE(bad);
        CHECK_FALSE(is_token(bad));
    }
}

TEST_CASE("ids compare by their text, and empty means none", "[base]")
{
    using fruit = id<struct fruit_tag>;
    CHECK(fruit().empty());
    CHECK(fruit("a") == fruit("a"));
    CHECK(fruit("a") < fruit("b"));
    CHECK(is_token(fruit::make().text()));
    CHECK(fruit::make() != fruit::make());
    static_assert(!std::is_convertible_v<std::string, fruit>);
}

TEST_CASE("a clock moved by hand", "[base]")
{
    manual_wall_clock clock(instant(std::chrono::seconds(5)));
    clock.advance(std::chrono::milliseconds(1));
    CHECK(clock.now() == instant(std::chrono::milliseconds(5001)));
    clock.set(instant());
    CHECK(clock.now() == instant());
}

TEST_CASE("a step lasts from its begin to its end, and nothing lasts between two", "[base]")
{
    using namespace std::chrono_literals;
    const step_clock::clock::time_point start{1h};
    step_clock at;
    CHECK(at.lasting(start) == 0s);
    {
        const step_clock::step one(at, start);
        CHECK(at.lasting(start) == 0s);
        CHECK(at.lasting(start + 61s) == 61s);
    }
    CHECK(at.lasting(start + 62s) == 0s);
    const step_clock::step next(at, start + 70s);
    CHECK(at.lasting(start + 71s) == 1s);
}
