#include "relay/routing/sqlite_directory.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

#include <unistd.h>

#include <SQLiteCpp/SQLiteCpp.h>

#include "certs/certificate.hpp"
#include "mime/text/ascii.hpp"
#include "relay/routing/address.hpp"
#include "relay/routing/directory_builder.hpp"
#include "relay/routing/errc.hpp"

namespace relay::routing {
using pipeline::ports::directory_entry;
using pipeline::ports::import_summary;
using pipeline::ports::mailbox_type;

// One connection, one look-up at a time: each takes some microseconds once its statement is prepared.
struct sqlite_directory::generation {
    generation(const std::string& path, int flags) : database(path, flags, busy_timeout_milliseconds) {}
    static constexpr int busy_timeout_milliseconds = 5000;

    // A prepared statement, given back without an open read when it goes: that would pin the file's old state.
    class look_up {
    public:
        explicit look_up(SQLite::Statement& of) : statement_(of) {}
        look_up(const look_up&) = delete;
        look_up& operator=(const look_up&) = delete;
        ~look_up() { statement_.tryReset(); }
        SQLite::Statement* operator->() { return &statement_; }
        SQLite::Statement& operator*() { return statement_; }

    private:
        SQLite::Statement& statement_;
    };
    // Under `mutex`; `sql` is a literal: its address is the key.
    look_up prepared(const char* sql)
    {
        auto& slot = statements[sql];
        if (!slot) slot = std::make_unique<SQLite::Statement>(database, sql);
        return look_up(*slot);
    }

    std::mutex mutex;
    SQLite::Database database;
    const int version = database.execAndGet("PRAGMA user_version").getInt();
    std::map<const char*, std::unique_ptr<SQLite::Statement>> statements;  // go before the database
};

namespace {
constexpr std::size_t max_hits = 1000;  // of one look-up

std::vector<directory_entry> read_entries(SQLite::Statement& query)
{
    std::vector<directory_entry> found;
    while (found.size() < max_hits && query.executeStep()) {
        const int type = query.getColumn(0).getInt();
        if (type < 0 || type > static_cast<int>(mailbox_type::cabinet)) continue;
        found.push_back({static_cast<mailbox_type>(type), query.getColumn(1).getString(),
                         query.getColumn(2).getString(), query.getColumn(3).getString(), query.getColumn(4).getString(),
                         query.getColumn(5).getString(), query.getColumn(6).getString(), query.getColumn(7).getString(),
                         query.getColumn(8).getString(), query.getColumn(9).getString()});
    }
    return found;
}
constexpr const char* certificates_sql = "SELECT not_before, der FROM certificate WHERE name = ?";
#define LIAISON_BY_ADDRESS(more)                                         \
    "SELECT type, address, rpps, structure, family, given, label, " more \
    " FROM entry WHERE address = ? COLLATE "                             \
    "NOCASE"
#define LIAISON_BY_RPPS(more) \
    "SELECT type, address, rpps, structure, family, given, label, " more " FROM entry WHERE rpps = ? AND rpps <> ''"
struct look_ups {
    const char* by_address;
    const char* by_rpps;
};
// A file imported by an older program stays in use until the next import: it does not tell the last three.
constexpr look_ups old_file{LIAISON_BY_ADDRESS("'', '', ''"), LIAISON_BY_RPPS("'', '', ''")};
constexpr look_ups this_file{LIAISON_BY_ADDRESS("company, profession, department"),
                             LIAISON_BY_RPPS("company, profession, department")};
const look_ups& look_ups_of(int version)
{
    return version < 2 ? old_file : this_file;
}

using dated_certificate = std::pair<std::int64_t, std::string>;

void read_certificates(SQLite::Statement& query, const std::string& name, std::vector<dated_certificate>& found)
{
    query.bind(1, name);
    while (found.size() < max_hits && query.executeStep())
        found.emplace_back(query.getColumn(0).getInt64(), query.getColumn(1).getString());
}

std::size_t count_rows(SQLite::Database& database)
{
    SQLite::Statement query(database, "SELECT rows FROM import");
    return query.executeStep() ? static_cast<std::size_t>(query.getColumn(0).getInt64()) : 0;
}

std::string folder_of(const std::string& path)
{
    const auto folder = std::filesystem::path(path).parent_path();
    return folder.empty() ? "." : folder.string();
}
}

sqlite_directory::sqlite_directory(directory_options options) : options_(std::move(options)) {}
sqlite_directory::~sqlite_directory() = default;

result<std::unique_ptr<sqlite_directory>> sqlite_directory::open(const directory_options& options)
{
    std::unique_ptr<sqlite_directory> opened(new sqlite_directory(options));
    try {
        if (!make_private_file(options.certificates_path)) return make_error_code(routing_errc::database_failed);
        opened->added_ = std::make_shared<generation>(options.certificates_path, SQLite::OPEN_READWRITE);
        opened->added_->database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
        opened->added_->database.exec(certificate_table);
        if (::access(options.path.c_str(), F_OK) == 0) opened->swap_in();
    } catch (const SQLite::Exception&) {
        return make_error_code(routing_errc::database_failed);
    }
    return opened;
}

std::shared_ptr<sqlite_directory::generation> sqlite_directory::current()
{
    const std::lock_guard lock(mutex_);
    return current_;
}

// Look-ups under way keep the old file open until they are done.
void sqlite_directory::swap_in()
{
    auto fresh = std::make_shared<generation>(options_.path, SQLite::OPEN_READONLY);
    (void)count_rows(fresh->database);  // throws unless it is a directory
    const std::lock_guard lock(mutex_);
    current_ = std::move(fresh);
}

std::vector<directory_entry> sqlite_directory::by_address(std::string_view address)
{
    const auto in_use = current();
    if (!in_use) return {};
    const std::lock_guard lock(in_use->mutex);
    try {
        auto query = in_use->prepared(look_ups_of(in_use->version).by_address);
        query->bind(1, std::string(address));
        return read_entries(*query);
    } catch (const SQLite::Exception&) {
        return {};
    }
}

std::vector<directory_entry> sqlite_directory::by_rpps(std::string_view rpps)
{
    const auto in_use = current();
    if (!in_use) return {};
    const std::lock_guard lock(in_use->mutex);
    try {
        auto query = in_use->prepared(look_ups_of(in_use->version).by_rpps);
        query->bind(1, std::string(rpps));
        return read_entries(*query);
    } catch (const SQLite::Exception&) {
        return {};
    }
}

std::vector<std::string> sqlite_directory::certificates(std::string_view address)
{
    const auto in_use = current();
    std::vector<dated_certificate> found;
    for (const std::string& name : {mime::lower(address), mime::lower(domain_of(address))}) {
        for (const auto& source : {added_, in_use}) {
            if (!source) continue;
            const std::lock_guard lock(source->mutex);
            try {
                auto query = source->prepared(certificates_sql);
                read_certificates(*query, name, found);
            } catch (const SQLite::Exception&) {  // the other file may still have one
            }
        }
        if (!found.empty()) break;  // the domain's only where the address has none
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return b < a; });
    found.erase(std::unique(found.begin(), found.end()), found.end());
    std::vector<std::string> ders;
    for (auto& [date, der] : found) ders.push_back(std::move(der));
    return ders;
}

result<import_summary> sqlite_directory::import_file(const std::string& path)
{
    const std::lock_guard one(writing_);
    const std::string beside = options_.path + ".new";
    try {
        auto summary = build_directory(path, beside, options_.limits);
        if (summary) {
            const auto before = state();
            const std::size_t old_rows = before ? before->rows : 0;
            if (old_rows >= options_.shrink_guard_rows &&
                summary->rows * 100 < old_rows * (100 - options_.max_shrink_percent))
                summary = make_error_code(routing_errc::shrunk);
        }
        if (!summary) {
            std::remove(beside.c_str());
            return summary;
        }
        if (std::rename(beside.c_str(), options_.path.c_str()) != 0 || !sync_path(folder_of(options_.path)))
            return make_error_code(routing_errc::database_failed);
        swap_in();
        return summary;
    } catch (const SQLite::Exception&) {
        std::remove(beside.c_str());
        return make_error_code(routing_errc::database_failed);
    }
}

result<std::vector<std::string>> sqlite_directory::add_certificate(std::string_view der)
{
    const auto certificate = certs::read_certificate(der);
    if (!certificate) return make_error_code(routing_errc::certificate_malformed);
    std::vector<std::string> names;
    for (const auto& address : certificate->email_addresses()) names.push_back(mime::lower(address));
    for (const auto& domain : certificate->dns_names()) names.push_back(mime::lower(domain));
    if (names.empty()) return make_error_code(routing_errc::certificate_without_names);
    const std::lock_guard one(writing_);
    const std::lock_guard lock(added_->mutex);
    try {
        SQLite::Transaction transaction(added_->database);
        SQLite::Statement insert(added_->database, "INSERT OR IGNORE INTO certificate VALUES (?, ?, ?, ?)");
        for (const auto& name : names) {
            insert.bind(1, name);
            insert.bind(2, static_cast<std::int64_t>(certificate->not_before().time_since_epoch().count()));
            insert.bind(3, certificate->sha256());
            insert.bind(4, certificate->der().data(), static_cast<int>(certificate->der().size()));
            insert.exec();
            insert.reset();
        }
        transaction.commit();
    } catch (const SQLite::Exception&) {
        return make_error_code(routing_errc::database_failed);
    }
    return names;
}

result<directory_state> sqlite_directory::state()
{
    const auto in_use = current();
    if (!in_use) return directory_state{};
    const std::lock_guard lock(in_use->mutex);
    try {
        SQLite::Statement query(in_use->database, "SELECT rows, at FROM import");
        if (!query.executeStep()) return make_error_code(routing_errc::database_failed);
        return directory_state{static_cast<std::size_t>(query.getColumn(0).getInt64()),
                               base::instant(std::chrono::milliseconds(query.getColumn(1).getInt64()))};
    } catch (const SQLite::Exception&) {
        return make_error_code(routing_errc::database_failed);
    }
}
}
