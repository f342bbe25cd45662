// tests/simulation/truth.hpp: what happened to a simulated stay, as the simulator made it happen, and the figures that
// follow. Written apart from the product: nothing of its folds, clocks or zones is used here. Days and hours by the
// rules of the European Union (last Sundays of March and October, 01:00 UTC) or a fixed offset.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace simulation {
using instant = std::chrono::sys_time<std::chrono::milliseconds>;

enum class signal { accepted, proof, refusal, read, filed, not_filed, begun_anew };
struct told_signal {
    instant at{};
    signal what{};
};
struct truth_letter {
    std::string type;
    instant signed_at{}, received_at{};
    std::vector<told_signal> signals;  // what reached the relay about the doctor's mail, in time
    bool failed_for_good = false;      // refused with 5yz, and not tried again
    bool unreachable_at_first = false;
};
enum class place { metropolitan, reunion };
struct truth_stay {
    std::string visit, group, service;
    place where = place::metropolitan;
    std::optional<instant> discharge;  // as the hospital has it in the end
    std::string exclusion;
    std::vector<truth_letter> letters;
};

struct counts {
    std::int64_t discharges = 0, excluded = 0;
    std::int64_t j0 = 0, j0_of = 0, j0_pending = 0;
    std::int64_t h48 = 0, h48_of = 0, h48_pending = 0;
    std::int64_t confirmed = 0, stops = 0;
    std::int64_t no_letter = 0, no_address = 0, with_letter = 0;
    std::int64_t deliveries_accepted = 0, deliveries_failed = 0, known_read = 0, filing_refused = 0;
    std::vector<double> lags;  // seconds; infinity for never
    std::vector<double> relay_lags;
};
struct figures {
    counts all;
    std::map<std::string, counts> by_group;
};

[[nodiscard]] std::chrono::seconds offset_at(instant at, place where);
[[nodiscard]] std::int32_t local_day(instant at, place where);  // days since 1970-01-01
[[nodiscard]] figures judge(const std::vector<truth_stay>& stays, instant now);
// Nearest rank; nullopt without values.
[[nodiscard]] std::optional<double> at_rank(std::vector<double> values, int percent);
}
