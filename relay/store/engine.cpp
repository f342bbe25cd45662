#include "relay/store/engine.hpp"

#include <future>
#include <optional>
#include <stdexcept>

#include <boost/system/system_error.hpp>

#include "mime/text/digest.hpp"
#include "relay/store/errc.hpp"
#include "relay/store/migrations.hpp"
#include "relay/store/trace_expiry.hpp"

namespace relay::store {
void engine::derive_with(stay_deriver derive)
{
    if (!writer_) return;
    const auto shared = std::make_shared<const stay_deriver>(std::move(derive));
    // A unit of its own: on the writer's thread, between two others.
    static_cast<void>(write_sql([shared](sql_transaction& transaction) { transaction.derive_with(shared); }));
}

void engine::write(unit work, std::function<void(result<void>)> done)
{
    if (!writer_) return done(make_error_code(store_errc::read_only));
    writer_->submit([work = std::move(work)](sql_transaction& transaction) { work(transaction); }, std::move(done));
}

result<void> engine::write(unit work)
{
    return write_sql([work = std::move(work)](sql_transaction& transaction) { work(transaction); });
}

result<void> engine::write_sql(group_writer::unit work)
{
    if (!writer_) return make_error_code(store_errc::read_only);
    if (writer_->on_writer_thread()) throw std::logic_error("a write that waits, inside a unit or a callback");
    // The writer still holds the promise when it wakes us: it must not die with our frame.
    auto promise = std::make_shared<std::promise<result<void>>>();
    auto future = promise->get_future();
    writer_->submit(std::move(work), [promise](const result<void>& outcome) { promise->set_value(outcome); });
    return future.get();
}

result<void> engine::read(const std::function<void(pipeline::ports::reader&)>& work)
{
    return read_sql([&work](sql_reader& reader) { work(reader); });
}

result<void> engine::read_sql(const std::function<void(sql_reader&)>& work)
{
    std::optional<snapshots::reader> held;
    if (writer_) held.emplace(writer_->readers());
    std::unique_ptr<connection> database;
    result<void> outcome;
    try {
        database = borrow();
        database->run("BEGIN");  // deferred: the snapshot is that of the first query
        sql_reader reader(*database, vault_);
        work(reader);
    } catch (...) {
        outcome = error_of_current_exception();
    }
    if (database) give_back(std::move(database));
    return outcome;
}

result<std::optional<std::int64_t>> engine::verify_ledger()
{
    std::optional<std::int64_t> broken;
    const auto read = read_sql([&](sql_reader& reader) { broken = first_broken_link(reader.database(), vault_); });
    if (!read) return read.error();
    return broken;
}

result<ledger_position> engine::ledger_end()
{
    ledger_position position;
    const auto read = read_sql([&](sql_reader& reader) {
        const ledger_head head = load_head(reader.database());
        position.sequence = head.sequence;
        position.hash = mime::hex(head.hash);
    });
    if (!read) return read.error();
    return position;
}

result<void> engine::add_ledger_seal(const ledger_seal& seal)
{
    return write_sql([seal](sql_transaction& transaction) {
        transaction.database().run("INSERT INTO ledger_seal (sequence, at, statement) VALUES (?, ?, ?)", seal.sequence,
                                   seal.at, seal.statement);
    });
}

result<std::vector<ledger_seal>> engine::ledger_seals()
{
    std::vector<ledger_seal> all;
    const auto read = read_sql([&](sql_reader& reader) {
        auto rows = reader.database().query("SELECT sequence, at, statement FROM ledger_seal ORDER BY number");
        while (rows.next()) all.push_back({rows.integer(0), rows.when(1), rows.text(2)});
    });
    if (!read) return read.error();
    return all;
}

result<std::int64_t> engine::sealed_until()
{
    std::int64_t sequence = 0;
    const auto read = read_sql([&](sql_reader& reader) {
        sequence = reader.database().single("SELECT sequence FROM ledger_seal ORDER BY number DESC LIMIT 1");
    });
    if (!read) return read.error();
    return sequence;
}

result<void> engine::read_ledger(const std::function<void(const ledger_line&)>& each)
{
    return read_sql([&](sql_reader& reader) {
        auto rows = reader.database().query(
            "SELECT sequence, at, kind, stay, letter, delivery, payload, hash, key FROM event ORDER BY sequence");
        while (rows.next())
            each({rows.integer(0), rows.when(1), rows.text(2), rows.text(3), rows.text(4), rows.text(5), rows.text(6),
                  rows.text(7), !rows.null(8) && rows.text(8).empty()});
    });
}

result<log_state> engine::empty_log()
{
    if (!writer_) return make_error_code(store_errc::read_only);
    try {
        connection database(options_.path, connection::access::read_write);
        database.execute("PRAGMA synchronous = FULL");
        // The bulk beside the writer first: what is left for the one that keeps him waiting is little.
        sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
        sqlite3_busy_timeout(database.handle(), 100);
        const int code =
            sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
        if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return log_state::in_use;
        if (code != SQLITE_OK) return make_error_code(store_errc::failed);
        return log_state::emptied;
    } catch (...) {
        return error_of_current_exception();
    }
}

result<freezing> engine::freeze_day(std::int32_t day, base::instant now)
{
    freezing done = freezing::refused;
    const auto written = write_sql([&](sql_transaction& transaction) { done = freeze(transaction, day, now); });
    if (!written.has_value()) return written.error();
    return done;
}

result<expired_traces> engine::expire_traces(base::instant traces_until, base::instant keys_until, std::size_t limit)
{
    expired_traces done;
    const auto written = write_sql(
        [&](sql_transaction& transaction) { done = expire_page(transaction, traces_until, keys_until, limit); });
    if (!written.has_value()) return written.error();
    return done;
}

result<std::vector<std::int32_t>> engine::days_to_freeze(std::int32_t before)
{
    std::vector<std::int32_t> days;
    const auto read = read_sql([&](sql_reader& reader) {
        auto rows = reader.database().query(
            "SELECT DISTINCT day FROM period_record WHERE day < ? AND day NOT IN (SELECT day FROM period_frozen)"
            " ORDER BY day",
            std::int64_t{before});
        while (rows.next()) days.push_back(static_cast<std::int32_t>(rows.integer(0)));
    });
    if (!read.has_value()) return read.error();
    return days;
}

int engine::schema_version() const
{
    return newest_schema();
}

std::unique_ptr<connection> engine::borrow()
{
    std::unique_lock lock(mutex_);
    const bool came =
        free_.wait_for(lock, options_.reader_wait, [this] { return !idle_.empty() || lent_ < options_.max_readers; });
    if (!came) throw boost::system::system_error(make_error_code(store_errc::busy));
    ++lent_;
    if (!idle_.empty()) {
        auto database = std::move(idle_.back());
        idle_.pop_back();
        return database;
    }
    lock.unlock();
    try {
        return std::make_unique<connection>(options_.path, connection::access::query_only);
    } catch (...) {
        lock.lock();
        --lent_;
        free_.notify_one();
        throw;
    }
}

void engine::give_back(std::unique_ptr<connection> database)
{
    bool reusable = true;
    try {
        if (database->in_transaction()) database->run("ROLLBACK");
    } catch (...) {
        reusable = false;
    }
    const std::lock_guard lock(mutex_);
    --lent_;
    if (reusable) idle_.push_back(std::move(database));
    free_.notify_one();
}
}
