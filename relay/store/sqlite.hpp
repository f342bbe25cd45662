// relay/store/sqlite.hpp: the SQLite engine of the store (design.md §5): one file, WAL, synchronous=FULL, one writer.
// Durable means: the write-ahead log was fsynced before `done` is called. Small blobs are rows of the same database;
// large ones lie in files beside it (object_files.hpp), synced before the commit whose rows point there: one commit
// makes letter, mail and events durable together. A copy of the store is the database and these files. Files are of
// mode 0600. The ledger's facts, accounts, answers and message structures are sealed here with the vault; all other
// sealed fields come sealed from the pipeline. Errors: store_errc. Limits: store_options. Safe from any thread; calls
// block, so worker threads only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "relay/base/result.hpp"
#include "relay/pipeline/ports/mailbox.hpp"
#include "relay/pipeline/ports/store.hpp"
#include "relay/pipeline/ports/vault.hpp"

namespace relay::store {
struct store_options {
    std::string path;
    std::uint64_t reserve_octets = std::uint64_t{256} << 20U;  // free space under which no blob is taken in; 0: none
    std::uint64_t max_octets = 0;         // of the database file, and of each file of objects; 0: no limit
    std::size_t row_octets = 192 * 1024;  // sealed objects above lie in files beside the database: README.md
    std::uint64_t segment_octets = std::uint64_t{256} << 20U;  // of one such file
    std::size_t max_group = 64;                                // units in one commit
    std::chrono::microseconds gather{2000};
    std::size_t max_waiting = 4096;  // units queued; more are refused with store_errc::busy
    std::size_t max_readers = 8;     // connections; more readers wait
    std::chrono::milliseconds reader_wait{5000};
};

struct ledger_position {
    std::int64_t sequence = 0;
    std::string hash;  // SHA-256 of the chain up to there, hex: to be signed and kept elsewhere
};

// A statement about the end of the ledger, signed by the node, kept and exported: whoever holds one sees that the
// ledger was changed, or cut, before it.
struct ledger_seal {
    std::int64_t sequence = 0;
    base::instant at{};
    std::string statement;
};
// One event as it is chained: the payload is sealed.
struct ledger_line {
    std::int64_t sequence = 0;
    base::instant at{};
    std::string kind, stay, letter, delivery;  // one of the three ids
    std::string payload, hash;                 // octets
    bool is_expired = false;                   // the key of its payload was destroyed
};

// Derives what is kept about a stay beside its rows, in the unit that changed them.
using stay_deriver = std::function<void(pipeline::ports::transaction&, const pipeline::stay_id&)>;

// What one page of expiring traces was.
struct expired_traces {
    std::size_t stays = 0, letters = 0, deliveries = 0;
    std::size_t events = 0;  // whose facts nobody can read any more
    std::size_t keys = 0;    // letters of which now also the hashes are gone
    bool more = false;
};

enum class log_state { emptied, in_use };
enum class freezing { done, refused };

class sqlite_store : public pipeline::ports::store {
public:
    // From the next unit on; whoever calls it again replaces it. Nothing is derived before.
    virtual void derive_with(stay_deriver derive) = 0;
    [[nodiscard]] virtual result<ledger_position> ledger_end() = 0;
    [[nodiscard]] virtual result<void> add_ledger_seal(const ledger_seal& seal) = 0;
    [[nodiscard]] virtual result<std::vector<ledger_seal>> ledger_seals() = 0;  // oldest first
    [[nodiscard]] virtual result<std::int64_t> sealed_until() = 0;              // sequence of the newest; 0 without one
    // In the chain's order, of one snapshot; nothing else may be asked of the store in `each`.
    [[nodiscard]] virtual result<void> read_ledger(const std::function<void(const ledger_line&)>& each) = 0;
    // Copies the write-ahead log back and empties its file, so that what was erased is in it no more. in_use: a
    // reader still needs it; to be asked again. Others wait for some milliseconds at most.
    [[nodiscard]] virtual result<log_state> empty_log() = 0;
    // The traces of a recorded day begin to go: from now on its last record, of which an event tells, is all there is
    // of it. refused: it has none, or something changed since, which is to be recorded first.
    [[nodiscard]] virtual result<freezing> freeze_day(std::int32_t day, base::instant now) = 0;
    // The next page of rows: of frozen days, of letters without a stay received before `traces_until`; and of keyed
    // hashes of letters received before `keys_until`.
    [[nodiscard]] virtual result<expired_traces> expire_traces(base::instant traces_until, base::instant keys_until,
                                                               std::size_t limit) = 0;
    // Recorded days before this one that are not frozen, in order.
    [[nodiscard]] virtual result<std::vector<std::int32_t>> days_to_freeze(std::int32_t before) = 0;
    [[nodiscard]] virtual int schema_version() const = 0;
};

// Once, before any database of the process is opened: SQLite keeps no statistics of its memory, which would cost a lock
// per allocation. Later it changes nothing.
void prepare_sqlite() noexcept;

// Opens or makes the database and migrates it forward. `vault` must outlive the store. The parent folder must exist.
// store_errc::exposed, ::unreadable, ::damaged, ::newer_schema, ::busy.
[[nodiscard]] result<std::unique_ptr<sqlite_store>> open_store(const store_options& options,
                                                               const pipeline::ports::vault& vault);

// For the commands of the CLI that read: migrates nothing, writes give store_errc::read_only. Works beside a running
// server.
[[nodiscard]] result<std::unique_ptr<sqlite_store>> open_store_read_only(const store_options& options,
                                                                         const pipeline::ports::vault& vault);

// What open_store would migrate, changing nothing; from == to for an up-to-date store. For `liaison check`.
struct migration_plan {
    int from = 0;  // 0: a new database
    int to = 0;
};
[[nodiscard]] result<migration_plan> plan_migration(const std::string& path);

// Hosted mailboxes over a store made by open_store, and the clock of their uses; all must outlive what this gives out.
// `verify` tells whether an argon2id hash belongs to a password, and must take as long for the empty hash of an unknown
// user (relay/vault/password.hpp).
using password_verifier = std::function<bool(std::string_view hash, std::string_view password)>;
[[nodiscard]] std::unique_ptr<pipeline::ports::mailbox_accounts> open_mailboxes(sqlite_store& store,
                                                                                const base::wall_clock& clock,
                                                                                password_verifier verify);

// One instance per store: an advisory lock (flock) on a file of its own, released when this goes or the process dies.
class instance_lock {
public:
    explicit instance_lock(int descriptor) noexcept : descriptor_(descriptor) {}
    instance_lock(instance_lock&& other) noexcept;
    instance_lock& operator=(instance_lock&& other) noexcept;
    instance_lock(const instance_lock&) = delete;
    instance_lock& operator=(const instance_lock&) = delete;
    ~instance_lock();

private:
    int descriptor_;
};
[[nodiscard]] result<instance_lock> single_instance_lock(const std::string& path);  // already_running, unreadable
}
