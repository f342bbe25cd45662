// What a running node destroys at its term, and when it does not (domain.md §10 rule 7).
#include "relay/app/node_running.hpp"
#include "relay/obs/log.hpp"

namespace relay::app {
void node::running::start_retention()
{
    retention = std::make_unique<retention_task>([this](const std::function<bool()>& going) {
        if (!is_clock_trusted()) return;
        if (const auto done = purge_now(going); !done.has_value())
            obs::error(obs::event::purge_failed, "step=run code={}", done.error().message());
    });
    retention->start();
}

bool node::running::is_clock_trusted()
{
    std::optional<pipeline::instant> last;
    const auto read = store->read([&](pipeline::ports::reader& reader) { last = reader.retention().last_event_at(); });
    if (!read.has_value()) return false;
    if (trusted_clock.trusts(clock.now(), std::chrono::steady_clock::now(), last)) return true;
    obs::warn(obs::event::purge_failed,
              "step=clock code=\"the clock jumped, or the node was away for a day: nothing is "
              "destroyed for 24 h\"");
    return false;
}

result<pipeline::purge_counts> node::running::purge_now(const std::function<bool()>& going)
{
    const auto part = now->get()->part;
    const pipeline::services with{*store, *part->vault, *directory, clock, part->routes, part->anchors};
    return purge.run(*store, with, *part, [&] { return !stopping && going(); });
}
}
