// `liaison digest`: the week of a group, as its mail says it; with --send, to those of the settings.
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/command_tools.hpp"
#include "relay/app/digest_text.hpp"

namespace relay::app {
namespace json = boost::json;
using namespace pipeline;

int run_digest(const console& to, const config::path& settings, const digest_request& wanted)
{
    const auto week = read_week(wanted.week);
    if (!week) {
        to.err << "--week attend une semaine ISO : 2026-W47\n";
        return 2;
    }
    if (wanted.send) {
        const auto result = change(to, settings, {"digest", {{"group", wanted.group}, {"week", wanted.week}}});
        if (!result) return exit_failed;
        to.out << (to.format == output_format::json ? json::serialize(*result) : "bilan mis en file") << "\n";
        return 0;
    }
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    broken_down figures;
    const bool good = read_all(to, *from, [&](ports::reader& store) {
        figures = digest_figures(store, wanted.group, *week, base::system_wall_clock().now());
    });
    if (!good) return exit_failed;
    if (to.format == output_format::csv)
        print(to, digest_table(figures, from->parts->sites));
    else
        to.out << make_digest(wanted.group, *week, figures, from->parts->sites).text;
    return 0;
}
}
