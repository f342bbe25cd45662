#include "relay/io/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "relay/base/ids.hpp"
#include "relay/io/errc.hpp"

namespace relay::io {
namespace {
error_code last_error()
{
    return {errno, boost::system::system_category()};
}

class descriptor {
public:
    explicit descriptor(int value) noexcept : value_(value) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor()
    {
        if (value_ >= 0) ::close(value_);
    }
    [[nodiscard]] int get() const noexcept { return value_; }
    // close(2) may be the call that reports a failed write.
    [[nodiscard]] error_code close() noexcept
    {
        return ::close(std::exchange(value_, -1)) == 0 ? error_code{} : last_error();
    }

private:
    int value_;
};

error_code write_whole(int file, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return last_error();
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

error_code write_new(const std::filesystem::path& path, std::string_view bytes, mode_t mode)
{
    descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (file.get() < 0) return last_error();
    if (const error_code failed = write_whole(file.get(), bytes)) return failed;
    if (::fsync(file.get()) != 0) return last_error();
    return file.close();
}

std::filesystem::path folder_of(const std::filesystem::path& path)
{
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

error_code sync_now(const std::filesystem::path& folder)
{
    const descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return opened.get() < 0 || ::fsync(opened.get()) != 0 ? last_error() : error_code{};
}

// Threads that finish files in one folder at the same moment share one fsync of it. A caller takes part in the next
// sync to begin, never in one under way, so that it covers all that the caller did before; a failure reaches all who
// took part.
class shared_sync {
public:
    error_code run(const std::filesystem::path& folder)
    {
        std::unique_lock lock(mutex_);
        if (!next_) next_ = std::make_shared<round>();
        const auto mine = next_;
        while (!mine->ended) {
            if (running_) {
                changed_.wait(lock);
                continue;
            }
            running_ = true;  // nothing runs and mine has not: mine is the next
            next_.reset();
            lock.unlock();
            const error_code outcome = sync_now(folder);
            lock.lock();
            mine->outcome = outcome;
            mine->ended = true;
            running_ = false;
            changed_.notify_all();
        }
        return mine->outcome;
    }

    // The one of this folder; it lives while somebody uses it.
    static std::shared_ptr<shared_sync> of(const std::filesystem::path& folder)
    {
        static std::mutex mutex;
        static std::map<std::filesystem::path, std::weak_ptr<shared_sync>> all;
        const std::lock_guard lock(mutex);
        if (auto known = all[folder].lock()) return known;
        std::erase_if(all, [](const auto& entry) { return entry.second.expired(); });
        auto made = std::make_shared<shared_sync>();
        all[folder] = made;
        return made;
    }

private:
    struct round {
        bool ended = false;
        error_code outcome;
    };
    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<round> next_;  // not begun
    bool running_ = false;
};
}

result<void> replace_file(const std::filesystem::path& path, std::string_view bytes, mode_t mode)
{
    const std::filesystem::path temporary = folder_of(path) / (".tmp-" + base::random_token());
    error_code failed = write_new(temporary, bytes, mode);
    if (!failed && ::rename(temporary.c_str(), path.c_str()) != 0) failed = last_error();
    if (failed) {
        ::unlink(temporary.c_str());
        return failed;
    }
    return {};
}

result<void> write_file_atomic(const std::filesystem::path& path, std::string_view bytes, mode_t mode)
{
    if (auto replaced = replace_file(path, bytes, mode); !replaced.has_value()) return replaced;
    return sync_folder(folder_of(path));
}

result<void> sync_folder(const std::filesystem::path& folder)
{
    if (const error_code failed = shared_sync::of(folder)->run(folder)) return failed;
    return {};
}

result<void> rename_durably(const std::filesystem::path& from, const std::filesystem::path& to)
{
    if (::rename(from.c_str(), to.c_str()) != 0) return last_error();
    const auto target = folder_of(to);
    const auto source = folder_of(from);
    if (auto synced = sync_folder(target); !synced.has_value() || source == target) return synced;
    return sync_folder(source);
}

namespace {
result<std::string> read_octets(int fd, std::size_t octets)
{
    std::string bytes(octets, '\0');
    std::size_t length = 0;
    while (length < bytes.size()) {
        const ssize_t got = ::read(fd, bytes.data() + length, bytes.size() - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return last_error();
        if (got == 0) break;
        length += static_cast<std::size_t>(got);
    }
    bytes.resize(length);
    return bytes;
}
}

result<std::string> read_file(const std::filesystem::path& path, std::size_t max_octets)
{
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat facts {};
    if (file.get() < 0 || ::fstat(file.get(), &facts) != 0) return last_error();
    if (std::cmp_greater(facts.st_size, max_octets)) return make_error_code(errc::too_large);
    return read_octets(file.get(), static_cast<std::size_t>(facts.st_size));
}

result<std::string> read_beginning(const std::filesystem::path& path, std::size_t octets)
{
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return last_error();
    return read_octets(file.get(), octets);
}

result<std::string> read_secret(const std::filesystem::path& path)
{
    constexpr off_t max_octets = 16 * 1024;
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat facts {};
    if (file.get() < 0 || ::fstat(file.get(), &facts) != 0) return last_error();
    const bool ours = facts.st_uid == ::geteuid() || facts.st_uid == 0;
    if (!S_ISREG(facts.st_mode) || (facts.st_mode & 077U) != 0 || !ours) return make_error_code(errc::bad_settings);
    if (facts.st_size > max_octets) return make_error_code(errc::too_large);
    auto secret = read_octets(file.get(), static_cast<std::size_t>(facts.st_size));
    if (secret.has_error()) return secret.error();
    while (!secret->empty() && (secret->back() == '\n' || secret->back() == '\r')) secret->pop_back();
    if (secret->empty()) return make_error_code(errc::bad_settings);
    return secret;
}
}
