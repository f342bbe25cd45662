// `liaison handed-over FILE`: patients got their copy of the letter (domain.md §2, §5). No national message tells so; a
// site that knows it writes a CSV, separator ';', no header: visit number (PV1-19), then the instant in the site's
// zone. Told twice is told once.
#include <fstream>
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/command_tools.hpp"

namespace relay::app {
namespace json = boost::json;
namespace {
struct read_list {
    json::array visits;
    std::size_t bad_line = 0;  // 0: none
};

// "2026-11-20T14:30" or "20261120143000"
std::optional<pipeline::instant> instant_of(std::string_view text, const mime::zone& zone)
{
    std::string digits;
    for (const char c : text)
        if (c != '-' && c != ':' && c != 'T' && c != ' ' && c != '\r') digits += c;
    const auto read = mime::read_timestamp(digits);
    if (!read || read->precision == mime::time_precision::day) return std::nullopt;
    return mime::to_utc(*read, zone).at;
}

read_list read_file(std::istream& in, const mime::zone& zone)
{
    read_list all;
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        const auto bar = line.find(';');
        const auto at =
            bar == std::string::npos ? std::nullopt : instant_of(std::string_view(line).substr(bar + 1), zone);
        if (bar == 0 || !at) {
            all.bad_line = number;
            return all;
        }
        all.visits.push_back(json::object{{"visit", line.substr(0, bar)}, {"at", at->time_since_epoch().count()}});
    }
    return all;
}
}

int run_handed_over(const console& to, const config::path& settings, const config::path& file)
{
    const auto prepared = prepare_reading(settings);
    if (!prepared.made) {
        tell(to, prepared.mistakes);
        return exit_settings;
    }
    std::ifstream in(file);
    if (!in) {
        to.err << "fichier illisible : " << file.string() << "\n";
        return exit_failed;
    }
    read_list all = read_file(in, prepared.made->zone);
    if (all.bad_line != 0) {
        to.err << "ligne " << all.bad_line << " : « numéro de venue;AAAA-MM-JJTHH:MM » est attendu\n";
        return exit_usage;
    }
    const auto result =
        change(to, settings, {"hand_over", {{"visits", std::move(all.visits)}, {"actor", current_user()}}});
    if (!result) return exit_failed;
    if (to.format == output_format::json) {
        to.out << json::serialize(*result) << "\n";
        return 0;
    }
    const auto count = [&](std::string_view key) { return result->at(key).to_number<std::int64_t>(); };
    to.out << count("done") << " remise(s) notée(s), " << count("already") << " déjà connue(s), " << count("unknown")
           << " séjour(s) inconnu(s)\n";
    return 0;
}
}
