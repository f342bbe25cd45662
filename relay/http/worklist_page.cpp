#include "relay/http/worklist_page.hpp"

#include <algorithm>

#include "relay/pipeline/words.hpp"

namespace relay::http {
using namespace pipeline;
namespace {
std::string named(const organisation& sites, const std::string& code)
{
    const auto label = sites.service_name(code);
    return label.empty() ? code : code + " " + std::string(label);
}

gravity weight_of(attention mark)
{
    switch (mark) {
        case attention::none:
        case attention::no_letter_in_the_evening: return gravity::plain;
        case attention::j0_missed:
        case attention::h36_passed: return gravity::warning;
        case attention::h48_missed: break;
    }
    return gravity::grave;
}

// Beside what it is called, which says the state of a delivery: the mark of its stay.
std::string state_of(const work_item& item)
{
    switch (item.mark) {
        case attention::none:
        case attention::no_letter_in_the_evening: return {};
        case attention::j0_missed: return item.kind == work_kind::stay ? "" : "J0 manqué";
        case attention::h36_passed: return item.kind == work_kind::stay ? "" : "36 h passées";
        case attention::h48_missed: break;
    }
    return item.kind == work_kind::stay ? "" : "48 h manquées";
}

worklist_line line_of(const work_item& item, const organisation& sites)
{
    worklist_line line;
    line.reference = item.id;
    line.service = named(sites, item.service);
    line.what = item.label;
    line.state = state_of(item);
    line.action = item.action;
    line.actor = item.actor_label;
    if (item.has_deadline) line.deadline = item.deadline;
    line.since = item.since;
    line.assigned_to = item.assigned_to;
    line.weight = weight_of(item.mark);
    return line;
}

std::vector<service_choice> choices(const organisation& sites)
{
    std::vector<service_choice> all;
    for (const site_entry& site : sites.sites())
        for (const auto& [code, label] : site.services) all.push_back({code, named(sites, code)});
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.label < b.label; });
    return all;
}
}

result<worklist_query> read_worklist_query(const request& asked, std::size_t lines)
{
    worklist_query wanted{std::string(asked.parameter("service")), std::nullopt, lines};
    const auto after = asked.parameter("after");
    if (after.empty()) return wanted;
    wanted.after = read_work_place(after);
    if (!wanted.after) return errc::bad_parameter;
    return wanted;
}

worklist_data load_worklist(ports::reader& store, const worklist_query& wanted, const institution& places, instant now)
{
    worklist_data data;
    data.now = now;
    data.service = wanted.service;
    data.services = choices(places.sites);
    data.page = wanted.after ? worklist_data::position::later : worklist_data::position::first;
    work_query query{.services = {}, .limit = wanted.lines, .after = wanted.after};
    if (!wanted.service.empty()) query.services = {wanted.service};
    const work_page page = read_worklist(store, query, places.sites, now);
    for (const work_item& item : page.items) data.lines.push_back(line_of(item, places.sites));
    if (page.next) data.next = text_of(*page.next);
    return data;
}
}
