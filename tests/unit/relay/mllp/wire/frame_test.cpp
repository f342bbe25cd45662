// MLLP frames: the same however they are cut, and never beyond their limits.
#include <catch2/catch.hpp>

#include <vector>

#include "relay/mllp/wire/frame.hpp"

using namespace relay::mllp;

namespace {
struct outcome {
    std::vector<std::string> messages;
    frame_fault fault = frame_fault::none;
    std::string head;
    bool between = true;
    friend bool operator==(const outcome&, const outcome&) = default;
};

outcome read(const std::vector<std::string_view>& parts, const frame_limits& limits = {})
{
    outcome made;
    frame_reader reader(limits);
    for (std::string_view part : parts) {
        while (!part.empty() && reader.fault() == frame_fault::none) {
            const std::size_t taken = reader.feed(part);
            REQUIRE(taken <= part.size());
            part.remove_prefix(taken);
            if (reader.complete())
                made.messages.push_back(reader.take());
            else if (!part.empty())
                REQUIRE(reader.fault() != frame_fault::none);
        }
    }
    made.fault = reader.fault();
    made.between = reader.is_between();
    if (made.fault != frame_fault::none) made.head = reader.content();
    return made;
}

const std::string good = write_frame("MSH|^~\\&|A\rPID|1\r");
}

TEST_CASE("frames and faults, cut at every byte", "[mllp][wire]")
{
    struct row {
        const char* what;
        std::string bytes;
        std::size_t messages;
        frame_fault fault;
        std::string head;
        bool between;
    };
    const row rows[] = {
        {"one", good, 1, frame_fault::none, "", true},
        {"two, one behind the other", good + good, 2, frame_fault::none, "", true},
        {"blanks and line ends between", "\r\n" + good + "\r\n \t" + good + "\n", 2, frame_fault::none, "", true},
        {"an empty message", "\x0b\x1c\r", 1, frame_fault::none, "", true},
        {"nothing", "", 0, frame_fault::none, "", true},
        {"not whole yet", good.substr(0, good.size() - 1), 0, frame_fault::none, "", false},
        {"no start, one line", "MSH|^~\\&|A\rPID|1\r", 0, frame_fault::no_start, "MSH|^~\\&|A", false},
        {"no start, no line end", "MSH|^~\\&|A\x1c\r", 0, frame_fault::no_start, "MSH|^~\\&|A", false},
        {"no start, then a frame", "MSH|x" + good, 0, frame_fault::no_start, "MSH|x", false},
        {"garbage", "GET / HTTP/1.1\r\n", 0, frame_fault::no_start, "G", false},
        {"garbage behind a frame", good + "?" + good, 1, frame_fault::no_start, "?", false},
        {"a second start", "\x0bMSH|1\x0bMSH|2\x1c\r", 0, frame_fault::no_end, "MSH|1", false},
        {"an end without its CR", "\x0bMSH|1\x1c\n", 0, frame_fault::bad_end, "MSH|1", false},
        {"two ends", "\x0bMSH|1\x1c\x1c\r", 0, frame_fault::bad_end, "MSH|1", false},
    };
    for (const row& tc : rows)
        for (std::size_t cut = 0; cut <= tc.bytes.size(); ++cut) {
            CAPTURE(tc.what, cut);
            const std::string_view all = tc.bytes;
            const outcome got = read({all.substr(0, cut), all.substr(cut)});
            CHECK(got.messages.size() == tc.messages);
            CHECK(got.fault == tc.fault);
            CHECK(got.head == tc.head);
            CHECK(got.between == tc.between);
        }
}

TEST_CASE("a frame read a byte at a time", "[mllp][wire]")
{
    const std::string two = good + good;
    std::vector<std::string_view> bytes;
    for (std::size_t at = 0; at < two.size(); ++at) bytes.push_back(std::string_view(two).substr(at, 1));
    const outcome got = read(bytes);
    REQUIRE(got.messages.size() == 2);
    CHECK(got.messages[0] == "MSH|^~\\&|A\rPID|1\r");
    CHECK(got.messages[1] == got.messages[0]);
}

TEST_CASE("the most octets of a message, and one more", "[mllp][wire]")
{
    const frame_limits limits{.max_content_octets = 100, .max_head_octets = 10};
    const auto of = [](std::size_t octets) { return write_frame(std::string(octets, 'x')); };
    for (std::size_t cut = 0; cut <= of(101).size(); ++cut) {
        CAPTURE(cut);
        const std::string at = of(100), over = of(101);
        const auto parts = [cut](std::string_view all) {
            const std::size_t here = std::min(cut, all.size());
            return std::vector<std::string_view>{all.substr(0, here), all.substr(here)};
        };
        CHECK(read(parts(at), limits).messages.size() == 1);
        const outcome got = read(parts(over), limits);
        CHECK(got.fault == frame_fault::too_big);
        CHECK(got.head == std::string(10, 'x'));
    }
}

TEST_CASE("what is kept of bytes without a start is bounded", "[mllp][wire]")
{
    const frame_limits limits{.max_content_octets = 100, .max_head_octets = 10};
    CHECK(read({"MSH|456789"}, limits).fault == frame_fault::no_start);  // ten octets: enough to answer
    CHECK(read({"MSH|45678"}, limits).fault == frame_fault::none);
    CHECK(read({"MSH|4567890123456789"}, limits).head == "MSH|456789");
}
