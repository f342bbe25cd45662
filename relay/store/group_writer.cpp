#include "relay/store/group_writer.hpp"

#include <algorithm>

#include <sys/statvfs.h>

#include "relay/obs/metrics.hpp"
#include "relay/store/errc.hpp"

namespace relay::store {
namespace {
// Pages of the write-ahead log: past the first a thread of its own copies them back beside the writer, past the second
// the writer itself does what is left, so that the log starts again from its beginning.
constexpr int background_checkpoint_pages = 2000;
constexpr int own_checkpoint_pages = 16000;

int remember_pages(void* where, sqlite3*, const char*, int pages)
{
    *static_cast<int*>(where) = pages;
    return SQLITE_OK;
}
}

group_writer::group_writer(connection database, const pipeline::ports::vault& vault, const store_options& options)
    : options_(options), database_(std::move(database)), transaction_(database_, vault)
{
    sqlite3_wal_hook(database_.handle(), remember_pages, &wal_pages_);  // also turns the automatic checkpoint off
    checkpointer_ = std::thread([this] { checkpoint_in_background(); });
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
        const std::lock_guard lock(checkpoint_mutex_);
        checkpoint_closing_ = true;
        checkpoint_wake_.notify_one();
    }
    if (checkpointer_.joinable()) checkpointer_.join();
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
        note_commit(std::chrono::steady_clock::now() - begun);
    } catch (...) {
        const error_code why = error_of_current_exception();
        for (auto& each : group) each.outcome = why;
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

void group_writer::checkpoint()
{
    if (wal_pages_ < background_checkpoint_pages) return;
    if (wal_pages_ >= own_checkpoint_pages) {
        sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
        return;
    }
    const std::lock_guard lock(checkpoint_mutex_);
    checkpoint_wanted_ = true;
    checkpoint_wake_.notify_one();
}

void group_writer::checkpoint_in_background()
{
    try {
        connection database(options_.path, connection::access::read_write);
        database.execute("PRAGMA synchronous = FULL; PRAGMA cache_size = -512");
        for (;;) {
            std::unique_lock lock(checkpoint_mutex_);
            checkpoint_wake_.wait(lock, [this] { return checkpoint_closing_ || checkpoint_wanted_; });
            if (checkpoint_closing_) return;
            checkpoint_wanted_ = false;
            lock.unlock();
            // A failure is not fatal: the log only grows until the writer does it itself.
            sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
        }
    } catch (...) {  // the connection could not be opened: the writer checkpoints alone
    }
}

free_space group_writer::space() const
{
    struct statvfs info {};
    if (options_.reserve_octets == 0 || ::statvfs(options_.path.c_str(), &info) != 0) return free_space::enough;
    const std::uint64_t available = std::uint64_t{info.f_bavail} * info.f_frsize;
    return available < options_.reserve_octets ? free_space::below_reserve : free_space::enough;
}
}
