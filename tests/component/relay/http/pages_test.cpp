// The pages over a real store: which path gives what, figures as the report has them, drill-down, errors as pages.
#include <catch2/catch.hpp>

#include <random>

#include "relay/http/pages.hpp"
#include "relay/pipeline/attention.hpp"
#include "relay/pipeline/facts_keeper.hpp"
#include "relay/pipeline/period_report.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay;
using namespace relay::http;
using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
bool holds(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

// Facts of stays, written as the store has them: what becomes of files is shown elsewhere.
struct site_house : tests::house {
    institution place{
        tests::paris(),
        organisation({{"NORD", "Site Nord", "GH Est", tests::paris(), {{"UF01", "Cardiologie"}, {"UF02", ""}}},
                      {"SUD", "Site Sud", "GH Est", tests::paris(), {{"UF03", "Chirurgie & soins"}}},
                      {"ILE", "Site Île", "GH Mer", tests::paris(), {{"UF04", "Pneumologie"}}}})};
    node_facts node;
    pages site;

    site_house()
        : site({*store, clock, [this] { return std::make_shared<const institution>(place); }, [this] { return node; }})
    {
        node.phase = phase::serving;
        clock.set(tests::local("20261120150000+0100"));
        std::minstd_rand random(1);
        require(store->write([&](ports::transaction& tx) {
            for (int n = 0; n < 300; ++n) tx.save_facts(a_stay(random, n));
            tx.save_facts_basis(facts_keeper(place.sites, place.zone).basis());
        }));
    }
    static void require(const relay::result<void>& done) { REQUIRE(done.has_value()); }

    [[nodiscard]] stay_facts a_stay(std::minstd_rand& random, int n) const
    {
        stay_facts one;
        one.stay = stay_id::make();
        const auto& sites = place.sites.sites();
        const auto& where = sites[static_cast<std::size_t>(n) % 3];
        one.service = where.services.begin()->first;
        one.site = where.code;
        one.group = where.group;
        one.discharge = clock.now() - std::chrono::hours(random() % 200);
        const std::chrono::sys_days day(mime::local_date(one.discharge, place.zone));
        one.day = cohort_of(day);
        one.j0_deadline = mime::start_of_day(std::chrono::year_month_day(day + std::chrono::days(1)), place.zone);
        one.h48_deadline = one.discharge + 48h;
        if (n % 50 == 0) one.exclusion = "SEANCE";
        one.has_letter = random() % 8 > 0;
        if (one.has_letter && random() % 4 > 0) {
            one.received_at = one.signed_at = one.discharge + std::chrono::minutes(random() % 3000);
            one.stop = *one.received_at + 30s;
            one.j0_met = *one.stop < one.j0_deadline;
            one.h48_met = *one.stop <= one.h48_deadline;
            one.deliveries.accepted = 1;
        }
        return one;
    }
    response ask(std::string target)
    {
        const auto read = read_head("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        REQUIRE(read.has_value());
        return site.answer(*read);
    }
    std::string text(const std::string& target)
    {
        const response made = ask(target);
        CHECK(made.status == 200);
        return std::string(made.octets());
    }
    broken_down figures(const std::string& service, breakdown by)
    {
        const std::chrono::sys_days from(std::chrono::year(2026) / 11 / 14);
        return tests::house::ask([&](ports::reader& r) {
            return build_figures(r, query_of({from, from + std::chrono::days(7)}, service), by, clock.now());
        });
    }
};

std::string counts(const rate& r)
{
    return "data-numerator=\"" + std::to_string(r.numerator) + "\" data-denominator=\"" +
           std::to_string(r.denominator) + "\" data-pending=\"" + std::to_string(r.pending) + "\"";
}
}

TEST_CASE("paths", "[http][pages]")
{
    site_house h;
    struct row {
        const char* target;
        unsigned status;
        std::string_view type;
    };
    for (const row& tc : {row{"/liste", 200, type_html},
                          {"/indicateurs", 200, type_html},
                          {"/healthz", 200, type_text},
                          {"/readyz", 200, type_text},
                          {"/metrics", 200, "text/plain; version=0.0.4; charset=utf-8"},
                          {"/assets/style.css", 200, "text/css; charset=utf-8"},
                          {"/liste/", 404, type_html},
                          {"/Liste", 404, type_html},
                          {"/assets/", 404, type_html},
                          {"//liste", 404, type_html},
                          {"/../etc/passwd", 404, type_html},
                          {"/liste?after=x", 400, type_html},
                          {"/indicateurs?from=x", 400, type_html},
                          {"/indicateurs?from=2026-13-01", 400, type_html},
                          {"/indicateurs?from=2026-11-20&to=2026-11-19", 400, type_html},
                          {"/indicateurs?from=2026-02-30&to=2026-11-19", 400, type_html},
                          {"/indicateurs?from=2023-11-19&to=2026-11-20", 200, type_html},
                          {"/indicateurs?from=2023-11-18&to=2026-11-20", 400, type_html}}) {
        CAPTURE(tc.target);
        const response made = h.ask(tc.target);
        CHECK(made.status == tc.status);
        CHECK(made.content_type == tc.type);
    }
    const response home = h.ask("/");
    CHECK(home.status == 303);
    CHECK(home.location == "/liste");
}

TEST_CASE("an asset that is known is not sent again", "[http][pages]")
{
    site_house h;
    const response made = h.ask("/assets/style.css");
    request again;
    again.path = "/assets/style.css";
    again.known_tag = "W/\"x\", " + made.tag;
    CHECK(h.site.answer(again).status == 304);
    again.known_tag = "\"x\"";
    CHECK(h.site.answer(again).status == 200);
}

TEST_CASE("the figures of the page are those of the report, down to the service", "[http][pages]")
{
    site_house h;
    const auto whole = h.figures("", breakdown::group);
    std::string page = h.text("/indicateurs");  // the seven days that end today
    CHECK(holds(page, "value=\"2026-11-14\""));
    CHECK(holds(page, counts(whole.totals.j0)));
    CHECK(holds(page, counts(whole.totals.h48)));
    CHECK(holds(page, "provisoires"));
    CHECK_FALSE(holds(page, "recalcul"));
    REQUIRE(whole.rows.size() == 2);
    for (const auto& [group, t] : whole.rows) CHECK(holds(page, counts(t.j0)));
    CHECK(holds(page, "group=GH%20Est"));

    page = h.text("/indicateurs?group=GH%20Est");
    for (const auto& [site, t] : h.figures("", breakdown::site).rows)
        CHECK(holds(page, "data-key=\"" + site + "\"") == (site != "ILE"));
    CHECK(holds(page, counts(whole.rows.at("GH Est").h48)));
    CHECK(holds(page, "Site Nord"));

    page = h.text("/indicateurs?group=GH%20Est&site=SUD");
    CHECK(holds(page, "UF03 Chirurgie &amp; soins"));
    CHECK(holds(page, counts(h.figures("UF03", breakdown::none).totals.j0)));

    page = h.text("/indicateurs?service=UF03");
    CHECK(holds(page, counts(h.figures("UF03", breakdown::none).totals.no_letter)));
    CHECK_FALSE(holds(page, "t-detail"));
    CHECK(holds(h.text("/indicateurs?group=-"), "0 sortie"));
    CHECK(holds(h.text("/indicateurs?from=2026-01-01&to=2026-11-20"), ">11/2026<"));  // months for long periods
}

TEST_CASE("facts of other sites than those of the settings are said to be on their way", "[http][pages]")
{
    site_house h;
    h.require(h.store->write([](ports::transaction& tx) { tx.save_facts_basis("other"); }));
    CHECK(holds(h.text("/indicateurs"), "recalcul"));
}

TEST_CASE("readiness", "[http][pages]")
{
    site_house h;
    CHECK(h.text("/readyz") == "ready\n");
    h.node.phase = phase::draining;
    const response made = h.ask("/readyz");
    CHECK(made.status == 503);
    CHECK(holds(made.octets(), "DRAINING"));
    CHECK(h.ask("/healthz").status == 200);
    CHECK(h.ask("/liste").status == 200);  // what is known can still be read
}

TEST_CASE("the metrics count what the store has", "[http][pages]")
{
    site_house h;
    std::int64_t late = 0;
    const std::chrono::sys_days today(mime::local_date(h.clock.now(), h.place.zone));
    h.tests::house::ask([&](ports::reader& r) {
        r.read_facts(query_of({today - std::chrono::days(7), today + std::chrono::days(2)}),
                     [&](const stay_facts& stay) {
                         if (attention_of(stay, h.clock.now()) == attention::h48_missed) ++late;
                     });
        return 0;
    });
    CHECK(late > 0);
    CHECK(holds(h.text("/metrics"), "relay_attention_stays{mark=\"h48_missed\"} " + std::to_string(late) + "\n"));
}
