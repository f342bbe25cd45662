// Attention marks of domain.md §7, to the second, on ordinary days and on those when clocks change.
#include <catch2/catch.hpp>

#include "relay/pipeline/attention.hpp"
#include "tests/support/site.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
stay_facts stay(std::string_view discharge, discharge_quality quality = discharge_quality::exact)
{
    stay_facts one;
    one.discharge = tests::local(discharge);
    one.quality = quality;
    static_cast<stay_verdict&>(one) = assess(one, {}, tests::paris());
    return one;
}

std::string at(const stay_facts& one, std::string_view when)
{
    return std::string(name(attention_of(one, tests::local(when))));
}
}

TEST_CASE("a stay without a letter, hour by hour", "[attention]")
{
    const auto one = stay("20261120100000+0100");
    CHECK(at(one, "20261120175959+0100") == "none");
    CHECK(at(one, "20261120180000+0100") == "no_letter");
    CHECK(at(one, "20261120235959+0100") == "no_letter");
    CHECK(at(one, "20261121000000+0100") == "j0_missed");
    CHECK(at(one, "20261121215959+0100") == "j0_missed");
    CHECK(at(one, "20261121220000+0100") == "h36_passed");
    CHECK(at(one, "20261122100000+0100") == "h36_passed");  // 48 h is inclusive
    CHECK(at(one, "20261122100001+0100") == "h48_missed");
}

TEST_CASE("whom the evening mark is about", "[attention]")
{
    CHECK(at(stay("20261120165959+0100"), "20261120180000+0100") == "no_letter");
    CHECK(at(stay("20261120170000+0100"), "20261120180000+0100") == "none");
    auto written = stay("20261120100000+0100");
    written.has_letter = true;
    CHECK(at(written, "20261120200000+0100") == "none");
    CHECK(at(written, "20261121000000+0100") == "j0_missed");
    CHECK(at(stay("20261120000000+0100", discharge_quality::date_only), "20261120180000+0100") == "no_letter");
}

TEST_CASE("clocks that change: the evening stays at 18:00, 36 h are elapsed hours", "[attention]")
{
    const auto autumn = stay("20261025013000+0200");
    CHECK(at(autumn, "20261025175959+0100") == "none");
    CHECK(at(autumn, "20261025180000+0100") == "no_letter");
    CHECK(at(autumn, "20261026122959+0100") == "j0_missed");
    CHECK(at(autumn, "20261026123000+0100") == "h36_passed");
    const auto spring = stay("20270328013000+0100");
    CHECK(at(spring, "20270328180000+0200") == "no_letter");
    CHECK(at(spring, "20270329143000+0200") == "h36_passed");
}

TEST_CASE("what ends attention", "[attention]")
{
    auto accepted = stay("20261120100000+0100");
    accepted.stop = tests::local("20261125100000+0100");
    auto excluded = stay("20261120100000+0100");
    excluded.exclusion = "OPPOSED";
    auto by_fax = stay("20261120100000+0100");
    by_fax.other_channel = true;
    for (const auto& one : {accepted, excluded, by_fax}) {
        CHECK(at(one, "20261130100000+0100") == "none");
        CHECK_FALSE(next_attention(one, one.discharge).has_value());
    }
}

TEST_CASE("a day without hour: no 36 h, and 48 h ends at the second midnight", "[attention]")
{
    const auto one = stay("20261120000000+0100", discharge_quality::date_only);
    CHECK(at(one, "20261121235959+0100") == "j0_missed");
    CHECK(at(one, "20261122000000+0100") == "h48_missed");
}

TEST_CASE("the next mark", "[attention]")
{
    const auto one = stay("20261120100000+0100");
    auto now = one.discharge;
    std::vector<std::string> begun;
    while (const auto next = next_attention(one, now)) {
        now = *next;
        begun.emplace_back(name(attention_of(one, now)));
    }
    CHECK(begun == std::vector<std::string>{"no_letter", "j0_missed", "h36_passed", "h48_missed"});
}
