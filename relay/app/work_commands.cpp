// `liaison worklist` and what people say of its lines. Our ids, codes and dates only: no identity of a patient.
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/command_tools.hpp"
#include "relay/pipeline/ports/worklist.hpp"

namespace relay::app {
namespace json = boost::json;
using namespace pipeline;
namespace {
std::string_view name(work_item::standing value)
{
    switch (value) {
        case work_item::standing::open: return "open";
        case work_item::standing::snoozed: return "snoozed";
        case work_item::standing::done: break;
    }
    return "done";
}

json::object json_of(const work_item& item, instant now, const mime::zone& zone, language in)
{
    const bool is_french = in == language::french;
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - item.since).count();
    json::object out{{"item", item.id},
                     {"kind", pipeline::name(item.kind)},
                     {"service", item.service},
                     {"site", item.site},
                     {"group", item.group},
                     {"letter", item.letter.text()},
                     {"stay", item.stay.text()},
                     {"word", item.word},
                     {"cause", item.why == cause::none ? "" : pipeline::name(item.why)},
                     {"mark", pipeline::name(item.mark)},
                     {"label", item.label},
                     {"first_actor", is_french ? item.actor_label : item.first_actor},
                     {"action", is_french ? item.action : item.action_en},
                     {"since", iso_time(item.since, zone)},
                     {"age_seconds", age},
                     {"stands", name(item.stands)},
                     {"assigned_to", item.assigned_to},
                     {"until", time_or_null(item.until, zone)},
                     {"reason", item.reason},
                     {"domain", item.domain},
                     {"count", item.count}};
    out["deadline"] = time_or_null(item.has_deadline ? std::optional(item.deadline) : std::nullopt, zone);
    return out;
}

std::string shown_standing(const work_item& item, const mime::zone& zone)
{
    if (item.stands == work_item::standing::snoozed) return "remis au " + local_time(*item.until, zone);
    if (item.stands == work_item::standing::done) return "traité : " + item.reason;
    return item.assigned_to.empty() ? "" : "→ " + item.assigned_to;
}

table table_of(const work_page& page, instant now, const mime::zone& zone, language in)
{
    table rows{
        {{"échéance"}, {"service"}, {"depuis", align::right}, {"quoi"}, {"qui"}, {"à faire"}, {"suivi"}, {"ligne"}},
        {}};
    const bool is_french = in == language::french;
    for (const work_item& item : page.items) {
        const std::string late = item.has_deadline && item.deadline <= now ? " !" : "";
        rows.rows.push_back({item.has_deadline ? local_time(item.deadline, zone) + late : "–",
                             item.service.empty() ? "–" : item.service, duration(now - item.since),
                             is_french ? item.label : item.word, is_french ? item.actor_label : item.first_actor,
                             is_french ? item.action : item.action_en, shown_standing(item, zone), item.id});
    }
    return rows;
}

// nullopt after telling what is wrong.
std::optional<work_query> query_of(const console& to, const worklist_request& wanted, const organisation& sites)
{
    work_query query;
    query.limit = wanted.limit;
    query.shown = wanted.all ? work_query::lines::all : work_query::lines::open;
    if (!wanted.service.empty())
        query.services = {wanted.service};
    else if (!wanted.site.empty())
        query.services = services_of_site(sites, wanted.site);
    else if (!wanted.group.empty())
        query.services = services_of_group(sites, wanted.group);
    if (query.services.empty() && !(wanted.site.empty() && wanted.group.empty())) {
        to.err << "aucun service dans ce site ou ce groupe : voir [[site]] des réglages\n";
        return std::nullopt;
    }
    if (wanted.after.empty()) return query;
    query.after = read_work_place(wanted.after);
    if (query.after) return query;
    to.err << "--after attend la valeur donnée à la fin de la page précédente\n";
    return std::nullopt;
}

int act(const console& to, const config::path& settings, const control::request& what, std::string_view said)
{
    const auto result = change(to, settings, what);
    if (!result) return exit_failed;
    if (to.format == output_format::json)
        to.out << json::serialize(*result) << "\n";
    else
        to.out << said << "\n";
    return 0;
}

// A time the person gave, in the zone of the settings; nullopt after telling what is wrong.
std::optional<std::int64_t> milliseconds_of(const console& to, const config::path& settings, const std::string& text)
{
    const auto prepared = prepare_reading(settings);
    if (!prepared.made) {
        tell(to, prepared.mistakes);
        return std::nullopt;
    }
    const auto at = read_site_time(text, prepared.made->zone);
    if (!at) {
        to.err << "une date AAAA-MM-JJ ou AAAA-MM-JJTHH:MM est attendue\n";
        return std::nullopt;
    }
    return at->time_since_epoch().count();
}
}

int run_worklist(const console& to, const config::path& settings, const worklist_request& wanted)
{
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    const auto query = query_of(to, wanted, from->parts->sites);
    if (!query) return 2;
    const instant now = base::system_wall_clock().now();
    work_page page;
    const bool good = read_all(
        to, *from, [&](ports::reader& store) { page = read_worklist(store, *query, from->parts->sites, now); });
    if (!good) return exit_failed;
    const mime::zone& zone = from->parts->zone;
    if (to.format == output_format::json) {
        json::array items;
        for (const work_item& item : page.items) items.push_back(json_of(item, now, zone, to.words));
        to.out << json::serialize(json::object{{"now", iso_time(now, zone)},
                                               {"items", std::move(items)},
                                               {"next", page.next ? json::value(text_of(*page.next)) : nullptr}})
               << "\n";
        return 0;
    }
    print(to, table_of(page, now, zone, to.words));
    if (to.format != output_format::table) return 0;
    if (page.items.empty()) to.out << "(rien ne demande quelqu'un)\n";
    if (page.next) to.out << "la suite : --after " << text_of(*page.next) << "\n";
    return 0;
}

int run_assign(const console& to, const config::path& settings, const std::string& item, const std::string& who)
{
    return act(to, settings, {"assign", {{"item", item}, {"to", who}, {"actor", current_user()}}},
               who.empty() ? "plus personne n'en est chargé" : "confié");
}

int run_snooze(const console& to, const config::path& settings, const std::string& item, const std::string& until)
{
    const auto at = milliseconds_of(to, settings, until);
    if (!at) return 2;
    return act(to, settings, {"snooze", {{"item", item}, {"until", *at}, {"actor", current_user()}}},
               "remis à plus tard");
}

int run_done(const console& to, const config::path& settings, const std::string& item, const std::string& reason)
{
    return act(to, settings, {"done", {{"item", item}, {"reason", reason}, {"actor", current_user()}}}, "traité");
}

int run_other_channel(const console& to, const config::path& settings, const std::string& item,
                      const std::string& channel, const std::string& at)
{
    json::object arguments{{"item", item}, {"channel", channel}, {"actor", current_user()}};
    if (!at.empty()) {
        const auto used = milliseconds_of(to, settings, at);
        if (!used) return 2;
        arguments["at"] = *used;
    }
    return act(to, settings, {"other-channel", std::move(arguments)}, "autre canal noté ; l'envoi ne partira plus");
}

int run_exclude(const console& to, const config::path& settings, const std::string& stay, const std::string& reason)
{
    return act(to, settings, {"exclude", {{"item", stay}, {"reason", reason}, {"actor", current_user()}}},
               reason.empty() ? "le séjour compte à nouveau" : "séjour exclu des indicateurs");
}

std::string work_reasons(work_reason_list which)
{
    std::string text;
    for (const coded_reason& one : which == work_reason_list::done        ? done_reasons()
                                   : which == work_reason_list::exclusion ? exclusion_reasons()
                                                                          : other_channels())
        text += (text.empty() ? "" : ", ") + std::string(one.code) + " (" + std::string(one.label) + ")";
    return text;
}
}
