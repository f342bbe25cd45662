// relay/store/object_files.hpp: large sealed objects, appended to files beside the database (design.md §5): the file
// DATABASE-objects-N is a segment. Bytes are synced before the transaction commits whose rows point at them, so a death
// in between leaves bytes that no row knows, never a row without bytes. What no row points at is not trusted: a file is
// continued behind the last referenced octet. A file that failed to sync is not written again, since the kernel may
// have dropped what it could not write. Removing frees a place once the removal is committed; the caller gives it back
// to the disk when no reader can look there any more. Objects begin at multiples of a block, so that no write touches
// the block of another one. Integrity is the vault's: length, tag and SHA-256 of each object.
// Private to relay/store. Errors are thrown: boost::system::system_error (store_errc). object_files lives on the writer
// thread; the functions are safe from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "relay/store/connection.hpp"

namespace relay::store {
struct object_place {
    std::int64_t segment = 0;
    std::int64_t at = 0;
    std::int64_t octets = 0;
};

struct object_file_limits {
    std::uint64_t segment_octets = std::uint64_t{256} << 20U;  // then the next file is begun; one object may be larger
    std::uint64_t max_octets = 0;                              // of each file; 0: no limit; store_errc::disk_full
    std::chrono::hours keep_unknown{7 * 24};                   // as long as content is kept (domain.md §10.7)
};

// store_errc::damaged when the file is not there or too short.
[[nodiscard]] std::string read_object(connection& database, const object_place& place);

// Space that no row points at any more: a hole in a file, or the whole file.
struct freed_space {
    enum class extent { hole, file };
    std::string path;
    extent what = extent::hole;
    std::int64_t at = 0;
    std::int64_t octets = 0;
};
// Best effort: what cannot be given back is so at a later start, or when the whole file is.
void give_back(const std::vector<freed_space>& spaces) noexcept;

class object_files {
public:
    // Beside the file of this connection.
    object_files(connection& database, const object_file_limits& limits);
    object_files(const object_files&) = delete;
    object_files& operator=(const object_files&) = delete;
    ~object_files();

    // At start, before the first group: learns what is referenced. A file that nothing refers to goes when it is
    // empty, or has not been written for limits.keep_unknown: until then a newer database, put back after an older one
    // was opened by mistake, finds its objects. Its number is not given again.
    void learn(connection& database);

    // Inside a unit: the place of bytes that are written but not synced, and a place whose row is deleted.
    [[nodiscard]] object_place append(std::string_view bytes);
    void release(const object_place& place);
    void begin_unit();
    void undo_unit();

    void sync();  // before the commit
    [[nodiscard]] std::vector<freed_space>
    commit();        // after it: what became free; the group is ended, also when this throws
    void abandon();  // after a commit that failed; its places are not used again

private:
    struct state {
        std::int64_t segment = 0;
        std::int64_t end = 0;
        std::size_t appended = 0;
        std::size_t released = 0;
    };
    void ensure_file(std::size_t octets);
    bool open_known();
    void open_new();
    void close_file() noexcept;
    void write_all(std::string_view bytes);
    void preallocate(std::int64_t until);
    void look_at_unreferenced();
    void free_leftovers(connection& database, std::int64_t segment);
    [[nodiscard]] std::vector<freed_space> emptied();

    const std::string database_path_;
    const object_file_limits limits_;
    int descriptor_ = -1;
    std::int64_t segment_ = 0;  // being written; 0: none yet
    std::int64_t newest_ = 0;   // of those that are referenced or being written
    std::int64_t given_ = 0;    // highest number of all
    std::int64_t end_ = 0;      // of what was written to it
    std::int64_t allocated_ = 0;
    enum class on_disk { yes, bytes_missing, name_missing } pending_ = on_disk::yes;
    bool continues_ = false;                        // the newest file of an earlier run, when the first object comes
    bool group_is_lost_ = false;                    // a unit of the group that runs wrote what could not be synced
    std::map<std::int64_t, std::int64_t> objects_;  // referenced, by segment
    std::vector<object_place> appended_;            // by the group that runs
    std::vector<object_place> released_;
    std::vector<freed_space> leftovers_;  // of an earlier run
    state unit_;
};
}
