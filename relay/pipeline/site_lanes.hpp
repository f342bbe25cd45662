// relay/pipeline/site_lanes.hpp: which site the mail of each domain goes to, as far as somebody has looked, and which
// of a site's domains the store is asked for next. The queue is kept by domain, paces and turns by site: domains with
// the same mail hosts are one (design.md §5). Pure: no I/O, points in time are handed in; one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/pipeline/model.hpp"
#include "relay/pipeline/site_pace.hpp"

namespace relay::pipeline {
struct site_limits {
    std::size_t domains = 8192;    // remembered; past that, those whose time is over are forgotten
    std::size_t looking = 256;     // at once
    std::size_t lanes_a_turn = 8;  // of one site, asked for in one turn
};

class site_lanes {
public:
    explicit site_lanes(site_limits limits = {}) : limits_(limits) {}

    // nullptr: nobody has looked yet.
    [[nodiscard]] const std::string* site_of(std::string_view domain) const;
    [[nodiscard]] bool is_known(std::string_view domain, steady_time now) const;
    // True if somebody may look now: from here on somebody does, until learn() or end_look(). Those that were looked
    // for before take no more than half of the places: names that fail again and again keep no new one waiting.
    [[nodiscard]] bool begin_look(std::string_view domain, steady_time now);
    void end_look(std::string_view domain) noexcept;  // nothing was learned
    // The site that the domain has left for another one; nullopt if it has not.
    std::optional<std::string> learn(std::string_view domain, std::string site, steady_time until);
    // Routes may have changed: all are looked for again, and stay where they are until then.
    void expire() noexcept;
    // Of the domains of one site with something to send: the one with the soonest deadline, the others in turn.
    [[nodiscard]] std::vector<queue_lane> choose(const std::string& site, std::vector<queue_lane> due);

private:
    struct place {
        std::optional<std::string> site;
        steady_time until = steady_time::min();
        bool looking = false;
    };
    void forget_old(steady_time now);

    site_limits limits_;
    std::size_t looking_ = 0;
    std::map<std::string, place, std::less<>> places_;  // by domain
    std::map<std::string, std::string> turns_;          // by site: the domain that was asked for last
};
}
