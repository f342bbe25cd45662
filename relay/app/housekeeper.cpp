#include "relay/app/housekeeper.hpp"

#include "relay/io/files.hpp"
#include "relay/obs/log.hpp"

namespace relay::app {
namespace {
using namespace std::chrono_literals;
constexpr auto turn = 500ms;
constexpr int turns_between_expiries = 120;  // a minute
constexpr int turns_between_reroutes = 600;  // five minutes: certificates become valid, an import met an intake
}

housekeeper::housekeeper(pipeline::services with, pipeline::intake* in, pipeline::outbound& out,
                         std::filesystem::path acknowledgements)
    : with_(with), in_(in), out_(out), acknowledgements_(std::move(acknowledgements))
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
            if (in_ != nullptr) write_acknowledgements();
            if (count % turns_between_expiries == 0)
                if (auto late = out_.expire(); late.has_value() && *late > 0)
                    obs::warn(obs::event::delivery_overdue, "count={}", *late);
            if (in_ != nullptr && count % turns_between_reroutes == 0)
                (void)in_->route_again();  // a failure shows in the next turn
        } catch (const std::exception&) {
            obs::error(obs::event::task_failed, "task=housekeeper");
        }
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, turn, [this] { return stopping_; })) break;
    }
    try {
        if (in_ != nullptr) write_acknowledgements();
    } catch (const std::exception&) {
        obs::error(obs::event::task_failed, "task=acknowledgements");
    }
}

// Written first, removed after: a crash in between writes the same file again.
void housekeeper::write_acknowledgements()
{
    constexpr std::size_t at_once = 100;
    std::vector<pipeline::ack_row> rows;
    if (!with_.store.read([&](pipeline::ports::reader& store) { rows = store.pending_acks(at_once); }).has_value() ||
        rows.empty())
        return;
    std::vector<std::int64_t> done;
    for (const pipeline::ack_row& row : rows) {
        const auto name = with_.vault.open_field(pipeline::field::ack_name, row.file_name);
        const auto content = with_.vault.open_field(pipeline::field::ack_content, row.content);
        if (!name.has_value() || !content.has_value()) {
            obs::error(obs::event::vault_failed, "step=ack sequence={}", row.sequence);
            continue;
        }
        if (auto written = io::write_file_atomic(acknowledgements_ / *name, *content); !written.has_value()) {
            obs::error(obs::event::spool_failed, "step=zam code={}", written.error().value());
            if (written.error() == boost::system::errc::no_space_on_device) break;
            continue;  // one name that cannot be written does not keep the others back
        }
        done.push_back(row.sequence);
    }
    if (done.empty()) return;
    const auto removed = with_.store.write([&](pipeline::ports::transaction& tx) {
        for (const std::int64_t sequence : done) tx.remove_ack(sequence);
    });
    if (removed.has_value()) obs::info(obs::event::ack_written, "count={}", done.size());
}
}
