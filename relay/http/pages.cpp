#include "relay/http/pages.hpp"

#include <array>
#include <charconv>

#include "relay/http/assets.hpp"
#include "relay/http/exposition.hpp"
#include "relay/http/indicators_view.hpp"
#include "relay/http/layout.hpp"
#include "relay/http/metrics_page.hpp"
#include "relay/http/worklist_page.hpp"
#include "relay/obs/log.hpp"
#include "relay/pipeline/facts_keeper.hpp"

namespace relay::http {
using namespace pipeline;
namespace {
constexpr std::chrono::days default_period{7};

response page_of(std::string octets, std::string_view type = type_html)
{
    response made;
    made.content_type = type;
    made.content = std::move(octets);
    return made;
}

response asset_answer(const asset& one, std::string_view known_tag)
{
    response made;
    made.content_type = one.content_type;
    made.content = one.octets;
    made.cache = caching::by_tag;
    made.tag = one.tag;
    // A list of tags, weak ones too (RFC 9110 §13.1.2).
    if (known_tag == "*" || known_tag.find(one.tag) != std::string_view::npos) made.status = 304;
    return made;
}

// The period asked for: both given, or the seven days that end today.
result<day_range> period_of(const request& asked, instant now, const mime::zone& zone, std::chrono::days longest)
{
    const auto from = asked.parameter("from"), to = asked.parameter("to");
    const std::chrono::sys_days today(mime::local_date(now, zone));
    const auto last = to.empty() ? std::optional(today) : read_day(to);
    if (!last) return errc::bad_parameter;
    const auto first = from.empty() ? std::optional(*last - default_period + std::chrono::days(1)) : read_day(from);
    if (!first || *last < *first) return errc::bad_parameter;
    if (*last - *first >= longest) return errc::period_too_long;
    return day_range{*first, *last + std::chrono::days(1)};
}
}

struct pages::route {
    std::string_view path;
    effort needed;
    handler answer;
};

const pages::route* pages::find_route(std::string_view path)
{
    static constexpr std::array<route, 6> routes{{
        {"/", effort::none, &pages::home},
        {"/liste", effort::page, &pages::worklist},
        {"/indicateurs", effort::page, &pages::indicators},
        {"/metrics", effort::probe, &pages::metrics},
        {"/healthz", effort::probe, &pages::health},
        {"/readyz", effort::probe, &pages::readiness},
    }};
    for (const route& one : routes)
        if (one.path == path) return &one;
    return nullptr;
}

effort pages::effort_of(const request& asked) const
{
    const route* found = find_route(asked.path);
    return found == nullptr ? effort::none : found->needed;
}

response pages::answer(const request& asked)
{
    if (const asset* one = find_asset(asked.path)) return asset_answer(*one, asked.known_tag);
    const route* found = find_route(asked.path);
    if (found == nullptr) return refuse(errc::not_found);
    result<response> made = (this->*found->answer)(asked);
    if (made.has_value()) return std::move(*made);
    if (made.error().category() != category())
        obs::error(obs::event::http_failed, "code=PAGE_FAILED why=\"{}\"", made.error().message());
    return refuse(made.error());
}

response pages::refuse(const error_code& why) const
{
    const errc_facts& facts = facts_of(why);
    response made = page_of(write_error_page(facts));
    made.status = facts.status;
    return made;
}

result<response> pages::home(const request&)
{
    response made;
    made.status = 303;
    made.location = "/liste";
    made.content_type = type_text;
    return made;
}

result<response> pages::worklist(const request& asked)
{
    const auto places = from_.places();
    const auto wanted = read_worklist_query(asked, limits_.lines);
    if (wanted.has_error()) return wanted.error();
    worklist_data data;
    const instant now = from_.clock.now();
    const auto done =
        from_.store.read([&](ports::reader& store) { data = load_worklist(store, *wanted, *places, now); });
    if (done.has_error()) return done.error();
    return page_of(write_worklist(data, places->zone));
}

result<response> pages::indicators(const request& asked)
{
    const auto places = from_.places();
    indicators_data data;
    data.now = from_.clock.now();
    const auto days = period_of(asked, data.now, places->zone, limits_.longest_period);
    if (days.has_error()) return days.error();
    data.first = days->from;
    data.last = days->to - std::chrono::days(1);
    data.where = {std::string(asked.parameter("group")), std::string(asked.parameter("site")),
                  std::string(asked.parameter("service"))};
    data.closing = closing_of(*days, places->zone);
    std::string basis;
    const auto done = from_.store.read([&](ports::reader& store) {
        basis = store.facts_basis();
        data.figures = build_scoped_figures(store, *days, data.where, places->sites, data.now);
    });
    if (done.has_error()) return done.error();
    if (basis != facts_keeper(places->sites, places->zone).basis()) data.facts = currency::being_recomputed;
    return page_of(write_indicators(data, places->sites, places->zone));
}

result<response> pages::metrics(const request&)
{
    metrics_facts facts;
    const instant now = from_.clock.now();
    const auto done = from_.store.read([&](ports::reader& store) { facts = gather_metrics(store, now); });
    if (done.has_error()) return done.error();
    facts.node = from_.node();
    return page_of(write_metrics(facts), type_metrics);
}

result<response> pages::health(const request&)
{
    return alive(from_.node(), limits_.health);
}

result<response> pages::readiness(const request&)
{
    return ready(from_.node(), ask_store());
}

// Writes what is there already: nothing less tells a full or read-only disk. Whoever asks often gets the last verdict.
store_state pages::ask_store()
{
    const std::lock_guard alone(asking_);
    const auto now = std::chrono::steady_clock::now();
    if (store_was_ && now - store_was_->first < limits_.store_asked) return store_was_->second;
    const auto written = from_.store.write([](ports::transaction& tx) { tx.save_facts_basis(tx.facts_basis()); });
    const auto state = written.has_value() ? store_state::writable : store_state::not_writable;
    store_was_.emplace(std::chrono::steady_clock::now(), state);
    return state;
}
}
