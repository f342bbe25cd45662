#include "relay/app/housekeeper.hpp"

#include "relay/io/files.hpp"
#include "relay/obs/log.hpp"

namespace relay::app {
namespace {
using namespace std::chrono_literals;
constexpr auto pause = 500ms;
constexpr std::size_t acks_at_once = 200;
constexpr auto longest_writing = 500ms;
constexpr int turns_between_expiries = 120;  // a minute
constexpr int turns_between_warnings = 20;   // ten seconds
constexpr int turns_between_reroutes = 600;  // five minutes: certificates become valid
}

housekeeper::housekeeper(source services_now, std::optional<std::filesystem::path> acknowledgements,
                         std::function<void()> look)
    : services_now_(std::move(services_now)), acknowledgements_(std::move(acknowledgements)), look_(std::move(look))
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

void housekeeper::route_again_soon()
{
    {
        std::scoped_lock lock(mutex_);
        reroute_ = true;
    }
    changed_.notify_all();
}

void housekeeper::turn(int count, const services& now)
{
    look_();
    write_acknowledgements(*now.acks);
    if (count % turns_between_warnings == 0) (void)now.out->warn_late();  // it logs; a failure shows in the next turn
    if (count % turns_between_expiries == 0)
        if (auto late = now.out->expire(); late.has_value() && *late > 0)
            obs::warn(obs::event::delivery_overdue, "count={}", *late);
    bool changed = false;
    {
        std::scoped_lock lock(mutex_);
        changed = std::exchange(reroute_, false);
    }
    if (!now.in) return;
    if (changed)  // a failure shows in the next turn
        (void)now.in->route_again();
    else if (count % turns_between_reroutes == 0)
        (void)now.in->route_some_again();
}

void housekeeper::run()
{
    for (int count = 0;; ++count) {
        try {
            const base::step_clock::step now(at_);
            turn(count, services_now_());
        } catch (const std::exception&) {
            obs::error(obs::event::task_failed, "task=housekeeper");
        }
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, pause, [this] { return stopping_ || reroute_; });
        if (stopping_) break;
    }
    try {
        write_acknowledgements(*services_now_().acks);
    } catch (const std::exception&) {
        obs::error(obs::event::task_failed, "task=acknowledgements");
    }
}

// Many at once are written in several parts of one turn.
void housekeeper::write_acknowledgements(pipeline::ack_queue& queue)
{
    if (!acknowledgements_) return;
    const auto until = std::chrono::steady_clock::now() + longest_writing;
    while (write_some(queue) && std::chrono::steady_clock::now() < until) {
    }
}

// Written first, done after: a crash in between writes the same file again. True: some are done, and more may wait.
bool housekeeper::write_some(pipeline::ack_queue& queue)
{
    auto rows = queue.waiting(acks_at_once);
    if (!rows.has_value() || rows->empty()) return false;
    const bool is_full = rows->size() == acks_at_once;
    std::vector<pipeline::ack_queue::due_ack> done;
    for (auto& one : *rows) {
        if (auto written = io::replace_file(*acknowledgements_ / one.file_name, one.content); !written.has_value()) {
            obs::error(obs::event::spool_failed, "step=zam code={}", written.error().value());
            if (written.error() == boost::system::errc::no_space_on_device) break;
            continue;  // one name that cannot be written does not keep the others back
        }
        done.push_back(std::move(one));
    }
    if (done.empty()) return false;
    if (auto synced = io::sync_folder(*acknowledgements_); !synced.has_value()) {
        obs::error(obs::event::spool_failed, "step=zam code={}", synced.error().value());
        return false;
    }
    if (!queue.written(done).has_value()) return false;
    obs::info(obs::event::ack_written, "count={}", done.size());
    return is_full;
}
}
