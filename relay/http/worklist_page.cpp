#include "relay/http/worklist_page.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "relay/pipeline/attention.hpp"
#include "relay/pipeline/period_report.hpp"
#include "relay/pipeline/words.hpp"

namespace relay::http {
using namespace pipeline;
namespace {
constexpr std::chrono::days looked_at{30};  // of discharge

struct mark_words {
    attention mark;
    const char *what, *action, *actor;
    gravity weight;
};
constexpr std::array<mark_words, 4> words{{
    {attention::no_letter_in_the_evening, "sortie sans lettre à 18 h", "faire signer et déposer la lettre avant minuit",
     "secrétariat du service", gravity::plain},
    {attention::j0_missed, "J0 manqué", "faire partir la lettre avant 48 h", "secrétariat du service",
     gravity::warning},
    {attention::h36_passed, "36 h passées", "il reste moins de 12 h : prévoir un autre canal",
     "secrétariat et médecin du service", gravity::warning},
    {attention::h48_missed, "48 h manquées", "remettre la lettre par un autre canal, et le noter",
     "médecin et chef du service", gravity::grave},
}};

std::string named(const organisation& sites, const std::string& code)
{
    const auto label = sites.service_name(code);
    return label.empty() ? code : code + " " + std::string(label);
}

worklist_line line_of(const stay_facts& stay, attention mark, const institution& places, instant now)
{
    const auto& said = *std::find_if(words.begin(), words.end(), [&](const auto& one) { return one.mark == mark; });
    worklist_line line;
    line.reference = stay.stay.text().substr(0, 8);
    line.service = named(places.sites, stay.service);
    line.what = said.what;
    line.state = word(standing_of(stay, now).state, language::french);
    line.action = said.action;
    line.actor = said.actor;
    line.deadline = now < stay.j0_deadline ? stay.j0_deadline : stay.h48_deadline;
    line.since = stay.discharge;
    line.weight = said.weight;
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
    worklist_query wanted{std::string(asked.parameter("service")), 0, lines};
    const auto after = asked.parameter("after");
    if (after.empty()) return wanted;
    const auto [end, wrong] = std::from_chars(after.data(), after.data() + after.size(), wanted.skip);
    if (wrong != std::errc() || end != after.data() + after.size()) return errc::bad_parameter;
    return wanted;
}

worklist_data load_worklist(ports::reader& store, const worklist_query& wanted, const institution& places, instant now)
{
    worklist_data data;
    data.now = now;
    data.service = wanted.service;
    data.services = choices(places.sites);
    data.page = wanted.skip == 0 ? worklist_data::position::first : worklist_data::position::later;
    const auto today = std::chrono::floor<std::chrono::days>(now);
    std::vector<worklist_line> all;
    store.read_facts(query_of({today - looked_at, today + std::chrono::days(2)}, wanted.service),
                     [&](const stay_facts& stay) {
                         if (const auto mark = attention_of(stay, now); mark != attention::none)
                             all.push_back(line_of(stay, mark, places, now));
                     });
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.deadline < b.deadline; });
    const std::size_t from = std::min(wanted.skip, all.size()), to = std::min(from + wanted.lines, all.size());
    data.lines.assign(all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to));
    if (to < all.size()) data.next = std::to_string(to);
    return data;
}
}
