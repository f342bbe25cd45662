#include "relay/store/sqlite.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/system/system_error.hpp>

#include "relay/store/engine.hpp"
#include "relay/store/errc.hpp"
#include "relay/store/folders.hpp"
#include "relay/store/migrations.hpp"

namespace relay::store {
namespace {
// Makes the file with mode 0600 before SQLite does, whose -wal and -shm files take over the mode.
result<void> prepare_file(const std::string& path, connection::access wanted)
{
    const int flags = O_RDWR | O_CLOEXEC | (wanted == connection::access::create ? O_CREAT : 0);
    const int descriptor = ::open(path.c_str(), flags, 0600);
    if (descriptor < 0) return make_error_code(errno == ENOSPC ? store_errc::disk_full : store_errc::unreadable);
    struct stat info {};
    const bool known = ::fstat(descriptor, &info) == 0;
    ::close(descriptor);
    if (known && info.st_size == 0 && !sync_folder(folder_of(path))) return make_error_code(store_errc::unreadable);
    if (!known || !S_ISREG(info.st_mode)) return make_error_code(store_errc::unreadable);
    if ((info.st_mode & 077U) != 0) return make_error_code(store_errc::exposed);
    return {};
}

connection open_writer(const store_options& options)
{
    connection database(options.path, connection::access::create);
    // The page size only matters while the file is new; measured in README.md.
    database.execute(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA secure_delete = FAST; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;"
        "PRAGMA journal_size_limit = 67108864;");
    migrate(database);
    if (options.max_octets != 0) {
        const auto page = static_cast<std::uint64_t>(database.single("PRAGMA page_size"));
        const auto pages = std::max<std::uint64_t>(1, options.max_octets / page);
        database.execute(("PRAGMA max_page_count = " + std::to_string(pages)).c_str());
    }
    return database;
}
}

void prepare_sqlite() noexcept
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

result<std::unique_ptr<sqlite_store>> open_store(const store_options& options, const pipeline::ports::vault& vault)
{
    if (const auto file = prepare_file(options.path, connection::access::create); !file) return file.error();
    try {
        auto writer = std::make_unique<group_writer>(open_writer(options), vault, options);
        return std::unique_ptr<sqlite_store>(std::make_unique<engine>(options, vault, std::move(writer)));
    } catch (...) {
        return error_of_current_exception();
    }
}

result<std::unique_ptr<sqlite_store>> open_store_read_only(const store_options& options,
                                                           const pipeline::ports::vault& vault)
{
    if (const auto file = prepare_file(options.path, connection::access::read_write); !file) return file.error();
    try {
        connection database(options.path, connection::access::query_only);
        if (schema_of(database) != newest_schema())
            return make_error_code(schema_of(database) > newest_schema() ? store_errc::newer_schema
                                                                         : store_errc::failed);
        return std::unique_ptr<sqlite_store>(std::make_unique<engine>(options, vault, nullptr));
    } catch (...) {
        return error_of_current_exception();
    }
}

result<migration_plan> plan_migration(const std::string& path)
{
    migration_plan plan{0, newest_schema()};
    if (::access(path.c_str(), F_OK) != 0) return plan;
    if (const auto file = prepare_file(path, connection::access::read_write); !file) return file.error();
    try {
        connection database(path, connection::access::query_only);
        plan.from = schema_of(database);
        if (plan.from > plan.to) return make_error_code(store_errc::newer_schema);
        return plan;
    } catch (...) {
        return error_of_current_exception();
    }
}

instance_lock::instance_lock(instance_lock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

instance_lock& instance_lock::operator=(instance_lock&& other) noexcept
{
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

instance_lock::~instance_lock()
{
    if (descriptor_ >= 0) ::close(descriptor_);
}

result<instance_lock> single_instance_lock(const std::string& path)
{
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return make_error_code(store_errc::unreadable);
    instance_lock lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
        return make_error_code(errno == EWOULDBLOCK ? store_errc::already_running : store_errc::unreadable);
    return lock;
}
}
