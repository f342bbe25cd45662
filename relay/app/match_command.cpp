// Letters whose stay the ADT feed does not know: `liaison queue --unmatched` lists them with the stays they may be
// about, `liaison match` names one. Our ids, service codes and dates only: no identity of a patient.
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/command_tools.hpp"
#include "relay/app/table.hpp"
#include "relay/pipeline/stay_match.hpp"

namespace relay::app {
namespace json = boost::json;
using namespace pipeline;
namespace {
struct open_letter {
    letter_row letter;
    std::vector<stay_row> candidates;
};

std::vector<open_letter> read_open(ports::reader& store)
{
    constexpr std::size_t most = 1000;
    std::vector<open_letter> found;
    for (const letter_clues& clues : store.open_matches(most)) {
        auto letter = store.letter(clues.letter);
        if (letter) found.push_back({std::move(*letter), candidate_stays(store, clues)});
    }
    return found;
}

std::string shown(const std::optional<instant>& at, const mime::zone& zone)
{
    return at ? local_time(*at, zone) : "–";
}

json::object json_of(const open_letter& one, const mime::zone& zone)
{
    json::array candidates;
    for (const stay_row& stay : one.candidates)
        candidates.push_back(json::object{{"stay", stay.id.text()},
                                          {"service", stay.service},
                                          {"admission", time_or_null(stay.admission, zone)},
                                          {"discharge", time_or_null(stay.discharge, zone)}});
    return {{"letter", one.letter.id.text()},
            {"type", one.letter.type_code},
            {"service", one.letter.service},
            {"received", iso_time(one.letter.received_at, zone)},
            {"candidates", std::move(candidates)}};
}

table table_of(const std::vector<open_letter>& all, const mime::zone& zone)
{
    table rows{
        {{"lettre"}, {"reçue le"}, {"type"}, {"service"}, {"séjour possible"}, {"service"}, {"entrée"}, {"sortie"}},
        {}};
    for (const open_letter& one : all) {
        const std::string received = local_time(one.letter.received_at, zone);
        if (one.candidates.empty())
            rows.rows.push_back(
                {one.letter.id.text(), received, one.letter.type_code, one.letter.service, "aucun", "", "", ""});
        for (const stay_row& stay : one.candidates)
            rows.rows.push_back({one.letter.id.text(), received, one.letter.type_code, one.letter.service,
                                 stay.id.text(), stay.service, shown(stay.admission, zone),
                                 shown(stay.discharge, zone)});
    }
    return rows;
}
}

int run_unmatched(const console& to, const config::path& settings)
{
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    std::vector<open_letter> all;
    const auto done = from->store->read([&](ports::reader& store) { all = read_open(store); });
    if (!done.has_value()) {
        to.err << "base illisible : " << done.error().message() << "\n";
        return exit_failed;
    }
    const mime::zone& zone = from->parts->zone;
    if (to.format == output_format::json) {
        json::array letters;
        for (const open_letter& one : all) letters.push_back(json_of(one, zone));
        to.out << json::serialize(json::object{{"unmatched", std::move(letters)}}) << "\n";
        return 0;
    }
    const table rows = table_of(all, zone);
    to.out << (to.format == output_format::csv ? as_csv(rows) : as_text(rows));
    if (to.format == output_format::table)
        to.out << (all.empty() ? "(toutes les lettres ont leur séjour)\n"
                               : "à faire : liaison match LETTRE SÉJOUR ; les lettres sont parties sans attendre\n");
    return 0;
}

int run_match(const console& to, const config::path& settings, const std::string& letter, const std::string& stay)
{
    const auto result =
        change(to, settings, {"match", {{"letter", letter}, {"stay", stay}, {"actor", current_user()}}});
    if (!result) return exit_failed;
    if (to.format == output_format::json)
        to.out << json::serialize(*result) << "\n";
    else
        to.out << "lettre rattachée à son séjour\n";
    return 0;
}
}
