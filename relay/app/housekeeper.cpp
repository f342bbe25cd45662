#include "relay/app/housekeeper.hpp"

#include "relay/io/files.hpp"
#include "relay/obs/log.hpp"

namespace relay::app {
namespace {
using namespace std::chrono_literals;
constexpr auto turn = 500ms;
constexpr int turns_between_expiries = 120;  // a minute
constexpr int turns_between_warnings = 20;   // ten seconds
constexpr int turns_between_reroutes = 600;  // five minutes: certificates become valid, an import met an intake
}

housekeeper::housekeeper(pipeline::intake* in, pipeline::outbound& out, std::optional<ack_files> acknowledgements,
                         std::function<void()> look)
    : in_(in), out_(out), acknowledgements_(std::move(acknowledgements)), look_(std::move(look))
{
}

housekeeper::~housekeeper()
{
    stop();
}

void housekeeper::start()
{
    thread_ = std::thread([this] { run(); });
}

void housekeeper::stop()
{
    {
        std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void housekeeper::run()
{
    for (int count = 0;; ++count) {
        try {
            look_();
            write_acknowledgements();
            if (count % turns_between_expiries == 0)
                if (auto late = out_.expire(); late.has_value() && *late > 0)
                    obs::warn(obs::event::delivery_overdue, "count={}", *late);
            if (count % turns_between_warnings == 0)
                (void)out_.warn_late();  // it logs; a failure shows in the next turn
            if (in_ != nullptr && count % turns_between_reroutes == 0)
                (void)in_->route_again();  // a failure shows in the next turn
        } catch (const std::exception&) {
            obs::error(obs::event::task_failed, "task=housekeeper");
        }
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, turn, [this] { return stopping_; })) break;
    }
    try {
        write_acknowledgements();
    } catch (const std::exception&) {
        obs::error(obs::event::task_failed, "task=acknowledgements");
    }
}

// Written first, done after: a crash in between writes the same file again.
void housekeeper::write_acknowledgements()
{
    constexpr std::size_t at_once = 100;
    if (!acknowledgements_) return;
    auto rows = acknowledgements_->queue.waiting(at_once);
    if (!rows.has_value() || rows->empty()) return;
    std::vector<pipeline::ack_queue::due_ack> done;
    for (auto& one : *rows) {
        if (auto written = io::write_file_atomic(acknowledgements_->folder / one.file_name, one.content);
            !written.has_value()) {
            obs::error(obs::event::spool_failed, "step=zam code={}", written.error().value());
            if (written.error() == boost::system::errc::no_space_on_device) break;
            continue;  // one name that cannot be written does not keep the others back
        }
        done.push_back(std::move(one));
    }
    if (!done.empty() && acknowledgements_->queue.written(done).has_value())
        obs::info(obs::event::ack_written, "count={}", done.size());
}
}
