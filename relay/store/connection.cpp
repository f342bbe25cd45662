#include "relay/store/connection.hpp"

#include <exception>
#include <new>
#include <utility>

#include <boost/system/system_error.hpp>

#include "relay/store/errc.hpp"

namespace relay::store {
namespace {
store_errc error_of(int sqlite_code) noexcept
{
    switch (sqlite_code & 0xff) {
        case SQLITE_FULL: return store_errc::disk_full;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return store_errc::busy;
        case SQLITE_CONSTRAINT: return store_errc::conflict;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return store_errc::damaged;
        case SQLITE_CANTOPEN:
        case SQLITE_PERM: return store_errc::unreadable;
        case SQLITE_READONLY: return store_errc::read_only;
        default: return store_errc::failed;
    }
}
constexpr int busy_timeout_milliseconds = 5000;
}

error_code error_of_current_exception() noexcept
{
    try {
        throw;
    } catch (const sql_error& error) {
        return make_error_code(error_of(error.code()));
    } catch (const boost::system::system_error& error) {
        return error.code();
    } catch (...) {
        return make_error_code(store_errc::failed);
    }
}

cursor::~cursor()
{
    if (statement_ == nullptr) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

bool cursor::next()
{
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    throw sql_error(sqlite3_extended_errcode(database_), sqlite3_errmsg(database_));
}

std::string cursor::text(int column) const
{
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    const int octets = sqlite3_column_bytes(statement_, column);
    return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(octets));
}

std::optional<base::instant> cursor::maybe_when(int column) const
{
    if (null(column)) return std::nullopt;
    return when(column);
}

connection::connection(const std::string& path, access wanted)
{
    // Read-write even for queries: a reader of a WAL database takes part in its shared memory; query_only forbids
    // changes.
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (wanted == access::create ? SQLITE_OPEN_CREATE : 0);
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
    handle_.reset(opened);
    if (code != SQLITE_OK) throw sql_error(code, "database cannot be opened");
    sqlite3_extended_result_codes(handle_.get(), 1);
    sqlite3_busy_timeout(handle_.get(), busy_timeout_milliseconds);
    if (wanted == access::query_only) {
        execute("PRAGMA query_only = 1; PRAGMA cache_size = -2048;");
        // The last reader to leave a dead node's store must not tidy it up: that is the next start's work.
        sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    }
}

void connection::execute(const char* sql)
{
    check(sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr));
}

std::int64_t connection::single(const char* sql)
{
    cursor row = query(sql);
    return row.next() ? row.integer(0) : 0;
}

sqlite3_stmt* connection::prepared(const char* sql)
{
    auto& slot = statements_[sql];
    if (!slot) {
        sqlite3_stmt* made = nullptr;
        check(sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr));
        slot.reset(made);
    }
    return slot.get();
}

void connection::check(int code) const
{
    if (code != SQLITE_OK) throw sql_error(sqlite3_extended_errcode(handle_.get()), sqlite3_errmsg(handle_.get()));
}

// SQLITE_STATIC: arguments outlive the statement's run (see query). A null pointer would bind NULL, hence the "".
void connection::bind(sqlite3_stmt* statement, int index, std::string_view value)
{
    check(sqlite3_bind_text64(statement, index, value.data() == nullptr ? "" : value.data(), value.size(),
                              SQLITE_STATIC, SQLITE_UTF8));
}

void connection::bind(sqlite3_stmt* statement, int index, as_blob value)
{
    check(sqlite3_bind_blob64(statement, index, value.bytes.data() == nullptr ? "" : value.bytes.data(),
                              value.bytes.size(), SQLITE_STATIC));
}

void connection::bind(sqlite3_stmt* statement, int index, const std::optional<std::string_view>& value)
{
    if (value)
        bind(statement, index, *value);
    else
        check(sqlite3_bind_null(statement, index));
}

void connection::bind(sqlite3_stmt* statement, int index, const std::optional<base::instant>& value)
{
    if (value)
        bind(statement, index, *value);
    else
        check(sqlite3_bind_null(statement, index));
}
}
