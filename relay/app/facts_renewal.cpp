#include "relay/app/facts_renewal.hpp"

#include "relay/obs/log.hpp"

namespace relay::app {
void facts_renewal::start(pipeline::facts_keeper keeper)
{
    stop();
    going_ = true;
    thread_ = std::thread([this, keeper = std::move(keeper)] {
        const auto done = keeper.renew(store_, [this] { return going_.load(); });
        if (!done.has_value())
            obs::error(obs::event::store_failed, "step=facts code={}", done.error().message());
        else if (*done == pipeline::facts_keeper::renewal::done)
            obs::info(obs::event::facts_derived, "");
    });
}

void facts_renewal::stop()
{
    going_ = false;
    if (thread_.joinable()) thread_.join();
}
}
