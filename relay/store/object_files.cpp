#include "relay/store/object_files.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <optional>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/system/system_error.hpp>

#include "relay/store/errc.hpp"
#include "relay/store/folders.hpp"

namespace relay::store {
namespace {
constexpr std::int64_t block_octets = 4096;
// Room taken ahead, so that a sync seldom has to write where the file's blocks are; measured in README.md.
constexpr std::int64_t step_octets = 8 << 20;
// What an earlier run left behind is looked for in a file that takes this much more room than its objects.
constexpr std::int64_t leftover_octets = 2 * step_octets;
constexpr std::string_view name_mark = "-objects-";

// As SQLite resolved it: the same for whoever writes and whoever reads.
std::string path_of(connection& database)
{
    return sqlite3_db_filename(database.handle(), "main");
}

std::string object_file_path(std::string_view database_path, std::int64_t segment)
{
    return std::string(database_path).append(name_mark) + std::to_string(segment);
}

[[noreturn]] void give_up(store_errc why)
{
    throw boost::system::system_error(make_error_code(why));
}

[[noreturn]] void give_up_with(int error)
{
    give_up(error == ENOSPC || error == EDQUOT ? store_errc::disk_full : store_errc::failed);
}

std::int64_t whole_blocks(std::int64_t octets)
{
    return (octets + block_octets - 1) / block_octets * block_octets;
}

// The number in the name of a file of objects of this database.
std::optional<std::int64_t> segment_of(std::string_view name, std::string_view prefix)
{
    if (!name.starts_with(prefix)) return std::nullopt;
    name.remove_prefix(prefix.size());
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size() || number <= 0) return std::nullopt;
    return number;
}

// Empty: nothing but holes and room taken ahead.
bool is_empty_or_older(const std::string& path, std::time_t than)
{
    const open_file file(path, O_RDONLY);
    struct stat info {};
    if (file.descriptor() < 0 || ::fstat(file.descriptor(), &info) != 0) return false;
    return info.st_mtime < than || (::lseek(file.descriptor(), 0, SEEK_DATA) < 0 && errno == ENXIO);
}

bool by_place(const freed_space& a, const freed_space& b)
{
    return std::tie(a.path, a.at) < std::tie(b.path, b.at);
}

// Neighbours become one hole: each hole costs a change of the file's map of blocks.
std::vector<freed_space> joined(std::vector<freed_space> spaces)
{
    std::sort(spaces.begin(), spaces.end(), by_place);
    std::vector<freed_space> holes;
    for (auto& space : spaces) {
        const bool touches =
            !holes.empty() && holes.back().path == space.path && holes.back().what == freed_space::extent::hole &&
            space.what == freed_space::extent::hole && holes.back().at + holes.back().octets == space.at;
        if (touches)
            holes.back().octets += space.octets;
        else
            holes.push_back(std::move(space));
    }
    return holes;
}
}

std::string read_object(connection& database, const object_place& place)
{
    const open_file file(object_file_path(path_of(database), place.segment), O_RDONLY);
    struct stat info {};
    if (file.descriptor() < 0 || ::fstat(file.descriptor(), &info) != 0) give_up(store_errc::damaged);
    if (place.octets < 0 || place.at < 0 || place.at > info.st_size || place.octets > info.st_size - place.at)
        give_up(store_errc::damaged);
    std::string bytes(static_cast<std::size_t>(place.octets), '\0');
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t got = ::pread(file.descriptor(), bytes.data() + done, bytes.size() - done,
                                    place.at + static_cast<std::int64_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) give_up(got == 0 ? store_errc::damaged : store_errc::failed);
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

void give_back(const std::vector<freed_space>& spaces) noexcept
{
    try {
        for (const auto& space : joined(spaces)) {
            if (space.what == freed_space::extent::file) {
                ::unlink(space.path.c_str());
                continue;
            }
            const open_file file(space.path, O_WRONLY);
            if (file.descriptor() < 0) continue;
            [[maybe_unused]] const int done =
                ::fallocate(file.descriptor(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, space.at, space.octets);
        }
    } catch (...) {  // no memory: the space stays taken, as after a death
    }
}

object_files::object_files(connection& database, const object_file_limits& limits)
    : database_path_(path_of(database)), limits_(limits)
{
}

object_files::~object_files()
{
    close_file();
}

void object_files::learn(connection& database)
{
    std::map<std::int64_t, std::int64_t> live;
    auto rows = database.query(
        "SELECT segment, at, octets FROM blob INDEXED BY blob_place WHERE segment IS NOT NULL ORDER BY segment, at");
    while (rows.next()) {
        const std::int64_t segment = rows.integer(0);
        if (segment != newest_) end_ = 0;
        newest_ = segment;
        end_ = std::max(end_, whole_blocks(rows.integer(1) + rows.integer(2)));
        ++objects_[segment];
        live[segment] += whole_blocks(rows.integer(2));
    }
    continues_ = newest_ != 0;
    given_ = newest_;
    look_at_unreferenced();
    for (const auto& [segment, octets] : live) {
        struct stat info {};
        const bool known = ::stat(object_file_path(database_path_, segment).c_str(), &info) == 0;
        if (known && std::int64_t{info.st_blocks} * 512 - octets > leftover_octets) free_leftovers(database, segment);
    }
}

void object_files::free_leftovers(connection& database, std::int64_t segment)
{
    const std::string path = object_file_path(database_path_, segment);
    std::int64_t end = 0;
    auto rows = database.query(
        "SELECT at, octets FROM blob INDEXED BY blob_place WHERE segment IS NOT NULL AND segment = ? ORDER BY at",
        segment);
    while (rows.next()) {
        if (rows.integer(0) > end) leftovers_.push_back({path, freed_space::extent::hole, end, rows.integer(0) - end});
        end = std::max(end, whole_blocks(rows.integer(0) + rows.integer(1)));
    }
}

void object_files::look_at_unreferenced()
{
    const std::time_t old = std::time(nullptr) - std::chrono::seconds(limits_.keep_unknown).count();
    const auto path = std::filesystem::path(database_path_);
    const std::string prefix = path.filename().string().append(name_mark);
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder_of(database_path_), ignored)) {
        const auto number = segment_of(entry.path().filename().string(), prefix);
        if (!number || objects_.contains(*number)) continue;
        if (is_empty_or_older(entry.path().string(), old))
            ::unlink(entry.path().c_str());
        else
            given_ = std::max(given_, *number);
    }
}

object_place object_files::append(std::string_view bytes)
{
    ensure_file(bytes.size());
    if (limits_.max_octets != 0 && static_cast<std::uint64_t>(end_) + bytes.size() > limits_.max_octets)
        give_up(store_errc::disk_full);
    const object_place place{segment_, end_, static_cast<std::int64_t>(bytes.size())};
    preallocate(end_ + place.octets);
    if (pending_ == on_disk::yes) pending_ = on_disk::bytes_missing;
    write_all(bytes);
    end_ += whole_blocks(place.octets);
    objects_.try_emplace(place.segment, 0);
    appended_.push_back(place);
    return place;
}

void object_files::ensure_file(std::size_t octets)
{
    const auto needed = static_cast<std::uint64_t>(end_) + octets;
    const bool is_bounded = limits_.max_octets != 0 && limits_.max_octets < limits_.segment_octets;
    const bool fits = end_ == 0 || needed <= (is_bounded ? limits_.max_octets : limits_.segment_octets);
    if (descriptor_ >= 0 && fits) return;
    if (descriptor_ >= 0) {
        // What was taken ahead goes back, best effort; what this group has in the full file is synced.
        [[maybe_unused]] const int done = ::ftruncate(descriptor_, end_);
        sync();
        close_file();
    }
    if (std::exchange(continues_, false) && fits && open_known()) return;
    open_new();
}

// After a start: behind the last referenced octet of the newest file.
bool object_files::open_known()
{
    descriptor_ = ::open(object_file_path(database_path_, newest_).c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ >= 0) segment_ = newest_;
    return descriptor_ >= 0;
}

void object_files::open_new()
{
    const std::int64_t number = ++given_;  // also if it cannot be made: something else has this name
    const std::string path = object_file_path(database_path_, number);
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor_ < 0) give_up_with(errno);
    segment_ = newest_ = number;
    end_ = allocated_ = 0;
    pending_ = on_disk::name_missing;
}

void object_files::close_file() noexcept
{
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    allocated_ = 0;
    pending_ = on_disk::yes;
}

void object_files::preallocate(std::int64_t until)
{
    if (until <= allocated_) return;
    const std::int64_t from = std::max(allocated_, end_);
    const std::int64_t wanted = (until - from + step_octets - 1) / step_octets * step_octets;
    // Without it the file grows as it is written: not every file system can, and a nearly full disk will not.
    allocated_ = ::fallocate(descriptor_, 0, from, wanted) == 0 ? from + wanted : until;
}

void object_files::write_all(std::string_view bytes)
{
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t now =
            ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done, end_ + static_cast<std::int64_t>(done));
        if (now < 0 && errno == EINTR) continue;
        if (now <= 0) give_up_with(now < 0 ? errno : EIO);
        done += static_cast<std::size_t>(now);
    }
}

void object_files::release(const object_place& place)
{
    released_.push_back(place);
}

void object_files::begin_unit()
{
    unit_ = {segment_, end_, appended_.size(), released_.size()};
}

void object_files::undo_unit()
{
    if (unit_.segment == segment_) end_ = unit_.end;  // no transaction ever held the rows: the place is free again
    appended_.resize(unit_.appended);
    released_.resize(unit_.released);
}

void object_files::sync()
{
    if (group_is_lost_) give_up(store_errc::failed);
    if (pending_ == on_disk::yes) return;
    const bool synced = ::fdatasync(descriptor_) == 0;
    const int error = errno;
    if (synced && (pending_ == on_disk::bytes_missing || sync_folder(folder_of(database_path_)))) {
        pending_ = on_disk::yes;
        return;
    }
    close_file();  // and never written again: the next object begins a file
    group_is_lost_ = true;
    give_up_with(synced ? EIO : error);
}

std::vector<freed_space> object_files::commit()
{
    // What is committed is counted before anything here can fail: a count too low would remove a file in use.
    for (const auto& place : appended_) ++objects_.find(place.segment)->second;
    for (const auto& place : released_) --objects_.find(place.segment)->second;
    const auto released = std::exchange(released_, {});
    abandon();
    std::vector<freed_space> freed = std::exchange(leftovers_, {});
    for (const auto& place : released)
        freed.push_back({object_file_path(database_path_, place.segment), freed_space::extent::hole, place.at,
                         whole_blocks(place.octets)});
    if (!released.empty()) {
        const auto files = emptied();
        freed.insert(freed.end(), files.begin(), files.end());
    }
    return freed;
}

std::vector<freed_space> object_files::emptied()
{
    std::vector<freed_space> files;
    for (auto each = objects_.begin(); each != objects_.end();) {
        const bool done_with = each->second <= 0 && each->first != newest_;
        if (done_with)
            files.push_back({object_file_path(database_path_, each->first), freed_space::extent::file, 0, 0});
        each = done_with ? objects_.erase(each) : std::next(each);
    }
    return files;
}

void object_files::abandon()
{
    appended_.clear();
    released_.clear();
    group_is_lost_ = false;
}
}
