// Days in packs (relay/store/fact_pack.hpp): what is read is what the rows give, whatever is recorded, changed or open,
// and the figures are the fold over the stays.
#include <catch2/catch.hpp>

#include <random>
#include <set>

#include "relay/pipeline/indicator_words.hpp"
#include "relay/pipeline/scoped_figures.hpp"
#include "relay/store/fact_pack.hpp"
#include "store_fixture.hpp"

using namespace store_test;
using namespace std::chrono_literals;
using relay::store::fact_packer;
using relay::store::unpack_facts;
using relay::store::unpacking;

namespace {
constexpr std::int32_t first_day = 20'700;
constexpr int days = 12;

class facts_maker {
public:
    explicit facts_maker(unsigned seed) : random_(seed) {}
    int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

    stay_facts operator()(std::int32_t day)
    {
        stay_facts one;
        one.stay = stay_id::make();
        one.day = day;
        one.band = static_cast<hour_band>(below(5));
        one.quality = below(6) == 0 ? discharge_quality::date_only : discharge_quality::movement;
        one.establishment = "990000010";
        const int service = below(6);
        one.service = service == 5 ? "" : "UF" + std::to_string(service);
        one.site = service == 5 ? "" : "S" + std::to_string(service / 2);
        one.group = service > 3 ? "" : "GH" + std::to_string(service / 3);
        one.patient_class = below(2) == 0 ? "I" : "O";
        if (below(8) == 0) one.exclusion = below(2) == 0 ? "SEANCE" : "OPPOSED";
        one.discharge = instant(24h * day) + std::chrono::milliseconds(below(86'400'000));
        one.j0_deadline = instant(24h * (day + 1));
        one.h48_deadline = one.discharge + 48h;
        one.hand_over_told = below(2) == 0;
        one.handed_over = one.hand_over_told && below(2) == 0;
        one.has_letter = below(5) > 0;
        if (one.has_letter) take_letter(one);
        return one;
    }

private:
    void take_letter(stay_facts& one)
    {
        one.letter_type = below(4) == 0 ? "34112-3" : "11490-0";
        one.crh_as_letter = one.letter_type == "34112-3";
        one.doctor_assumed = below(5) == 0;
        one.recipient_operator = "op" + std::to_string(below(3)) + ".mssante.example";
        one.addressee = {"ST" + std::to_string(below(3)), "CMS", "10", "9" + std::to_string(below(3))};
        if (below(4) == 0) one.no_address = below(2) == 0 ? cause::no_mailbox : cause::closed;
        one.deliveries.accepted = below(3);
        if (below(4) == 0) {
            one.deliveries.failed = 2;
            one.deliveries.failures = {{cause::mailbox_full, 1}, {cause::no_mailbox, 1}};
        }
        one.deliveries.read = below(2);
        one.deliveries.filing_refused = below(2);
        one.deliveries.repeated = below(2);
        one.other_channel = below(6) == 0;
        one.other_channel_in_time = one.other_channel && below(2) == 0;
        if (below(4) == 0) return;
        one.signed_at = one.discharge + std::chrono::milliseconds(below(90'000'000)) - 1h;
        if (below(6) == 0) one.signed_at.reset();
        one.received_at = one.discharge + std::chrono::milliseconds(below(90'000'000));
        one.stop = *one.received_at + std::chrono::milliseconds(below(100'000'000));
        one.j0_met = *one.stop < one.j0_deadline;
        one.h48_met = one.j0_met || *one.stop <= one.h48_deadline;
        one.confirmed = below(2) == 0;
    }

    std::minstd_rand random_;
};

std::string packed(const std::vector<stay_facts>& all)
{
    fact_packer pack;
    for (const stay_facts& one : all) pack.add(one);
    return pack.bytes();
}

std::vector<stay_facts> day_of(facts_maker& make, int count)
{
    std::vector<stay_facts> all;
    for (int n = 0; n < count; ++n) all.push_back(make(first_day));
    return all;
}

std::string text_of(const std::optional<std::chrono::milliseconds>& lag)
{
    return lag ? std::to_string(lag->count()) : "never";
}

// Everything, exactly.
std::string text_of(const period_figures& all)
{
    std::string text = std::to_string(all.discharges) + " " + std::to_string(all.excluded) + " " +
                       std::to_string(all.eligible) + " " + std::to_string(all.crh_as_letter) + " " +
                       std::to_string(all.doctor_assumed) + "\n";
    for (const auto& [code, n] : all.exclusions) text += code + " " + std::to_string(n) + "\n";
    for (const indicator& one : all_indicators()) {
        const rate& r = all.*one.figure;
        text += std::string(one.key) + " " + std::to_string(r.numerator) + "/" + std::to_string(r.denominator) + " " +
                std::to_string(r.pending) + "\n";
    }
    for (const auto* causes : {&all.no_address_causes, &all.failures})
        for (const auto& [why, n] : *causes) text += std::string(name(why)) + " " + std::to_string(n) + "\n";
    for (const lag_segment& one : all_lags()) {
        const lag_summary& lag = all.*one.figure;
        text += std::string(one.key) + " " + std::to_string(lag.median.count) + " " + text_of(lag.median.value) + " " +
                text_of(lag.p95.value) + "\n";
    }
    return text;
}

// Lags by sorting, as domain.md §5 says it.
lag_summary summary_of(std::vector<std::optional<std::chrono::milliseconds>> lags)
{
    std::sort(lags.begin(), lags.end(), [](const auto& a, const auto& b) { return a && (!b || *a < *b); });
    lag_summary made;
    made.median.count = made.p95.count = static_cast<std::int64_t>(lags.size());
    if (lags.empty()) return made;
    made.median.value = lags[(lags.size() + 1) / 2 - 1];
    made.p95.value = lags[(95 * lags.size() + 99) / 100 - 1];
    return made;
}

period_figures fold(const std::vector<stay_facts>& stays, instant now)
{
    figures_builder all;
    std::vector<std::optional<std::chrono::milliseconds>> lag, writing, submission, relay;
    for (const stay_facts& one : stays) {
        all.add(one, now);
        if (!one.exclusion.empty()) continue;
        const bool timed = one.quality != discharge_quality::date_only;
        if (timed && !standing_of(one, now).h48_pending)
            lag.push_back(one.stop ? lag_of(one, *one.stop) : std::nullopt);
        if (!one.stop) continue;
        if (timed && one.signed_at) writing.emplace_back(*one.signed_at - one.discharge);
        if (one.signed_at) submission.emplace_back(*one.received_at - *one.signed_at);
        relay.emplace_back(*one.stop - *one.received_at);
    }
    period_figures made = all.figures();
    made.lag = summary_of(lag);
    made.writing = summary_of(writing);
    made.submission = summary_of(submission);
    made.relay = summary_of(relay);
    return made;
}

// A store beside a list of what was put into it.
struct packing : opened_store {
    std::map<std::string, stay_facts> model;
    base::manual_wall_clock clock{instant(24h * (first_day + days - 3))};

    // Days are recorded while the facts are known to be of one basis only.
    packing()
    {
        store->write([](ports::transaction& tx) { tx.save_facts_basis("these rules"); }).value();
    }
    void save(const stay_facts& one)
    {
        store->write([&](ports::transaction& tx) { tx.save_facts(one); }).value();
        model[one.stay.text()] = one;
    }
    void remove(const stay_id& stay)
    {
        store->write([&](ports::transaction& tx) { tx.remove_facts(stay); }).value();
        model.erase(stay.text());
    }
    void record()
    {
        static_cast<void>(record_periods(*store, clock, [] { return true; }).value());
    }
    template <class Wanted>
    std::vector<stay_facts> of_model(Wanted wanted) const
    {
        std::vector<stay_facts> all;
        for (const auto& [id, one] : model)
            if (wanted(one)) all.push_back(one);
        std::sort(all.begin(), all.end(), [](const stay_facts& a, const stay_facts& b) {
            return std::pair(a.day, a.stay) < std::pair(b.day, b.stay);
        });
        return all;
    }
    std::vector<stay_facts> read(std::int32_t from, std::int32_t to, const std::string& service = {})
    {
        return ask([&](ports::reader& r) {
            std::vector<stay_facts> all;
            r.read_facts({from, to, service}, [&](const stay_facts& one) { all.push_back(one); });
            std::sort(all.begin(), all.end(), [](const stay_facts& a, const stay_facts& b) {
                return std::pair(a.day, a.stay) < std::pair(b.day, b.stay);
            });
            return all;
        });
    }
    std::set<std::int32_t> packs()
    {
        return tell<std::set<std::int32_t>>("SELECT day FROM fact_pack", [](sqlite3_stmt* row, auto& into) {
            into.insert(sqlite3_column_int(row, 0));
        });
    }
    void run(const std::string& sql)
    {
        tell<int>(sql, [](sqlite3_stmt*, int&) {});
    }

private:
    template <class Found, class Take>
    Found tell(const std::string& sql, Take take)
    {
        sqlite3* database = nullptr;
        sqlite3_stmt* statement = nullptr;
        REQUIRE(sqlite3_open(options.path.c_str(), &database) == SQLITE_OK);
        REQUIRE(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
        Found found{};
        while (sqlite3_step(statement) == SQLITE_ROW) take(statement, found);
        sqlite3_finalize(statement);
        CHECK(sqlite3_close(database) == SQLITE_OK);
        return found;
    }
};

void check_figures(packing& h, const scope& where)
{
    const day_range range{std::chrono::sys_days(std::chrono::days(first_day)),
                          std::chrono::sys_days(std::chrono::days(first_day + days))};
    const instant now = h.clock.now();
    const auto found = h.ask([&](ports::reader& r) { return build_scoped_figures(r, range, where, {}, now); });
    const auto is_in = [&](const stay_facts& one) {
        if (!where.service.empty()) return one.service == (where.service == unassigned ? "" : where.service);
        return where.group.empty() || one.group == where.group;
    };
    CHECK(text_of(found.totals) == text_of(fold(h.of_model(is_in), now)));
    std::set<std::string> services, dates;
    for (const stay_facts& one : h.of_model(is_in)) {
        services.insert(key_of(one, found.by));
        dates.insert(key_of(one, breakdown::day));
    }
    CHECK(found.over_time.size() == dates.size());
    for (const auto& [key, figures] : found.over_time)
        CHECK(text_of(figures) == text_of(fold(h.of_model([&, &key = key](const stay_facts& one) {
                  return is_in(one) && key_of(one, breakdown::day) == key;
              }),
                                               now)));
    if (found.by == breakdown::none) return;
    CHECK(found.parts.size() == services.size());
    for (const auto& [key, figures] : found.parts)
        CHECK(text_of(figures) == text_of(fold(h.of_model([&, &key = key](const stay_facts& one) {
                  return is_in(one) && key_of(one, found.by) == key;
              }),
                                               now)));
}
}

TEST_CASE("a pack gives back the facts that went in", "[pack]")
{
    facts_maker make(GENERATE(1U, 2U, 3U));
    std::vector<stay_facts> all = day_of(make, 50);
    stay_facts edge = make(first_day);
    edge.discharge = instant::min();
    edge.stop = edge.j0_deadline = instant::max();
    edge.signed_at = instant::min();
    edge.deliveries.accepted = std::numeric_limits<std::int32_t>::max();
    edge.deliveries.failures = {{cause::unknown, std::numeric_limits<std::int32_t>::min()}};
    edge.patient_class = std::string(3000, 'x') + '\0' + "\xff";
    all.push_back(edge);
    all.push_back({});
    all.back().day = first_day;
    std::vector<stay_facts> back;
    CHECK(unpack_facts(packed(all), first_day, [&](const stay_facts& one) { back.push_back(one); }) == unpacking::done);
    CHECK(back == all);
}

TEST_CASE("a pack of another version is not read, a damaged one is told", "[pack]")
{
    facts_maker make(4);
    const std::vector<stay_facts> all = day_of(make, 6);
    const std::string bytes = packed(all);
    const auto none = [](const stay_facts&) { FAIL("given a stay"); };
    CHECK(unpack_facts("", first_day, none) == unpacking::another_version);
    CHECK(unpack_facts("\x02" + bytes.substr(1), first_day, none) == unpacking::another_version);
    std::set<std::size_t> ends{1, bytes.size()};
    fact_packer growing;
    for (const stay_facts& one : all) growing.add(one), ends.insert(growing.bytes().size());
    for (std::size_t cut = 1; cut <= bytes.size(); ++cut) {
        const auto read = unpack_facts(std::string_view(bytes).substr(0, cut), first_day, [](const stay_facts&) {});
        CHECK((read == unpacking::done) == ends.contains(cut));
    }
    std::minstd_rand random(5);
    for (int n = 0; n < 3000; ++n) {
        std::string wrong = bytes;
        wrong[1 + random() % (wrong.size() - 1)] = static_cast<char>(random());
        static_cast<void>(unpack_facts(wrong, first_day, [](const stay_facts&) {}));
    }
    for (const std::string wrong : {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x01", "\x80",
                                    "\xfe\x01"
                                    "a"})
        CHECK(unpack_facts("\x01" + wrong, first_day, none) == unpacking::damaged);
}

TEST_CASE("a recorded day is packed; what changes a fact of it drops its pack in the same unit", "[pack]")
{
    packing h;
    facts_maker make(6);
    for (int n = 0; n < 4; ++n) h.save(make(first_day + n % 2));
    CHECK(h.packs().empty());
    h.record();
    const std::set<std::int32_t> both{first_day, first_day + 1}, second{first_day + 1};
    REQUIRE(h.packs() == both);
    const auto of_first = [&] { return h.of_model([](const stay_facts& one) { return one.day == first_day; }); };
    SECTION("another verdict")
    {
        stay_facts one = of_first().front();
        one.confirmed = !one.confirmed;
        h.save(one);
        CHECK(h.packs() == second);
    }
    SECTION("all but its day and service")
    {
        const stay_facts before = of_first().front();
        stay_facts one = make(first_day);
        one.stay = before.stay;
        one.service = before.service;
        h.save(one);
        CHECK(h.packs() == second);
    }
    SECTION("another service")
    {
        stay_facts one = of_first().front();
        one.service += "2";
        h.save(one);
        CHECK(h.packs() == second);
    }
    SECTION("one more stay")
    {
        h.save(make(first_day));
        CHECK(h.packs() == second);
    }
    SECTION("a stay goes")
    {
        h.remove(of_first().front().stay);
        CHECK(h.packs() == second);
    }
    SECTION("a stay moves to another day")
    {
        stay_facts one = of_first().front();
        one.day = first_day + 1;
        h.save(one);
        CHECK(h.packs().empty());
    }
    SECTION("a stay moves to a day that has no pack")
    {
        stay_facts one = of_first().front();
        one.day = first_day + 5;
        h.save(one);
        CHECK(h.packs() == second);
    }
    SECTION("somebody else writes")
    {
        h.run("UPDATE stay_fact SET read = read + 1 WHERE day = " + std::to_string(first_day));
        CHECK(h.packs() == second);
        h.run("INSERT INTO period_changed VALUES (" + std::to_string(first_day) + ")");
        for (auto& [id, one] : h.model)
            if (one.day == first_day) ++one.deliveries.read;
    }
    SECTION("a unit that fails leaves it")
    {
        const auto failed = h.store->write([&](ports::transaction& tx) {
            tx.remove_facts(of_first().front().stay);
            throw std::runtime_error("no");
        });
        CHECK_FALSE(failed.has_value());
        CHECK(h.packs() == both);
    }
    SECTION("its traces expire")
    {
        REQUIRE(h.store->freeze_day(first_day, h.clock.now()).value() == relay::store::freezing::done);
        CHECK(h.packs() == second);
        for (const stay_facts& one : of_first()) h.model.erase(one.stay.text());
    }
    const auto every = h.of_model([](const stay_facts&) { return true; });
    CHECK(h.read(first_day, first_day + days) == every);
    h.record();
    CHECK(h.read(first_day, first_day + days) == every);
    std::set<std::int32_t> recorded;
    for (const stay_facts& one : every) recorded.insert(one.day);
    CHECK(h.packs() == recorded);
}

TEST_CASE("a pack this program cannot read gives way to the rows; a damaged one is an error", "[pack]")
{
    packing h;
    facts_maker make(7);
    for (int n = 0; n < 6; ++n) h.save(make(first_day + n % 3));
    h.record();
    const auto every = h.of_model([](const stay_facts&) { return true; });
    h.run("UPDATE fact_pack SET facts = x'63' WHERE day = " + std::to_string(first_day + 1));
    CHECK(h.read(first_day, first_day + 3) == every);
    h.run("UPDATE fact_pack SET facts = x'01ff' WHERE day = " + std::to_string(first_day + 1));
    const auto read = h.store->read([&](ports::reader& r) {
        r.read_facts({first_day, first_day + 3, ""}, [](auto&) {});
    });
    REQUIRE(read.has_error());
    CHECK(read.error() == store_errc::damaged);
}

TEST_CASE("figures are the fold over the stays, whatever is closed, changed or open", "[pack]")
{
    packing h;
    facts_maker make(GENERATE(range(1U, 7U)));
    const int units = 25;
    for (int unit = 0; unit < units; ++unit) {
        for (int n = make.below(20); n >= 0; --n) {
            const auto every = h.of_model([](const stay_facts&) { return true; });
            if (every.empty() || make.below(3) > 0) {
                h.save(make(first_day + make.below(days)));
                continue;
            }
            stay_facts one = every[static_cast<std::size_t>(make.below(static_cast<int>(every.size())))];
            if (make.below(4) == 0) {
                h.remove(one.stay);
                continue;
            }
            stay_facts other = make(make.below(2) == 0 ? one.day : first_day + make.below(days));
            other.stay = one.stay;
            h.save(other);
        }
        if (make.below(3) == 0) h.record();
        const std::int32_t from = first_day - 1 + make.below(days), to = from + make.below(days);
        CHECK(h.read(from, to) == h.of_model([&](const stay_facts& one) { return one.day >= from && one.day < to; }));
    }
    h.record();
    h.save(make(first_day));
    CHECK(h.packs().size() > 2);
    for (const scope& where : {scope{}, scope{"GH0", "", ""}, scope{"", "", "UF1"}, scope{"", "", "-"}})
        check_figures(h, where);
}

TEST_CASE("a recorded day without a pack is packed when it is looked at again, without a revision", "[pack]")
{
    packing h;
    facts_maker make(8);
    for (int n = 0; n < 6; ++n) h.save(make(first_day + n % 3));
    h.record();
    h.run("DELETE FROM fact_pack");
    h.run("INSERT INTO period_changed SELECT DISTINCT day FROM period_record");
    h.record();
    CHECK(h.packs() == std::set{first_day, first_day + 1, first_day + 2});
    CHECK(h.ask([&](ports::reader& r) { return r.retention().last_record(first_day); })->revision == 1);
}
