// relay/spool/watcher.hpp: takes files from the spool folder to intake, and writes the acknowledgements.
// inotify names what comes; a rescan, periodic and in slices, finds what inotify cannot tell (a backlog at start,
// network folders, overflow). A long backlog slows nothing that comes later, and costs no memory. Order of steps for
// each file: claim, hand to intake (durable), write the acknowledgement (durable), remove the file. A crash anywhere
// repeats the file, and intake gives the same answer. A file answered `busy` without a way to tell the sender stays
// claimed and is tried again. Threads: one that watches, `workers` that process; stop() finishes the files in hand.
#pragma once

#include <functional>
#include <memory>

#include "relay/pipeline/submission.hpp"
#include "relay/spool/folder.hpp"

namespace relay::spool {
struct watcher_options {
    folder_options files;
    path acknowledgements;
    std::chrono::seconds rescan{5};
    std::uint64_t max_octets = 40U << 20U;
    std::uint64_t keep_octets = 128U << 20U;  // an oversize file up to this is handed over whole, one at a time
    std::uint32_t workers = 4;
    std::chrono::milliseconds busy_pause{5000};  // before a file that could not be taken in is tried again
};

class watcher {
public:
    using intake = std::function<pipeline::submission_result(const pipeline::submission&)>;  // called on worker threads

    watcher(watcher_options options, intake accept);
    ~watcher();
    watcher(const watcher&) = delete;
    watcher& operator=(const watcher&) = delete;

    // Fails if a folder is missing or open to group or others; otherwise watching has begun.
    [[nodiscard]] result<void> start();
    void stop();
    // How long the thread that has been at one step for the longest has been at it: looking into the folder, or one
    // file from reading to acknowledgement. Zero while all wait for files. Any thread.
    [[nodiscard]] std::chrono::steady_clock::duration longest_step() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};
}
