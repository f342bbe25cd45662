// Each counter of a letter's way is moved by what it is named after, once.
#include <catch2/catch.hpp>

#include "relay/obs/metrics.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using relay::obs::counter;

namespace {
constexpr counter followed[] = {counter::letters_received, counter::letters_held,        counter::letters_sealed,
                                counter::letters_sent,     counter::letters_failed,      counter::deliveries_deferred,
                                counter::files_refused,    counter::deliveries_uncertain};

std::vector<std::uint64_t> now()
{
    std::vector<std::uint64_t> values;
    for (const counter one : followed) values.push_back(relay::obs::value(one));
    return values;
}

template <class Work>
std::vector<std::uint64_t> grown(Work work)
{
    const auto before = now();
    work();
    auto after = now();
    for (std::size_t i = 0; i < after.size(); ++i) after[i] -= before[i];
    return after;
}
}

TEST_CASE("counters follow a letter", "[counters]")
{
    tests::house h;
    h.add_doctor("anne.roux@medecin.example", tests::second_doctor);
    using counts = std::vector<std::uint64_t>;
    CHECK(grown([&] { h.drop("a.hl7", tests::mdm_file()); }) == counts{1, 0, 0, 0, 0, 0, 0, 0});
    const auto id = h.only().id;
    CHECK(grown([&] { h.attempt(id, attempt_end::temporary, 451); }) == counts{0, 0, 1, 0, 0, 1, 0, 0});
    h.clock.advance(std::chrono::hours(1));
    CHECK(grown([&] { h.attempt(id, attempt_end::uncertain, 0); }) == counts{0, 0, 0, 0, 0, 0, 0, 1});
    h.clock.advance(std::chrono::hours(2));
    CHECK(grown([&] { h.attempt(id, attempt_end::accepted); }) == counts{0, 0, 0, 1, 0, 0, 0, 0});
    CHECK(grown([&] { h.drop("b.hl7", "MSH|^~\\&|no"); }) == counts{0, 0, 0, 0, 0, 0, 1, 0});
    h.directory.rows.clear();
    CHECK(grown([&] { h.drop("c.xml", tests::cda_file({.document = "2.999.7.8.1", .set = "2.999.7.8"})); }) ==
          counts{1, 1, 0, 0, 0, 0, 0, 0});
}
