// relay/store/group_writer.hpp: the one writer: units from any thread, one durable commit for many (design.md §5).
// Each unit but the first runs under a savepoint, in the order it was queued; callbacks come after the commit, in the
// same order, on the writer's thread. A unit that throws is undone alone. If the commit fails, or SQLite gives the
// whole transaction up (disk full), every unit of the group gets the error and nothing of it stays. A group takes what
// is waiting; after a group of several it waits for as many again, `gather` at most, so that a lone caller never waits
// and a crowd shares its fsync. A second thread copies the log back and gives freed space to the disk once no reader
// may look there any more. Safe from any thread; joined by close().
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "relay/base/result.hpp"
#include "relay/store/snapshots.hpp"
#include "relay/store/sqlite.hpp"
#include "relay/store/transaction.hpp"

namespace relay::store {
class group_writer {
public:
    using unit = std::function<void(sql_transaction&)>;
    using callback = std::function<void(result<void>)>;

    // The connection is open, migrated and in WAL mode; it is used on the writer's thread only from here on.
    group_writer(connection database, const pipeline::ports::vault& vault, const store_options& options);
    group_writer(const group_writer&) = delete;
    group_writer& operator=(const group_writer&) = delete;
    ~group_writer();

    // With too many waiting or after close(), `done` is called at once on the caller's thread: busy, closed.
    void submit(unit work, callback done);
    // Finishes what is queued, refuses the rest.
    void close();
    // Whoever waits for a write there would wait for itself.
    [[nodiscard]] bool on_writer_thread() const noexcept { return std::this_thread::get_id() == thread_.get_id(); }
    // Every reader of the same database in this process registers here.
    [[nodiscard]] snapshots& readers() noexcept { return snapshots_; }

private:
    struct waiting {
        unit work;
        callback done;
        result<void> outcome{};
    };
    struct freed_batch {
        std::vector<freed_space> spaces;
        std::uint64_t octets = 0;
        snapshots::ticket until = 0;  // readers up to this one may still look there
    };
    void run();
    [[nodiscard]] std::deque<waiting> next_group();
    void commit(std::deque<waiting>& group);
    void run_units(std::deque<waiting>& group);
    static void note_commit(std::chrono::steady_clock::duration took);
    void reclaim() noexcept;
    void checkpoint();
    void work_in_background();
    void wait_for_work(std::unique_lock<std::mutex>& lock);
    [[nodiscard]] free_space space() const;

    const store_options options_;
    connection database_;
    sql_transaction transaction_;
    std::size_t last_group_ = 1;
    int wal_pages_ = 0;
    int copying_from_ = 0;  // those before it are copied back, or are being

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<waiting> queue_;
    bool closing_ = false;

    snapshots snapshots_;
    std::mutex background_mutex_;
    std::condition_variable background_wake_;
    bool checkpoint_wanted_ = false;
    bool background_closing_ = false;
    freed_batch freed_;  // by the last commits
    freed_batch ripe_;   // waits for its readers

    std::thread background_;
    std::thread thread_;
};
}
