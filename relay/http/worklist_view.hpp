// relay/http/worklist_view.hpp: the page of what asks for a person, oldest deadline first (domain.md §7): cause, next
// action and who acts in French, deadline, state, age. No identity of a patient. Values in, octets out. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mime/text/zone.hpp"
#include "relay/base/clock.hpp"

namespace relay::http {
enum class gravity { plain, warning, grave };

struct worklist_line {
    std::string reference;  // of ours, short: for the command line
    std::string service;    // code and name; empty: nobody knows
    std::string what;       // what is wrong
    std::string state;      // of the delivery or the stay
    std::string action, actor;
    std::optional<base::instant> deadline;  // none: nothing is due
    base::instant since{};
    std::string assigned_to;
    gravity weight = gravity::plain;
};
struct service_choice {
    std::string code, label;
};
struct worklist_data {
    std::vector<worklist_line> lines;
    std::vector<service_choice> services;  // to choose from
    std::string service;                   // chosen; empty: all
    std::string next;                      // where the next page begins; empty: this is the last one
    enum class position { first, later } page = position::first;
    base::instant now{};
};
[[nodiscard]] std::string write_worklist(const worklist_data& data, const mime::zone& zone);
}
