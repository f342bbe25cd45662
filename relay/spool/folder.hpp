// relay/spool/folder.hpp: the pick-up folder of the hospital's software: which files are complete, and claiming them.
// A file is complete when it was renamed into the folder (inotify IN_MOVED_TO), or when its size and mtime have not
// changed for `stable`. A sidecar (x.json, or x.properties, x.csv, x.txt) is complete with its PDF (x.pdf); either
// alone is given up on after `pair_wait`. Claiming is a rename into a sub-folder of this node: of two relays on one
// folder only one succeeds. What is claimed and not yet finished is found again at the next start. Not thread-safe: one
// watcher thread uses it.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "relay/base/result.hpp"

namespace relay::spool {
using std::filesystem::path;

struct folder_options {
    path folder;
    std::string node;  // names the claim sub-folder: ".claimed-<node>"
    std::chrono::milliseconds stable{1000};
    std::chrono::seconds pair_wait{60};
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
    // Any thread.
    static void remove_answered(const claimed_file& file);

    void renamed_in(const std::string& name) { renamed_in_.insert(name); }
    // Everything complete now, newest first, at most `most`; the rest is found by the next scan.
    [[nodiscard]] std::vector<claimed_file> claim_complete(std::chrono::steady_clock::time_point now, std::size_t most);
    // True while files are waiting to become stable: the caller scans again soon.
    [[nodiscard]] bool has_waiting() const noexcept { return !seen_.empty(); }
    [[nodiscard]] const path& claim_folder() const noexcept { return claims_; }

private:
    struct look {
        std::int64_t size = 0;
        std::int64_t mtime = 0;                       // nanoseconds
        std::chrono::steady_clock::time_point since;  // unchanged since
        std::chrono::steady_clock::time_point first;  // first seen
    };
    using looks = std::map<std::string, look>;
    using file_names = std::map<std::string, path>;

    void finish_removals(file_names& claimed) const;
    bool is_complete(const std::string& name, const look& at, std::chrono::steady_clock::time_point now) const;
    void look_around(std::chrono::steady_clock::time_point now);
    [[nodiscard]] bool is_in_hand(const std::string& name) const;
    result<claimed_file> claim(const std::string& name, const std::string& attachment);

    folder_options options_;
    path claims_;
    looks seen_;
    std::set<std::string> renamed_in_;
};
}
