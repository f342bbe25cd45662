// relay/store/connection.hpp: one SQLite connection with its prepared statements (C API behind owners: blobs are bound
// without a copy and extended error codes are kept, which SQLiteCpp does not offer).
// Private to relay/store. A connection is used by one thread at a time. Errors: sql_error, mapped by error_of().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

#include <sqlite3.h>

#include "relay/base/clock.hpp"
#include "relay/base/ids.hpp"
#include "relay/base/result.hpp"

namespace relay::store {
class sql_error : public std::runtime_error {
public:
    sql_error(int code, const char* text) : std::runtime_error(text), code_(code) {}
    [[nodiscard]] int code() const noexcept { return code_; }  // extended

private:
    int code_;
};

// The error a failed unit or read reports: the code inside a boost::system::system_error, or what SQLite said.
// To be called inside a catch block.
[[nodiscard]] error_code error_of_current_exception() noexcept;

struct as_blob {
    std::string_view bytes;
};

// A running statement, borrowed from its connection; reset when it goes. Columns count from 0.
class cursor {
public:
    cursor(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
    cursor(cursor&& other) noexcept : database_(other.database_), statement_(std::exchange(other.statement_, nullptr))
    {
    }
    cursor& operator=(cursor&&) = delete;
    ~cursor();
    [[nodiscard]] bool next();
    [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
    [[nodiscard]] std::string text(int column) const;  // also for blobs; empty for NULL
    [[nodiscard]] bool null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
    [[nodiscard]] base::instant when(int column) const
    {
        return base::instant(std::chrono::milliseconds(integer(column)));
    }
    [[nodiscard]] std::optional<base::instant> maybe_when(int column) const;
    template <class Id>
    [[nodiscard]] Id id(int column) const
    {
        return Id(text(column));
    }

private:
    sqlite3* database_;
    sqlite3_stmt* statement_;
};

class connection {
public:
    enum class access { create, read_write, query_only };
    connection(const std::string& path, access wanted);
    void execute(const char* sql);  // any number of statements, no result
    // `sql` must be a string literal: its address is the key of the statement cache. Arguments are bound in order; they
    // must outlive the returned cursor.
    template <class... Arguments>
    [[nodiscard]] cursor query(const char* sql, const Arguments&... arguments)
    {
        sqlite3_stmt* const statement = prepared(sql);
        cursor running(handle_.get(), statement);
        int index = 0;
        (bind(statement, ++index, arguments), ...);
        return running;
    }
    // Runs to the end; gives the number of rows changed.
    template <class... Arguments>
    int run(const char* sql, const Arguments&... arguments)
    {
        cursor running = query(sql, arguments...);
        while (running.next()) continue;
        return sqlite3_changes(handle_.get());
    }
    [[nodiscard]] std::int64_t single(const char* sql);  // first column of the first row; 0 without one
    [[nodiscard]] std::int64_t last_row() const { return sqlite3_last_insert_rowid(handle_.get()); }
    [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
    [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

private:
    struct close_database {
        void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
    };
    struct finalize {
        void operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }
    };
    [[nodiscard]] sqlite3_stmt* prepared(const char* sql);
    void check(int code) const;
    void bind(sqlite3_stmt* statement, int index, std::int64_t value)
    {
        check(sqlite3_bind_int64(statement, index, value));
    }
    void bind(sqlite3_stmt* statement, int index, int value) { check(sqlite3_bind_int(statement, index, value)); }
    void bind(sqlite3_stmt* statement, int index, std::uint32_t value) { bind(statement, index, std::int64_t{value}); }
    void bind(sqlite3_stmt* statement, int index, std::string_view value);
    void bind(sqlite3_stmt* statement, int index, const std::string& value)
    {
        bind(statement, index, std::string_view(value));
    }
    void bind(sqlite3_stmt* statement, int index, as_blob value);
    void bind(sqlite3_stmt* statement, int index, base::instant value)
    {
        bind(statement, index, std::int64_t{value.time_since_epoch().count()});
    }
    void bind(sqlite3_stmt* statement, int index, const std::optional<base::instant>& value);
    void bind(sqlite3_stmt* statement, int index, const std::optional<std::string_view>& value);
    template <class Tag>
    void bind(sqlite3_stmt* statement, int index, const base::id<Tag>& value)
    {
        if (value.empty())
            check(sqlite3_bind_null(statement, index));
        else
            bind(statement, index, std::string_view(value.text()));
    }

    std::unique_ptr<sqlite3, close_database> handle_;
    std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, finalize>> statements_;
};
}
