#include "relay/store/group_writer.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include <sys/statvfs.h>

#include "relay/obs/metrics.hpp"
#include "relay/store/errc.hpp"

namespace relay::store {
namespace {
// Pages of the write-ahead log. After each of these steps a thread of its own copies them back beside the writer: a
// page that many commits wrote is copied once. Near the end it does so again and again, until little is left; that the
// writer copies itself, so that the log starts again from its beginning.
constexpr int checkpoint_step_pages = 5000;
constexpr int last_steps_pages = 15000;
constexpr int own_checkpoint_pages = 16000;
// Freed space is given back when there is this much of it, or after this time.
constexpr std::uint64_t give_back_octets = std::uint64_t{32} << 20U;
constexpr std::chrono::seconds give_back_after{1};
constexpr std::chrono::milliseconds reader_pause{50};  // until it is looked again whether the readers have ended

int remember_pages(void* where, sqlite3*, const char*, int pages)
{
    *static_cast<int*>(where) = pages;
    return SQLITE_OK;
}
}

group_writer::group_writer(connection database, const pipeline::ports::vault& vault, const store_options& options)
    : options_(options), database_(std::move(database)), transaction_(database_, vault, options)
{
    sqlite3_wal_hook(database_.handle(), remember_pages, &wal_pages_);  // also turns the automatic checkpoint off
    background_ = std::thread([this] { work_in_background(); });
    thread_ = std::thread([this] { run(); });
}

group_writer::~group_writer()
{
    close();
}

void group_writer::submit(unit work, callback done)
{
    store_errc refusal = store_errc::closed;
    {
        const std::lock_guard lock(mutex_);
        if (!closing_ && queue_.size() < options_.max_waiting) {
            queue_.push_back({std::move(work), std::move(done)});
            wake_.notify_one();
            return;
        }
        if (!closing_) refusal = store_errc::busy;
    }
    done(make_error_code(refusal));
}

void group_writer::close()
{
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
        wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    {
        const std::lock_guard lock(background_mutex_);
        background_closing_ = true;
        background_wake_.notify_one();
    }
    if (background_.joinable()) background_.join();
    give_back(std::exchange(ripe_, {}).spaces);  // there are no readers any more
    give_back(std::exchange(freed_, {}).spaces);
}

void group_writer::run()
{
    for (;;) {
        auto group = next_group();
        if (group.empty()) return;
        commit(group);
        last_group_ = group.size();
        for (auto& each : group) {
            try {
                each.done(each.outcome);
            } catch (...) {  // a callback's own failure must not stop the writer; what it reports about is durable
            }
        }
        checkpoint();
    }
}

std::deque<group_writer::waiting> group_writer::next_group()
{
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    const std::size_t expected = std::min(last_group_, options_.max_group);
    if (queue_.size() < expected)
        wake_.wait_for(lock, options_.gather, [&] { return closing_ || queue_.size() >= expected; });
    std::deque<waiting> group;
    while (!queue_.empty() && group.size() < options_.max_group) {
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    return group;
}

void group_writer::commit(std::deque<waiting>& group)
{
    const auto begun = std::chrono::steady_clock::now();
    try {
        transaction_.begin(space());
        run_units(group);
        transaction_.before_commit();
        database_.run("COMMIT");
        reclaim();
        note_commit(std::chrono::steady_clock::now() - begun);
    } catch (...) {
        const error_code why = error_of_current_exception();
        for (auto& each : group) each.outcome = why;
        obs::add(obs::counter::store_failures);
        transaction_.after_rollback();
        if (database_.in_transaction()) {
            try {
                database_.run("ROLLBACK");
            } catch (...) {  // the next BEGIN will say so
            }
        }
    }
}

// Smoothed, so that one slow fsync is not yet a slow disk.
void group_writer::note_commit(std::chrono::steady_clock::duration took)
{
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    const std::int64_t before = obs::value(obs::gauge::store_commit_microseconds);
    obs::set(obs::gauge::store_commit_microseconds, before + (now - before) / 8);
    obs::add(obs::counter::store_commits);
}

void group_writer::run_units(std::deque<waiting>& group)
{
    for (auto& each : group) {
        transaction_.begin_unit();
        try {
            each.work(transaction_);
            transaction_.derive();
        } catch (...) {
            if (!database_.in_transaction()) throw;  // SQLite undid the whole transaction (full disk, I/O error)
            each.outcome = error_of_current_exception();
            transaction_.undo_unit();
            continue;
        }
        transaction_.keep_unit();
    }
}

// Without memory the space stays taken until a later start; what was committed stands.
void group_writer::reclaim() noexcept
{
    try {
        auto freed = transaction_.after_commit();
        if (freed.empty()) return;
        const std::lock_guard lock(background_mutex_);
        for (const auto& space : freed) freed_.octets += static_cast<std::uint64_t>(space.octets);
        freed_.spaces.insert(freed_.spaces.end(), std::make_move_iterator(freed.begin()),
                             std::make_move_iterator(freed.end()));
        freed_.until = snapshots_.newest();
        background_wake_.notify_one();
    } catch (...) {
        transaction_.after_rollback();
    }
}

void group_writer::checkpoint()
{
    copying_from_ = std::min(copying_from_, wal_pages_);  // it has started again
    if (wal_pages_ < last_steps_pages && wal_pages_ < copying_from_ + checkpoint_step_pages) return;
    copying_from_ = wal_pages_;
    if (wal_pages_ >= own_checkpoint_pages) {
        sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
        return;
    }
    const std::lock_guard lock(background_mutex_);
    checkpoint_wanted_ = true;
    background_wake_.notify_one();
}

void group_writer::work_in_background()
{
    std::optional<connection> database;
    try {
        database.emplace(options_.path, connection::access::read_write);
        database->execute("PRAGMA synchronous = FULL; PRAGMA cache_size = -512");
    } catch (...) {  // it cannot be opened: the writer checkpoints alone
        database.reset();
    }
    std::unique_lock lock(background_mutex_);
    while (!background_closing_) {
        wait_for_work(lock);
        if (!ripe_.spaces.empty() && snapshots_.ended(ripe_.until)) {
            const auto spaces = std::exchange(ripe_, {}).spaces;
            lock.unlock();
            give_back(spaces);
            lock.lock();
        }
        if (!std::exchange(checkpoint_wanted_, false) || !database) continue;
        lock.unlock();
        // A failure is not fatal: the log only grows until the writer does it itself.
        sqlite3_wal_checkpoint_v2(database->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
        lock.lock();
    }
}

// Freed space ripens much at once: neighbours are one hole then, and the file system's journal is left to the commits.
void group_writer::wait_for_work(std::unique_lock<std::mutex>& lock)
{
    const auto wanted = [this] { return background_closing_ || checkpoint_wanted_; };
    if (!ripe_.spaces.empty()) {
        background_wake_.wait_for(lock, reader_pause, wanted);
        return;
    }
    background_wake_.wait(lock, [&] { return wanted() || !freed_.spaces.empty(); });
    if (!freed_.spaces.empty())
        background_wake_.wait_for(lock, give_back_after, [&] { return wanted() || freed_.octets >= give_back_octets; });
    if (!checkpoint_wanted_ || freed_.octets >= give_back_octets) ripe_ = std::exchange(freed_, {});
}

free_space group_writer::space() const
{
    struct statvfs info {};
    if (options_.reserve_octets == 0 || ::statvfs(options_.path.c_str(), &info) != 0) return free_space::enough;
    const std::uint64_t available = std::uint64_t{info.f_bavail} * info.f_frsize;
    return available < options_.reserve_octets ? free_space::below_reserve : free_space::enough;
}
}
