// Pages of the worklist over many services: the lines of all in one order, and no more read than that takes.
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>

#include "relay/pipeline/ports/worklist.hpp"
#include "tests/support/site.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
const instant now = tests::local("20261121120000+0100");

// What a store would find, from a list; counts what it gives.
class listed_work final : public ports::work_reader {
public:
    std::vector<work_evidence> all;
    std::size_t given = 0;
    std::size_t times_before_j0 = 0;

    ports::notice_reader& notices() override { throw std::logic_error("not asked"); }
    ports::watch_reader& watch() override { throw std::logic_error("not asked"); }
    ports::mailbox_use_reader& mailbox_uses() override { throw std::logic_error("not asked"); }
    std::vector<std::string> services_with_work() override
    {
        std::set<std::string> codes{""};
        for (const work_evidence& one : all) codes.insert(one.service);
        return {codes.begin(), codes.end()};
    }
    std::vector<work_evidence> work_before_j0(std::string_view service, instant at) override
    {
        ++times_before_j0;
        return found(service, [&](const work_evidence& one) { return one.goals.first > at && is_of_two(one); });
    }
    std::vector<work_evidence> work_after_j0(std::string_view service, instant at, const work_place& after,
                                             std::size_t limit) override
    {
        auto lines = found(service, [&](const work_evidence& one) {
            return (one.goals.first <= at || !is_of_two(one)) && place(one) > after;
        });
        std::sort(lines.begin(), lines.end(),
                  [](const work_evidence& a, const work_evidence& b) { return place(a) < place(b); });
        if (lines.size() > limit) lines.resize(limit);
        given += lines.size();
        return lines;
    }
    std::optional<work_evidence> find_work(std::string_view) override { return std::nullopt; }

private:
    static work_place place(const work_evidence& one) { return {one.goals.last, one.item}; }
    static bool is_of_two(const work_evidence& one) { return one.goals.first != one.goals.last; }
    template <class Wanted>
    std::vector<work_evidence> found(std::string_view service, Wanted wanted) const
    {
        std::vector<work_evidence> lines;
        for (const work_evidence& one : all)
            if (one.service == service && wanted(one)) lines.push_back(one);
        return lines;
    }
};

work_evidence failed_letter(const std::string& id, const std::string& service, instant j0)
{
    work_evidence made;
    made.kind = work_kind::delivery;
    made.item = id;
    made.service = service;
    made.state = delivery_state::failed;
    made.why = cause::no_mailbox;
    made.goals = {j0, j0 + 30h};
    return made;
}

// Everything at once, by reading all.
std::vector<std::string> derived(const listed_work& store, const work_query& wanted, const organisation& sites)
{
    std::vector<std::pair<work_place, work_item>> lines;
    for (const work_evidence& one : store.all) {
        const bool of_these = wanted.services.empty() || std::find(wanted.services.begin(), wanted.services.end(),
                                                                   one.service) != wanted.services.end();
        auto item = item_of(one, sites, now);
        if (!of_these || !item || item->stands != work_item::standing::open) continue;
        const work_place place{item->deadline, item->id};
        lines.emplace_back(place, std::move(*item));
    }
    std::sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> ids;
    for (const auto& [place, item] : lines) ids.push_back(item.id);
    return ids;
}

std::vector<std::string> walked(listed_work& store, work_query wanted, const organisation& sites)
{
    std::vector<std::string> ids;
    do {
        const work_page page = read_worklist(store, wanted, sites, now);
        REQUIRE(page.items.size() <= wanted.limit);
        for (const work_item& one : page.items) ids.push_back(one.id);
        wanted.after = page.next;
    } while (wanted.after);
    return ids;
}
}

TEST_CASE("pages of any length give all lines in one order", "[worklist]")
{
    std::minstd_rand random(GENERATE(range(1U, 9U)));
    const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
    const organisation sites = tests::two_sites();
    listed_work store;
    const int lines = below(400);
    for (int n = 0; n < lines; ++n) {
        const int service = below(9);
        auto one = failed_letter("d" + std::to_string(n), service == 0 ? "" : "UF" + std::to_string(service),
                                 now + std::chrono::hours(below(60) - 45));
        if (below(6) == 0) {  // one goal only
            one.kind = work_kind::letter;
            one.goals.first = one.goals.last;
        }
        if (below(4) == 0) {
            one.said = work_said{};
            one.said->last = work_said::word::done;
            one.said->about = about_of(one, now);
        }
        store.all.push_back(one);
    }
    for (const auto& services : {std::vector<std::string>{}, {"UF3"}, {"UF8", "", "UF1"}, {"unknown"}})
        for (const std::size_t limit : {1, 2, 7, 100, 1000}) {
            const work_query wanted{.services = services, .limit = limit, .after = {}};
            REQUIRE(walked(store, wanted, sites) == derived(store, wanted, sites));
        }
    CHECK(read_worklist(store, {.services = {}, .limit = 0, .after = {}}, sites, now).items.empty());
}

TEST_CASE("a page of many services reads what it shows and little more", "[worklist]")
{
    constexpr std::size_t services = 50, each = 200, shown = 100;
    listed_work store;
    for (std::size_t service = 0; service < services; ++service)
        for (std::size_t n = 0; n < each; ++n)
            store.all.push_back(failed_letter("d" + std::to_string(service) + "-" + std::to_string(n),
                                              "UF" + std::to_string(service),
                                              now - std::chrono::minutes(40 * 60 + 7 * n + service)));
    const work_page page = read_worklist(store, {.services = {}, .limit = shown, .after = {}}, organisation(), now);
    CHECK(page.items.size() == shown);
    CHECK(page.next.has_value());
    CHECK(store.times_before_j0 == 0);  // all of it is overdue
    CHECK(store.given <= 2 * (shown + 3 * services));

    // One line too few, and what can keep J0 is looked for.
    store.all.resize(shown - 1);
    CHECK(read_worklist(store, {.services = {}, .limit = shown, .after = {}}, organisation(), now).items.size() ==
          shown - 1);
    CHECK(store.times_before_j0 > 0);
}
