#include "relay/spool/watcher.hpp"

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/step_clock.hpp"
#include "relay/io/files.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

namespace relay::spool {
namespace {
using namespace std::chrono_literals;
// Bounds what sits claimed and waits to be tried again; the rest waits in the folder.
constexpr std::size_t most_claimed = 512;
constexpr std::size_t beginning_octets = 64U << 10U;  // holds any MSH
// Claimed ahead, so that no worker waits, and few, so that a file that comes now is not behind a backlog.
std::size_t most_ready(std::uint32_t workers)
{
    return std::max<std::size_t>(workers / 2, 1);
}

result<void> check_private(const path& folder)
{
    struct stat info {};
    if (::stat(folder.c_str(), &info) != 0) return error_code(errno, boost::system::system_category());
    if ((info.st_mode & 077) != 0) return boost::system::errc::make_error_code(boost::system::errc::permission_denied);
    return {};
}
}

struct watcher::state {
    state(watcher_options o, intake a)
        : options(std::move(o)),
          accept(std::move(a)),
          files(options.files),
          notify(-1),
          wake(-1),
          steps(options.workers + std::size_t{1})
    {
    }

    watcher_options options;
    intake accept;
    folder files;
    int notify, wake;
    folder::moment next_scan{};  // of the watching thread
    std::mutex mutex;
    std::mutex one_big_file;  // whole oversize files in memory: one
    std::condition_variable changed;
    std::deque<claimed_file> ready;
    struct waiting {
        std::chrono::steady_clock::time_point until;
        claimed_file file;
    };
    std::deque<waiting> later;           // to be tried again, the soonest first; no worker waits with them
    std::vector<claimed_file> answered;  // that could not be removed
    bool more_waits = false;             // in the folder, for room: whoever makes room wakes the watching thread
    bool stopping = false;
    std::vector<std::thread> threads;
    std::vector<base::step_clock> steps;  // of the threads, in their order

    void watch(base::step_clock& at);
    [[nodiscard]] std::chrono::milliseconds turn();
    void work(base::step_clock& at);
    void process(const claimed_file& file);
    void retry_later(const claimed_file& file);
    void remove_answered();
    void set_aside(const claimed_file& file) const;
    [[nodiscard]] pipeline::size_class measure(const claimed_file& file) const;
    [[nodiscard]] result<pipeline::submission> read(const claimed_file& file, pipeline::size_class size) const;
    // How many files may be claimed now, after those whose pause is over became ready again.
    [[nodiscard]] std::size_t make_room();
    [[nodiscard]] std::size_t room() const;
    void read_notices(folder::moment now);
    void wake_watcher();
    void wait_for_more(std::chrono::milliseconds pause);
    [[nodiscard]] bool stop_asked()
    {
        std::scoped_lock lock(mutex);
        return stopping;
    }
};

watcher::watcher(watcher_options options, intake accept)
    : state_(std::make_unique<state>(std::move(options), std::move(accept)))
{
}

watcher::~watcher()
{
    stop();
}

result<void> watcher::start()
{
    state& s = *state_;
    if (auto ready = s.files.prepare(); !ready.has_value()) return ready;
    if (auto ready = check_private(s.options.acknowledgements); !ready.has_value()) return ready;
    s.notify = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    s.wake = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s.notify < 0 || s.wake < 0 ||
        ::inotify_add_watch(s.notify, s.options.files.folder.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE) < 0)
        return error_code(errno, boost::system::system_category());
    for (auto& file : s.files.left_over()) s.ready.push_back(std::move(file));
    s.threads.emplace_back([&s] { s.watch(s.steps.front()); });
    for (std::uint32_t i = 1; i <= s.options.workers; ++i) s.threads.emplace_back([&s, i] { s.work(s.steps[i]); });
    return {};
}

std::chrono::steady_clock::duration watcher::longest_step() const
{
    const auto now = base::step_clock::clock::now();
    auto longest = base::step_clock::clock::duration::zero();
    for (const base::step_clock& one : state_->steps) longest = std::max(longest, one.lasting(now));
    return longest;
}

void watcher::stop()
{
    state& s = *state_;
    {
        std::scoped_lock lock(s.mutex);
        if (s.stopping) return;
        s.stopping = true;
    }
    s.changed.notify_all();
    if (s.wake >= 0) s.wake_watcher();
    for (std::thread& thread : s.threads) thread.join();
    if (s.notify >= 0) ::close(s.notify);
    if (s.wake >= 0) ::close(s.wake);
}

void watcher::state::wake_watcher()
{
    const std::uint64_t one = 1;
    if (::write(wake, &one, sizeof one) < 0) obs::warn(obs::event::spool_failed, "step=wake");
}

void watcher::state::read_notices(folder::moment now)
{
    alignas(inotify_event) std::array<char, 16 * 1024> buffer{};
    for (;;) {
        const ssize_t got = ::read(notify, buffer.data(), buffer.size());
        if (got <= 0) return;
        for (ssize_t at = 0; at < got;) {
            const auto* notice = reinterpret_cast<const inotify_event*>(buffer.data() + at);
            at += static_cast<ssize_t>(sizeof(inotify_event)) + notice->len;
            if ((notice->mask & IN_Q_OVERFLOW) != 0) next_scan = now;
            if (notice->len == 0) continue;
            if ((notice->mask & IN_MOVED_TO) != 0) {
                files.renamed_in(notice->name, now);
            } else {
                files.written_in(notice->name, now);
            }
        }
    }
}

std::size_t watcher::state::room() const
{
    const std::size_t most = most_ready(options.workers);
    return std::min(most - std::min(ready.size(), most),
                    most_claimed - std::min(ready.size() + later.size(), most_claimed));
}

std::size_t watcher::state::make_room()
{
    const auto now = std::chrono::steady_clock::now();
    std::scoped_lock lock(mutex);
    bool any = false;
    for (; !later.empty() && later.front().until <= now; later.pop_front(), any = true)
        ready.push_back(std::move(later.front().file));
    if (any) changed.notify_all();
    return room();
}

void watcher::state::wait_for_more(std::chrono::milliseconds pause)
{
    std::array<pollfd, 2> waits{pollfd{notify, POLLIN, 0}, pollfd{wake, POLLIN, 0}};
    ::poll(waits.data(), waits.size(), static_cast<int>(pause.count()));
    std::uint64_t woken = 0;
    while (::read(wake, &woken, sizeof woken) > 0) continue;
}

void watcher::state::watch(base::step_clock& at)
{
    while (!stop_asked()) {
        std::chrono::milliseconds pause{};
        {
            const base::step_clock::step looking(at);
            pause = turn();
        }
        wait_for_more(pause);
    }
}

// Looks and claims once; how long to wait for more.
std::chrono::milliseconds watcher::state::turn()
{
    remove_answered();
    const std::size_t wanted = make_room();
    std::size_t taken = 0;
    try {
        const auto now = std::chrono::steady_clock::now();
        read_notices(now);
        if (files.is_scanning() || files.wants_scan() || now >= next_scan) {
            files.scan(now);
            next_scan = now + options.rescan;
        }
        if (wanted > 0) {
            auto claimed = files.claim_complete(now, wanted);
            taken = claimed.size();
            std::scoped_lock lock(mutex);
            more_waits = taken == wanted;
            for (auto& file : claimed) ready.push_back(std::move(file));
        }
    } catch (const std::filesystem::filesystem_error& error) {
        obs::error(obs::event::spool_failed, "step=scan code={}", error.code().value());
    }
    if (taken > 0) changed.notify_all();
    if (files.is_scanning()) return 0ms;
    // Full: a worker wakes us when it needs more; this is for those that are tried again.
    if (wanted == 0 || taken == wanted) return 20ms;
    const auto rescan = std::chrono::duration_cast<std::chrono::milliseconds>(options.rescan);
    return files.has_waiting() ? std::min(rescan, std::max(options.files.stable / 2, 50ms)) : rescan;
}

void watcher::state::work(base::step_clock& at)
{
    for (;;) {
        claimed_file file;
        {
            std::unique_lock lock(mutex);
            changed.wait(lock, [this] { return stopping || !ready.empty(); });
            if (stopping) return;  // what is claimed and not begun is found again at the next start
            file = std::move(ready.front());
            ready.pop_front();
            if (more_waits) wake_watcher();
        }
        const base::step_clock::step one_file(at);
        try {
            process(file);
        } catch (const std::exception&) {
            obs::error(obs::event::spool_failed, "step=process");
            retry_later(file);
        }
    }
}

void watcher::state::retry_later(const claimed_file& file)
{
    std::scoped_lock lock(mutex);
    later.push_back({std::chrono::steady_clock::now() + options.busy_pause, file});
}

// What a broken disk kept is tried again with each look at the folder.
void watcher::state::remove_answered()
{
    std::vector<claimed_file> left;
    {
        std::scoped_lock lock(mutex);
        left.swap(answered);
    }
    for (claimed_file& file : left) {
        if (folder::remove_answered(file)) continue;
        std::scoped_lock lock(mutex);
        answered.push_back(std::move(file));
    }
}

// What cannot be kept as an object stays beside the spool, for a person; nothing there is ever overwritten.
void watcher::state::set_aside(const claimed_file& file) const
{
    const path aside = options.files.folder / (".refused-" + options.files.node);
    ::mkdir(aside.c_str(), 0700);
    for (const path& each : {file.attachment, file.main}) {
        if (each.empty()) continue;
        path there = aside / each.filename();
        for (int number = 2; std::filesystem::exists(there); ++number)
            there = aside / (std::to_string(number) + "-" + each.filename().string());
        if (::rename(each.c_str(), there.c_str()) != 0)
            obs::error(obs::event::spool_failed, "step=aside code={}", errno);
    }
}

// Of a pair, both halves together.
pipeline::size_class watcher::state::measure(const claimed_file& file) const
{
    std::error_code unknown;
    std::uintmax_t octets = std::filesystem::file_size(file.main, unknown);
    if (!unknown && !file.attachment.empty()) octets += std::filesystem::file_size(file.attachment, unknown);
    if (unknown || octets <= options.max_octets) return pipeline::size_class::fits;
    return octets <= options.keep_octets ? pipeline::size_class::oversize : pipeline::size_class::beyond_keeping;
}

result<pipeline::submission> watcher::state::read(const claimed_file& file, pipeline::size_class size) const
{
    pipeline::submission next;
    next.name = file.name();
    next.size = size;
    const bool whole = size != pipeline::size_class::beyond_keeping;
    auto bytes =
        whole ? io::read_file(file.main, options.keep_octets) : io::read_beginning(file.main, beginning_octets);
    if (!bytes.has_value()) return bytes.error();
    next.bytes = std::move(*bytes);
    if (whole && !file.attachment.empty()) {
        auto attachment = io::read_file(file.attachment, options.keep_octets);
        if (!attachment.has_value()) return attachment.error();
        next.attachment = std::move(*attachment);
    }
    return next;
}

void watcher::state::process(const claimed_file& file)
{
    std::error_code unknown;
    if (!std::filesystem::exists(file.main, unknown)) return;  // somebody took it out of our hands: nothing is left
    const pipeline::size_class size = measure(file);
    std::unique_lock alone(one_big_file, std::defer_lock);
    if (size != pipeline::size_class::fits) alone.lock();
    const auto next = read(file, size);
    if (!next.has_value()) return retry_later(file);
    const pipeline::submission_result answer = accept(*next);
    if (answer.suffix.empty() && answer.what == pipeline::verdict::busy) return retry_later(file);
    if (!answer.suffix.empty()) {
        const auto written = io::write_file_atomic(
            options.acknowledgements / pipeline::acknowledgement_name(next->name, answer.suffix), answer.content, 0600);
        if (!written.has_value()) {
            obs::error(obs::event::spool_failed, "step=acknowledge code={}", written.error().value());
            return retry_later(file);
        }
    }
    if (size == pipeline::size_class::beyond_keeping) return set_aside(file);
    obs::add(obs::counter::files_taken);
    if (folder::remove_answered(file)) return;
    obs::error(obs::event::spool_failed, "step=remove");
    std::scoped_lock lock(mutex);
    answered.push_back(file);
}
}
