// What people are shown: everything escaped, every rate with its counts, nothing out of nothing.
#include <catch2/catch.hpp>

#include "relay/http/assets.hpp"
#include "relay/http/html.hpp"
#include "relay/http/indicators_view.hpp"
#include "relay/http/layout.hpp"
#include "relay/http/response.hpp"
#include "relay/http/worklist_view.hpp"

using namespace relay;
using namespace relay::http;
using namespace std::chrono_literals;

namespace {
bool holds(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

const std::string hostile = "<script>alert('1')</script>\"&";

mime::zone paris()
{
    return *mime::find_zone("Europe/Paris");
}

pipeline::period_figures some_figures()
{
    pipeline::period_figures t;
    t.discharges = 1234;
    t.excluded = 3;
    t.exclusions[hostile] = 3;
    t.eligible = 1231;
    t.j0 = {1000, 1200, 31};
    t.h48 = {1100, 1150, 81};
    t.lag.median = {1150, 2h + 5min};
    t.lag.p95 = {1150, std::nullopt};
    t.no_address_causes[pipeline::cause::no_mailbox] = 7;
    return t;
}

indicators_data some_data()
{
    indicators_data data;
    data.first = std::chrono::year(2026) / 11 / 16;
    data.last = std::chrono::year(2026) / 11 / 22;
    data.now = pipeline::instant(std::chrono::sys_days(std::chrono::year(2026) / 11 / 22));
    data.closing = data.now + 48h;
    data.figures.totals = some_figures();
    data.figures.by = pipeline::breakdown::service;
    data.figures.parts.emplace(hostile, some_figures());
    data.figures.over_time.emplace("2026-11-20", some_figures());
    data.figures.revisions[20'776] = {3, data.now};  // 2026-11-19
    return data;
}
}

TEST_CASE("one function escapes everything that is no constant", "[http][html]")
{
    CHECK(escape("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
    CHECK(escape("été \u202f–") == "été \u202f–");
    CHECK(escape(std::string_view("a\0\x1b\x7f\t\n", 6)) == "a\ufffd\ufffd\ufffd\t\n");
    html out;
    out << "<p";
    out.attribute("title", hostile) << ">";
    out.text(hostile);
    CHECK(out.octets() == "<p title=\"" + escape(hostile) + "\">" + escape(hostile));
    CHECK(url_value("UF 01&é") == "UF%2001%26%C3%A9");
}

TEST_CASE("numbers as they are read here", "[http][html]")
{
    CHECK(number_text(0) == "0");
    CHECK(number_text(999) == "999");
    CHECK(number_text(1000) == "1\u202f000");
    CHECK(number_text(-1234567) == "-1\u202f234\u202f567");
    CHECK(percent_text(5, 6) == "83,3\u202f%");
    CHECK(percent_text(1, 1) == "100,0\u202f%");
    CHECK(percent_text(0, 3) == "0,0\u202f%");
    CHECK(percent_text(1, 2000) == "0,1\u202f%");
    CHECK(percent_text(0, 0) == "–");
}

TEST_CASE("the page of the rates", "[http][views]")
{
    const pipeline::organisation sites;
    std::string page = write_indicators(some_data(), sites, paris());
    CHECK_FALSE(holds(page, "<script>alert"));
    CHECK(holds(page, "1\u202f000 sur 1\u202f200 · 31 en attente · 3 exclues"));
    CHECK(holds(page, "83,3\u202f%"));
    CHECK(holds(page, "non atteint"));
    CHECK(holds(page, "19/11/2026, révision 3 du 22/11/2026 01:00."));
    CHECK(holds(page, "provisoires"));
    CHECK(holds(page, "data-value=\"0.833333\""));
    CHECK(holds(page, "NO_MAILBOX"));
    CHECK(holds(page, "/indicateurs?from=2026-11-16&amp;to=2026-11-22&amp;service=%3Cscript%3E"));
    indicators_data closed = some_data();
    closed.now = closed.closing;
    closed.facts = currency::being_recomputed;
    page = write_indicators(closed, sites, paris());
    CHECK(holds(page, "Période close"));
    CHECK(holds(page, "en cours de recalcul"));
}

TEST_CASE("nothing discharged is no rate, never 0 or 100", "[http][views]")
{
    indicators_data data = some_data();
    data.figures = {};
    const std::string page = write_indicators(data, pipeline::organisation(), paris());
    CHECK(holds(page, "<strong>–</strong><small>0 sur 0 · 0 en attente · 0 exclue</small>"));
    CHECK_FALSE(holds(page, "%</strong>"));
}

TEST_CASE("the worklist", "[http][views]")
{
    worklist_data data;
    data.now = base::instant(std::chrono::sys_days(std::chrono::year(2026) / 11 / 20)) + 13h;
    data.services.push_back({hostile, hostile});
    data.service = hostile;
    CHECK(holds(write_worklist(data, paris()), "Rien à traiter"));
    worklist_line line;
    line.reference = line.service = line.what = line.state = line.action = line.actor = hostile;
    line.since = data.now - 25h;
    line.deadline = data.now - 1h;
    line.weight = gravity::grave;
    data.lines.push_back(line);
    line.deadline = data.now + 3h;
    line.assigned_to = hostile;
    data.lines.push_back(line);
    data.next = "50&";
    const std::string page = write_worklist(data, paris());
    CHECK_FALSE(holds(page, "<script>"));
    CHECK(holds(page, "dépassée de 1 h 00"));
    CHECK(holds(page, "dans 3 h 00"));
    CHECK(holds(page, "20/11/2026 13:00"));  // in Paris
    CHECK(holds(page, "2026-11-20T12:00:00Z"));
    CHECK(holds(page, "&amp;after=50%26"));
    CHECK(holds(page, " selected>"));
    CHECK_FALSE(holds(page, "Début de la liste"));
    data.page = worklist_data::position::later;
    CHECK(holds(write_worklist(data, paris()), "Début de la liste"));
}

TEST_CASE("an error page says its code", "[http][views]")
{
    const std::string page = write_error_page(facts_of(make_error_code(errc::not_found)));
    CHECK(holds(page, "NOT_FOUND"));
    CHECK(holds(page, "<html lang=\"fr\">"));
}

TEST_CASE("heads of responses", "[http][response]")
{
    response made;
    made.content = std::string("abc");
    const base::instant now(std::chrono::sys_days(std::chrono::year(2026) / 11 / 6) + 8h + 49min + 37s);
    std::string head = write_head(made, persistence::keep, now);
    CHECK(head.starts_with("HTTP/1.1 200 OK\r\nDate: Fri, 06 Nov 2026 08:49:37 GMT\r\n"));
    CHECK(head.ends_with("Connection: keep-alive\r\n\r\n"));
    for (const auto field :
         {"Content-Length: 3\r\n", "Cache-Control: no-store\r\n", "X-Content-Type-Options: nosniff\r\n",
          "Referrer-Policy: no-referrer\r\n", "Content-Security-Policy: default-src 'none';"})
        CHECK(holds(head, field));
    CHECK_FALSE(holds(head, "unsafe-inline"));
    made.status = 405;
    CHECK(holds(write_head(made, persistence::close, now), "Allow: GET, HEAD\r\n"));
    made.status = 503;
    CHECK(holds(write_head(made, persistence::close, now), "Retry-After: 5\r\n"));
    made.status = 304;
    made.cache = caching::by_tag;
    made.tag = "\"t\"";
    head = write_head(made, persistence::close, now);
    CHECK(holds(head, "ETag: \"t\"\r\n"));
    CHECK(holds(head, "Cache-Control: no-cache\r\n"));
    CHECK_FALSE(holds(head, "Content-Length"));
    CHECK(holds(head, "Connection: close\r\n"));
}

TEST_CASE("assets are in the program, each with a tag of its own", "[http][assets]")
{
    REQUIRE(all_assets().size() == 4);
    for (const asset& one : all_assets()) {
        CHECK(one.octets.size() > 200);
        CHECK(find_asset(one.path) == &one);
        CHECK(one.tag.size() == 18);
    }
    CHECK(holds(find_asset("/assets/chart.js")->octets.substr(0, 300), "Chart.js v3"));
    CHECK(find_asset("/assets/../style.css") == nullptr);
    CHECK(find_asset("/assets/") == nullptr);
}
