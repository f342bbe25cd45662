#include "relay/app/load_watch.hpp"

#include <algorithm>
#include <fstream>

#include <sys/statvfs.h>
#include <unistd.h>

#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

namespace relay::app {
using namespace pipeline;
namespace {
std::uint64_t positive(std::int64_t value)
{
    return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

std::uint64_t resident_octets()
{
    std::ifstream in("/proc/self/statm");
    std::uint64_t all = 0, resident = 0;
    in >> all >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Where it cannot be told, the store will: nothing is refused for not knowing.
std::uint64_t free_octets(const std::filesystem::path& folder)
{
    struct statvfs info {};
    if (::statvfs(folder.c_str(), &info) != 0) return ~std::uint64_t{0};
    return std::uint64_t{info.f_bavail} * info.f_frsize;
}

constexpr obs::gauge gauge_of(load_driver driver)
{
    switch (driver) {
        case load_driver::slots: return obs::gauge::load_slots_percent;
        case load_driver::queue: return obs::gauge::load_queue_percent;
        case load_driver::disk: return obs::gauge::load_disk_percent;
        case load_driver::memory: return obs::gauge::load_memory_percent;
        case load_driver::commits:
        case load_driver::count_: break;
    }
    return obs::gauge::load_commits_percent;
}
}

load_measures load_watch::measure()
{
    const auto limits = limits_.get();
    load_measures now;
    now.connections =
        positive(obs::value(obs::gauge::smtp_connections_open) + obs::value(obs::gauge::mllp_connections_open) +
                 obs::value(obs::gauge::imap_connections_open));
    now.connections_limit = limits->connections;
    now.queue_octets = positive(obs::value(obs::gauge::queue_octets));
    now.queue_octets_limit = limits->queue_octets;
    now.free_octets = free_octets(limits->data);
    now.reserve_octets = limits->reserve_octets;
    now.memory_octets = resident_octets();
    now.memory_octets_limit = limits->memory_octets;
    const std::uint64_t commits = obs::value(obs::counter::store_commits);
    if (commits != commits_seen_) now.commit_microseconds = positive(obs::value(obs::gauge::store_commit_microseconds));
    commits_seen_ = commits;  // without commits nothing is known to be slow
    now.commit_microseconds_limit = limits->commit_microseconds;
    obs::set(obs::gauge::memory_octets, static_cast<std::int64_t>(now.memory_octets));
    return now;
}

void load_watch::sample()
{
    const load_pressures now = pressures_of(measure());
    const load_state before = state_;
    state_ = level_.update(now);
    for (std::size_t i = 0; i < load_drivers; ++i) obs::set(gauge_of(static_cast<load_driver>(i)), now[i]);
    obs::set(obs::gauge::load_state, static_cast<std::int64_t>(state_.load()));
    if (state_ == before) return;
    const auto worst = static_cast<load_driver>(std::max_element(now.begin(), now.end()) - now.begin());
    obs::warn(obs::event::load_changed, "from={} to={} driver={} percent={}", name(before), name(state_.load()),
              name(worst), *std::max_element(now.begin(), now.end()));
}

boost::json::object load_watch::facts() const
{
    boost::json::object all{{"state", name(state_.load())}};
    for (std::size_t i = 0; i < load_drivers; ++i) {
        const auto driver = static_cast<load_driver>(i);
        all[name(driver)] = boost::json::object{{"percent", obs::value(gauge_of(driver))}};
    }
    return all;
}

ports::recipient_verdict gated_sink::check_recipient(std::string_view address, const ports::session_facts& from)
{
    if (load_.is_refusing()) return ports::recipient_verdict::no_space;
    return to_.check_recipient(address, from);
}

ports::store_verdict gated_sink::store(const ports::mail_envelope& envelope, std::string_view message,
                                       const ports::session_facts& from)
{
    if (load_.is_refusing()) return ports::store_verdict::no_space;
    return to_.store(envelope, message, from);
}
}
