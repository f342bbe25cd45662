#include "relay/pipeline/completeness.hpp"

#include <catch2/catch.hpp>

using namespace relay::pipeline;
using mime::cda::check_catalogue;
using mime::cda::check_outcome;
using mime::cda::check_row;
using mime::cda::check_state;
using mime::cda::gap;
using mime::cda::level;

namespace {
std::vector<check_outcome> all_satisfied()
{
    std::vector<check_outcome> all;
    for (const check_row& row : check_catalogue()) all.push_back({std::string(row.id), check_state::satisfied, {}, {}});
    return all;
}

check_outcome& at(std::vector<check_outcome>& all, std::string_view id)
{
    for (check_outcome& one : all)
        if (one.id == id) return one;
    throw std::out_of_range("no such check");
}

void miss(std::vector<check_outcome>& all, std::string_view id)
{
    check_outcome& one = at(all, id);
    one.state = check_state::missing;
    one.gaps.push_back({level::warn, "section 1/" + std::string(id), "secret"});
}
}

TEST_CASE("the score counts eleven items", "[pipeline][completeness]")
{
    for (const check_row& row : check_catalogue()) {
        CAPTURE(row.id);
        auto all = all_satisfied();
        CHECK(score_of(all) == presence_score{11, 11});
        miss(all, row.id);
        const bool scored = row.weight == mime::cda::check_weight::scored;
        const int left = row.id == "C02" ? 0 : scored ? 10 : 11;
        CHECK(score_of(all) == presence_score{left, 11});
        at(all, row.id).state = check_state::not_assessable;
        CHECK(score_of(all) == presence_score{scored ? 10 : 11, scored ? 10 : 11});
    }
    CHECK(score_of({}) == presence_score{0, 0});
}

TEST_CASE("outcomes survive the store without their sentences", "[pipeline][completeness]")
{
    auto all = all_satisfied();
    miss(all, "C03");
    at(all, "C03").gaps.front().level = level::block;
    miss(all, "C03");
    at(all, "C07").state = check_state::not_applicable;
    at(all, "C09").state = check_state::not_assessable;
    const std::string text = completeness_text(all);
    CHECK(text.find("secret") == std::string::npos);
    const auto read = read_completeness(text);
    REQUIRE(read.has_value());
    CHECK(read->score == presence_score{9, 10});
    REQUIRE(read->outcomes.size() == all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        CAPTURE(all[i].id);
        CHECK(read->outcomes[i].id == all[i].id);
        CHECK(read->outcomes[i].state == all[i].state);
        REQUIRE(read->outcomes[i].gaps.size() == all[i].gaps.size());
        for (std::size_t g = 0; g < all[i].gaps.size(); ++g) {
            CHECK(read->outcomes[i].gaps[g].level == all[i].gaps[g].level);
            CHECK(read->outcomes[i].gaps[g].field == all[i].gaps[g].field);
        }
    }
}

TEST_CASE("gaps and places of a text are bounded", "[pipeline][completeness]")
{
    check_outcome one{"C02", check_state::missing, {}, {}};
    for (int i = 0; i < 9; ++i) one.gaps.push_back({level::warn, std::string(121, 'x') + "\t\n", {}});
    const auto read = read_completeness(completeness_text({one}));
    REQUIRE(read.has_value());
    REQUIRE(read->outcomes.front().gaps.size() == 8);
    CHECK(read->outcomes.front().gaps.front().field == std::string(120, 'x'));
    one.gaps.assign(1, {level::warn, "a\tb\nc", {}});
    CHECK(read_completeness(completeness_text({one}))->outcomes.front().gaps.front().field == "a b c");
}

TEST_CASE("what is no completeness text is not read", "[pipeline][completeness]")
{
    for (const char* text : {"", "1", "1 ", "1 3", "1 3/", "2 1/1", "1 2/1", "1 -1/1", "1 a/1", "1 1/1\n\tmissing",
                             "1 1/1\nC01\tmaybe", "1 1/1\nC01\tmissing\tnote\tx"}) {
        CAPTURE(text);
        CHECK_FALSE(read_completeness(text).has_value());
    }
    CHECK(read_completeness("1 0/0").has_value());
    std::string lines = "1 1/1";
    for (int i = 0; i < 100; ++i) lines += "\nC01\tsatisfied";
    CHECK(read_completeness(lines).has_value());
    CHECK_FALSE(read_completeness(lines + "\nC01\tsatisfied").has_value());
}
