// queue --acks: the business acknowledgements that the hospital's software has not taken yet, or has refused.
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/command_tools.hpp"
#include "relay/app/table.hpp"

namespace relay::app {
namespace json = boost::json;
using namespace pipeline;
namespace {
std::string label(const ack_row& row, language in)
{
    if (in == language::english) return std::string(name(row.kind)) + " " + std::string(name(row.outcome));
    const char* what = row.kind == ack_kind::shared_record ? "DMP (Z01)"
                       : row.kind == ack_kind::reception   ? "réception (Z02)"
                                                           : "lecture (Z03)";
    return what + std::string(row.outcome == ack_outcome::positive ? " : oui" : " : non");
}

std::string state_word(const ack_row& row, language in)
{
    if (in == language::english) return std::string(name(row.state));
    return row.state == ack_state::parked ? "refusé par le DPI" : "en attente";
}

json::object json_of(const ack_row& row, const mime::zone& zone)
{
    return {{"id", row.control_id},
            {"kind", name(row.kind)},
            {"outcome", name(row.outcome)},
            {"letter", row.letter.text()},
            {"delivery", row.delivery.text()},
            {"state", name(row.state)},
            {"attempts", row.attempts},
            {"next_try", iso_time(row.next_try, zone)}};
}
}

int run_acks(const console& to, const config::path& settings)
{
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    constexpr std::size_t most = 10'000;
    std::vector<ack_row> rows;
    ports::queue_counts counts;
    const auto read = from->store->read([&](ports::reader& store) {
        counts = store.counts();
        rows = store.acks_in(ack_state::parked, most);
        for (ack_row& row : store.acks_in(ack_state::waiting, most)) rows.push_back(std::move(row));
    });
    if (!read.has_value()) {
        to.err << "base illisible : " << read.error().message() << "\n";
        return exit_failed;
    }
    const mime::zone& zone = from->parts->zone;
    if (to.format == output_format::json) {
        json::array list;
        for (const ack_row& row : rows) list.push_back(json_of(row, zone));
        to.out << json::serialize(
                      json::object{{"waiting", counts.acks_waiting}, {"parked", counts.acks_parked}, {"acks", list}})
               << "\n";
        return 0;
    }
    table shown{{{"acquittement"}, {"lettre"}, {"quoi"}, {"état"}, {"essais", align::right}, {"prochain essai"}}, {}};
    for (const ack_row& row : rows)
        shown.rows.push_back({row.control_id, row.letter.text(), label(row, to.words), state_word(row, to.words),
                              std::to_string(row.attempts),
                              row.state == ack_state::waiting ? local_time(row.next_try, zone) : ""});
    to.out << (to.format == output_format::csv ? as_csv(shown) : as_text(shown));
    if (to.format == output_format::table) {
        if (rows.empty()) to.out << "(aucun acquittement en attente)\n";
        if (counts.acks_parked > 0)
            to.out << "refusés par le DPI : corriger de son côté, puis liaison requeue ACQUITTEMENT\n";
    }
    return 0;
}
}
