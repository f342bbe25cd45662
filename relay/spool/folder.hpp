// relay/spool/folder.hpp: the pick-up folder of the hospital's software: which files are complete, and claiming them.
// A file is complete when it was renamed into the folder (inotify IN_MOVED_TO), or when its size and mtime have not
// changed for `stable`. A sidecar (x.json, or x.properties, x.csv, x.txt) is complete with its PDF (x.pdf); either
// alone is given up on after `pair_wait`. Claiming is a rename into a sub-folder of this node: of two relays on one
// folder only one succeeds. What is claimed and not yet finished is found again at the next start.
// However many files wait, the newest is claimed as fast as if it were alone, the oldest in turn with it, and memory
// stays the same: names come from inotify or from a scan in slices, and of those that wait only `most_known` on either
// side are kept in mind, the newest and the oldest. Not thread-safe: one watcher thread uses it.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dirent.h>

#include "relay/base/result.hpp"

namespace relay::spool {
using std::filesystem::path;

struct folder_options {
    path folder;
    std::string node;  // names the claim sub-folder: ".claimed-<node>"
    std::chrono::milliseconds stable{1000};
    std::chrono::seconds pair_wait{60};
    std::size_t most_known = 4096;  // names kept in mind after a scan; up to twice as many during one
    std::size_t scan_slice = 1024;  // directory entries in one call of scan()
};

struct claimed_file {
    path main;        // in the claim folder
    path attachment;  // PDF beside a sidecar; empty if none
    [[nodiscard]] std::string name() const { return main.filename().string(); }
};

class folder {
public:
    explicit folder(folder_options options);

    // Makes the claim sub-folder (0700). Fails if the folder is missing, or open to group or others.
    [[nodiscard]] result<void> prepare();
    [[nodiscard]] std::vector<claimed_file> left_over() const;
    // Removes what was answered. Two files cannot be removed in one act: the sidecar is marked first, and left_over()
    // removes a marked one with its PDF, so that a crash in between never shows half a pair as a submission of its own.
    // False: something is left, and this may be called again; else the next start finds it and answers it as before.
    // Any thread.
    [[nodiscard]] static bool remove_answered(const claimed_file& file);

    using moment = std::chrono::steady_clock::time_point;

    // What inotify tells: a file was renamed in, or one was created or written in place.
    void renamed_in(const std::string& name, moment now) { notice(name, arrival::whole, now); }
    void written_in(const std::string& name, moment now) { notice(name, arrival::written, now); }
    // Begins to look over the whole folder, or goes on where the last call stopped.
    void scan(moment now);
    [[nodiscard]] bool is_scanning() const noexcept { return listing_ != nullptr; }
    // Few of the known names are left, and there are more in the folder.
    [[nodiscard]] bool wants_scan() const noexcept;

    // Of the known files those complete now, at most `most`: the newest, the oldest, the second newest and so on.
    [[nodiscard]] std::vector<claimed_file> claim_complete(moment now, std::size_t most);
    // True while known files wait: to become stable, for their other half, or for room.
    [[nodiscard]] bool has_waiting() const noexcept { return !seen_.empty(); }
    [[nodiscard]] std::size_t known() const noexcept { return seen_.size(); }
    [[nodiscard]] const path& claim_folder() const noexcept { return claims_; }

private:
    enum class arrival { found, written, whole };
    enum class turn { newest, oldest };
    struct look {
        std::int64_t size = 0;
        std::int64_t mtime = 0;  // nanoseconds since 1970
        std::int64_t order = 0;  // nanoseconds since 1970: when it came if that was seen, else its mtime
        moment since;            // unchanged since
        moment first;            // first seen
        arrival how = arrival::found;
        unsigned scan = 0;  // the last scan that met it
    };
    using looks = std::map<std::string, look, std::less<>>;
    struct close_listing {
        void operator()(DIR* listing) const noexcept { ::closedir(listing); }
    };

    void notice(const std::string& name, arrival how, moment now);
    looks::iterator look_at(const std::string& name, moment now);
    void place(looks::iterator at, std::int64_t order);
    void forget(looks::iterator at);
    void forget_middle();
    void end_scan();
    [[nodiscard]] bool is_complete(looks::iterator at, moment now);
    [[nodiscard]] std::string on_disk(const std::string& name, std::string_view extension) const;
    [[nodiscard]] std::string pdf_beside(const std::string& sidecar) const;
    [[nodiscard]] std::string sidecar_beside(const std::string& pdf) const;
    struct half {
        bool may_go = false;
        std::string pdf;
    };
    [[nodiscard]] half check_half(looks::const_iterator at, moment now);
    [[nodiscard]] bool is_in_hand(const std::string& name) const;
    result<claimed_file> claim(const std::string& name, const std::string& attachment);

    folder_options options_;
    path claims_;
    looks seen_;
    std::map<std::pair<std::int64_t, std::string_view>, looks::iterator> by_age_;  // of each: its order and its name
    std::unique_ptr<DIR, close_listing> listing_;
    unsigned scan_ = 0;
    bool left_out_ = false;  // the folder holds more than seen_
    turn turn_ = turn::newest;
};
}
