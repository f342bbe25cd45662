// relay/pipeline/alerts.hpp: what is told to people without their asking (domain.md §7): once when it begins, once when
// it ends, never once per retry. Conditions hold or not; what was told is known; the news is the difference. No patient
// data: services, counts, domains, instants (domain.md §10 rule 1). Pure.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "relay/pipeline/worklist.hpp"

namespace relay::pipeline {
enum class alert_kind {
    no_letter,  // the attention marks of domain.md §7, of one service
    j0_missed,
    h36_passed,
    h48_missed,
    disputed,     // letters whose addressee says they are not for him, of one service
    directory,    // warnings of the watch on misrouting
    peer,         // a domain that takes nothing for 30 min
    queue,        // the oldest that waits is too old
    load,         // the node takes nothing new in
    certificate,  // of ours, about to expire
    count_        // keep last
};
[[nodiscard]] std::string_view name(alert_kind value) noexcept;
[[nodiscard]] std::optional<alert_kind> alert_kind_from(std::string_view word) noexcept;
[[nodiscard]] std::string_view label_of(alert_kind value) noexcept;   // French
[[nodiscard]] std::string_view action_of(alert_kind value) noexcept;  // French: what to do
// Of one service: told to its people, at their hours. The others are the operator's, at any hour.
[[nodiscard]] bool is_of_service(alert_kind value) noexcept;
// Derived from lines of the worklist that are told together, by service.
[[nodiscard]] bool is_of_lines(alert_kind value) noexcept;
[[nodiscard]] std::string alert_key(alert_kind kind, std::string_view subject, std::string_view item);

// Whether people hear of what holds.
enum class alert_voice {
    loud,   // told when it begins
    quiet,  // goes on, and nobody is told: older than the window, or put off by a person; loud again it begins again
    unseen  // a look that has a bound did not come to it: neither a beginning nor an end
};
struct alert_condition {
    alert_kind kind = alert_kind::no_letter;
    std::string subject;     // code of a service, domain, name of a certificate; empty: the node
    std::int64_t count = 1;  // of what it is about now
    instant since{};         // of the oldest
    std::string item{};      // line of the worklist (an id of ours, of nobody), of what is told one by one
    alert_voice voice = alert_voice::loud;
    [[nodiscard]] std::string key() const { return alert_key(kind, subject, item); }
};
struct told_alert {
    alert_kind kind = alert_kind::no_letter;
    std::string subject;
    instant told_at{};
    std::string item{};
    alert_voice voice = alert_voice::loud;  // or quiet
    [[nodiscard]] std::string key() const { return alert_key(kind, subject, item); }
};

struct alert_news {
    std::vector<alert_condition> begun;
    std::vector<told_alert> ended;
    std::vector<told_alert> hushed{};  // quiet from now on: remembered, told to nobody
    [[nodiscard]] bool says_something() const noexcept { return !begun.empty() || !ended.empty(); }
    [[nodiscard]] bool empty() const noexcept { return !says_something() && hushed.empty(); }
};
// By key, whatever the order of what is given; of two conditions of one key the more audible counts.
[[nodiscard]] alert_news news_of(std::span<const alert_condition> now, std::span<const told_alert> told);

// The hours of the local day at which people of a service are told: [from, to) in minutes; from > to spans midnight,
// equal: always.
struct alert_hours {
    int from = 0;
    int to = 0;
};
[[nodiscard]] bool is_within(const alert_hours& hours, instant now, const mime::zone& where);

// Who is told what. Empty lists: every service, and every kind; a list of services keeps to those of services.
struct alert_rule {
    std::vector<std::string> to;  // addresses
    std::set<std::string, std::less<>> services;
    bool all_services = true;
    bool node = true;  // what is of no service as well
    std::set<alert_kind> kinds;
    alert_hours hours;
    std::vector<std::string> digests;  // groups whose weekly digest they get
};
[[nodiscard]] bool concerns(const alert_rule& rule, alert_kind kind, std::string_view subject);

// What of the conditions and of what was told is told by this rule at this hour: outside the hours of a service neither
// its beginnings nor its ends are.
struct alert_round {
    std::vector<alert_condition> now;
    std::vector<told_alert> told;
};
[[nodiscard]] alert_round round_of(const alert_rule& rule, std::span<const alert_condition> now,
                                   std::span<const told_alert> told, instant at, const mime::zone& where);

// Lines of the worklist as conditions: of a service together, disputes one by one, since each is a letter that may lie
// with the wrong person. Lines that are done count no more; those put off, and those whose last deadline is not behind
// `window`, keep what began from being over.
class line_alerts {
public:
    explicit line_alerts(instant window) : window_(window) {}
    void add(const work_item& line);
    [[nodiscard]] bool has(alert_kind kind, const std::string& service) const;
    [[nodiscard]] std::vector<alert_condition> conditions() const;

private:
    instant window_;
    std::map<std::string, alert_condition> found_;  // by key
};

// For people, in French: subject and text of a mail.
struct alert_text {
    std::string subject, body;
};
[[nodiscard]] alert_text write_alert(const alert_news& news, const organisation& sites, std::string_view node,
                                     instant now, const mime::zone& where);
// For programs: {"node", "at", "begun": [...], "ended": [...]}.
[[nodiscard]] std::string write_alert_json(const alert_news& news, const organisation& sites, std::string_view node,
                                           instant now);
}
