// The metrics page: every metric once, with its HELP and TYPE, in Prometheus's units; health and readiness.
#include <catch2/catch.hpp>

#include <set>
#include <sstream>

#include "relay/http/exposition.hpp"
#include "relay/http/health.hpp"
#include "relay/http/metrics_page.hpp"

using namespace relay;
using namespace relay::http;
using namespace std::chrono_literals;

namespace {
bool holds(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}
}

TEST_CASE("the text format", "[http][metrics]")
{
    exposition out;
    out.family("a_total", "One\\two\nthree \"x\"", obs::metric_kind::counter);
    out.value(3);
    out.family("b", "B.", obs::metric_kind::gauge);
    out.value(0.25, "of", "q\"\\\n");
    CHECK(out.text() ==
          "# HELP a_total One\\\\two\\nthree \"x\"\n# TYPE a_total counter\na_total 3\n"
          "# HELP b B.\n# TYPE b gauge\nb{of=\"q\\\"\\\\\\n\"} 0.25\n");
}

TEST_CASE("every counter and gauge has words", "[obs][metrics]")
{
    for (const obs::sample& one : obs::snapshot()) {
        CAPTURE(one.name);
        CHECK(obs::help_of(one.name) != one.name);
    }
    CHECK(obs::help_of("relay_unheard_of") == "relay_unheard_of");
}

TEST_CASE("a page of metrics", "[http][metrics]")
{
    metrics_facts facts;
    facts.node.phase = phase::serving;
    facts.node.load = pipeline::load_state::stressed;
    facts.node.longest_step = 1500ms;
    facts.node.sites = {{"s1", 4, 2, 8, false}, {"s2", 3, 0, 1, true}};
    facts.counts.deliveries[pipeline::delivery_state::held] = 5;
    facts.marks[pipeline::attention::h48_missed] = 2;
    facts.deferred[pipeline::cause::peer_down] = 9;
    facts.domains_on_hold = 1;
    const std::string text = write_metrics(facts);
    std::set<std::string> families;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("# TYPE ")) CHECK(families.insert(line.substr(7, line.find(' ', 7) - 7)).second);
    CHECK(families.size() > 50);
    for (const auto one :
         {"relay_node_phase{phase=\"serving\"} 1\n", "relay_load_state{state=\"stressed\"} 1\n",
          "relay_load_state{state=\"normal\"} 0\n", "relay_longest_step_seconds 1.5\n",
          "relay_sites{state=\"dead\"} 1\n", "relay_sites_waiting_deliveries 7\n",
          "relay_deliveries{state=\"held\"} 5\n", "relay_deliveries{state=\"failed\"} 0\n",
          "relay_attention_stays{mark=\"h48_missed\"} 2\n", "relay_deferred_deliveries{cause=\"PEER_DOWN\"} 9\n",
          "relay_held_domains 1\n", "relay_build_info{version="})
        CHECK(holds(text, one));
    CHECK_FALSE(holds(text, "octets"));
    CHECK_FALSE(holds(text, "percent"));
    CHECK_FALSE(holds(text, "microseconds"));
    CHECK_FALSE(holds(text, "\"s1\""));  // sites are named after recipients' domains
}

TEST_CASE("alive and ready say why not", "[http][health]")
{
    node_facts node;
    node.phase = phase::serving;
    CHECK(alive(node).status == 200);
    node.longest_step = 60s - 1ms;
    CHECK(alive(node).status == 200);
    node.longest_step = 60s;
    CHECK(alive(node).status == 503);
    CHECK(holds(alive(node).octets(), "STEP_STUCK"));
    CHECK(ready(node, store_state::writable).status == 200);
    node.load = pipeline::load_state::stressed;
    CHECK(ready(node, store_state::writable).status == 200);
    node.load = pipeline::load_state::refusing;
    node.phase = phase::draining;
    const response made = ready(node, store_state::not_writable);
    CHECK(made.status == 503);
    for (const auto code : {"DRAINING", "STORE_NOT_WRITABLE", "REFUSING_LOAD"}) CHECK(holds(made.octets(), code));
    CHECK_FALSE(holds(made.octets(), "STARTING"));
    node.phase = phase::starting;
    CHECK(holds(ready(node, store_state::writable).octets(), "STARTING"));
}
