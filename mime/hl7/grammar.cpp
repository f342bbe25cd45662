#include "mime/hl7/grammar.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace mime::hl7 {
namespace {
// An NTE belongs to the OBR or to the OBX before it, and what may follow differs.
constexpr std::string_view note_of_order = "OBR/NTE";

struct successor {
    std::string_view name;
    std::array<std::string_view, 4> after;  // the rest is empty
};

constexpr std::array mdm_order = {
    successor{"SFT", {"MSH", "SFT"}},
    successor{"UAC", {"MSH", "SFT"}},
    successor{"EVN", {"MSH", "SFT", "UAC"}},
    successor{"PID", {"EVN"}},
    successor{"PV1", {"PID"}},
    successor{"ORC", {"PV1"}},
    successor{"TQ1", {"ORC", "TQ1", "TQ2"}},
    successor{"TQ2", {"TQ1", "TQ2"}},
    successor{"OBR", {"ORC", "TQ1", "TQ2"}},
    successor{note_of_order, {"OBR", note_of_order}},
    successor{"TXA", {"OBR", note_of_order}},
    successor{"OBX", {"TXA", "OBX", "PRT", "NTE"}},
    successor{"PRT", {"OBX", "PRT"}},
    successor{"NTE", {"OBX", "PRT", "NTE"}},
};

constexpr std::array oru_order = {
    successor{"SFT", {"MSH", "SFT"}},
    successor{"UAC", {"MSH", "SFT"}},
    successor{"PID", {"MSH", "SFT", "UAC"}},
    successor{"PV1", {"PID"}},
    successor{"ORC", {"PID", "PV1"}},
    successor{"ORC", {"OBX", "PRT", "NTE"}},  // a further group
    successor{"OBR", {"ORC"}},
    successor{note_of_order, {"OBR", note_of_order}},
    successor{"TQ1", {"OBR", note_of_order, "TQ1"}},
    successor{"OBX", {"OBR", note_of_order, "TQ1"}},
    successor{"OBX", {"OBX", "PRT", "NTE"}},
    successor{"PRT", {"OBX", "PRT"}},
    successor{"NTE", {"OBX", "PRT", "NTE"}},
};

using order = std::span<const successor>;

bool known(order rules, std::string_view name)
{
    return std::any_of(rules.begin(), rules.end(), [&](const successor& rule) { return rule.name == name; });
}

bool may_follow(order rules, std::string_view name, std::string_view before)
{
    return std::any_of(rules.begin(), rules.end(), [&](const successor& rule) {
        return rule.name == name && std::find(rule.after.begin(), rule.after.end(), before) != rule.after.end();
    });
}

void check_order(checker& check, const message& message, order rules)
{
    std::string_view before = "MSH";
    for (const segment& each : message.segments()) {
        std::string_view name = each.name();
        if (!known(rules, name)) continue;
        if (name == "NTE" && (before == "OBR" || before == note_of_order)) name = note_of_order;
        if (!may_follow(rules, name, before)) {
            // One misplaced segment makes its neighbours look misplaced: the first says it all.
            check.fail(condition::segment_sequence, each.location(),
                       "Segment mal placé après " + std::string(before.substr(0, 3)));
            return;
        }
        before = name;
    }
    if (before == "OBX" || before == "PRT" || before == "NTE") return;
    check.fail(condition::segment_sequence, "OBX^" + std::to_string(message.count("OBX") + 1),
               "Aucun OBX sous le dernier OBR");
}
}

bool check_segments(checker& check, const message& message, structure expected)
{
    const bool mdm = expected == structure::mdm_t02;
    bool complete = true;
    const auto once = [&](std::string_view name) { complete = check.only(message, name).has_value() && complete; };
    const auto at_least_once = [&](std::string_view name) {
        if (message.count(name) > 0) return;
        check.fail(condition::segment_sequence, std::string(name) + "^1", "Segment obligatoire absent");
        complete = false;
    };
    if (mdm) {
        for (const std::string_view name : {"EVN", "PID", "PV1", "ORC", "OBR", "TXA"}) once(name);
    } else {
        once("PID");
        if (message.count("PV1") > 1) once("PV1");
        for (const std::string_view name : {"ORC", "OBR"}) at_least_once(name);
    }
    at_least_once("OBX");
    // With a segment missing or doubled, those around it would be called misplaced too.
    if (check.good()) check_order(check, message, mdm ? order(mdm_order) : order(oru_order));
    return complete;
}
}
