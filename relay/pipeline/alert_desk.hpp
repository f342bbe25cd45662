// relay/pipeline/alert_desk.hpp: looks at what holds now, and tells those of the rules what began or ended since they
// were told: by mail in the queue, or as a post to a web address, in the unit that remembers it. So a restart tells
// nothing twice and forgets nothing. What is older than the window is told no more, and is not over for that. Blocking:
// one worker thread.
#pragma once

#include <functional>

#include "relay/pipeline/ports/notices.hpp"
#include "relay/pipeline/services.hpp"

namespace relay::pipeline {
struct alert_options {
    std::string node;  // name of the node
    std::string from;  // address of the sender
    std::vector<alert_rule> rules;
    bool webhook = false;               // posts wait for whoever sends them
    std::chrono::hours window{7 * 24};  // what is older is the digest's, disputes aside
    std::chrono::minutes peer{30};      // domain.md §7
    std::chrono::minutes queue{120};
    organisation sites;
    mime::zone zone;
};
// Beyond `lines_of_a_service` it is "so many or more": what stands further on neither begins nor ends. A post waits for
// one that nobody took.
struct alert_limits {
    std::size_t lines_at_once = 1000;
    std::size_t lines_of_a_service = 20'000;
    std::int64_t posts = 1000;
};

class alert_desk {
public:
    alert_desk(services with, alert_options options, alert_limits limits = {})
        : with_(with), options_(std::move(options)), limits_(limits)
    {
    }
    // `of_the_node`: what only the running node knows (load, certificates). How many were told something.
    [[nodiscard]] result<std::size_t> look(std::span<const alert_condition> of_the_node);

private:
    [[nodiscard]] result<std::vector<alert_condition>> conditions(std::span<const alert_condition> of_the_node);
    // Of the worklist's lines; `told`: what anybody was told of them.
    [[nodiscard]] result<void> add_lines(std::vector<alert_condition>& to, const std::string& service,
                                         std::span<const told_alert> told, instant now);
    bool walk_lines(ports::reader& store, const std::string& service, instant from, instant now,
                    const std::function<bool(const work_item&)>& wanted) const;
    [[nodiscard]] result<bool> remember(std::string_view whom, const alert_news& news, instant at);
    [[nodiscard]] result<bool> tell(const alert_rule& rule, const std::string& to,
                                    std::span<const alert_condition> now);
    [[nodiscard]] result<bool> post(std::span<const alert_condition> now);
    [[nodiscard]] result<std::vector<told_alert>> told(std::string_view whom);

    services with_;
    alert_options options_;
    alert_limits limits_;
};
}
