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

#include "relay/io/files.hpp"
#include "relay/obs/log.hpp"

namespace relay::spool {
namespace {
using namespace std::chrono_literals;
// Bounds what sits claimed; the rest waits in the folder. Each claim looks at the whole folder, so a long backlog wants
// few of them.
constexpr std::size_t claims_at_once = 512;
constexpr std::size_t beginning_octets = 64U << 10U;  // holds any MSH

class descriptor {
public:
    explicit descriptor(int fd) : fd_(fd) {}
    ~descriptor()
    {
        if (fd_ >= 0) ::close(fd_);
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

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
        : options(std::move(o)), accept(std::move(a)), files(options.files), notify(-1), wake(-1)
    {
    }

    watcher_options options;
    intake accept;
    folder files;
    int notify, wake;
    std::mutex mutex;
    std::mutex one_big_file;  // whole oversize files in memory: one
    std::condition_variable changed;
    std::deque<claimed_file> ready;
    struct waiting {
        std::chrono::steady_clock::time_point until;
        claimed_file file;
    };
    std::deque<waiting> later;  // to be tried again, the soonest first; no worker waits with them
    bool stopping = false;
    std::vector<std::thread> threads;

    void watch();
    void work();
    void process(const claimed_file& file);
    void retry_later(const claimed_file& file);
    void set_aside(const claimed_file& file) const;
    [[nodiscard]] pipeline::size_class measure(const claimed_file& file) const;
    [[nodiscard]] result<pipeline::submission> read(const claimed_file& file, pipeline::size_class size) const;
    // How many files may be claimed now, after those whose pause is over became ready again.
    [[nodiscard]] std::size_t make_room();
    void read_notices();
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
    s.threads.emplace_back([&s] { s.watch(); });
    for (std::uint32_t i = 0; i < s.options.workers; ++i) s.threads.emplace_back([&s] { s.work(); });
    return {};
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
    const std::uint64_t one = 1;
    if (s.wake >= 0 && ::write(s.wake, &one, sizeof one) < 0) obs::warn(obs::event::spool_failed, "step=wake");
    for (std::thread& thread : s.threads) thread.join();
    if (s.notify >= 0) ::close(s.notify);
    if (s.wake >= 0) ::close(s.wake);
}

void watcher::state::read_notices()
{
    alignas(inotify_event) std::array<char, 16 * 1024> buffer{};
    for (;;) {
        const ssize_t got = ::read(notify, buffer.data(), buffer.size());
        if (got <= 0) return;
        for (ssize_t at = 0; at < got;) {
            const auto* notice = reinterpret_cast<const inotify_event*>(buffer.data() + at);
            if ((notice->mask & IN_MOVED_TO) != 0 && notice->len > 0) files.renamed_in(notice->name);
            at += static_cast<ssize_t>(sizeof(inotify_event)) + notice->len;
        }
    }
}

std::size_t watcher::state::make_room()
{
    const auto now = std::chrono::steady_clock::now();
    std::scoped_lock lock(mutex);
    bool any = false;
    for (; !later.empty() && later.front().until <= now; later.pop_front(), any = true)
        ready.push_back(std::move(later.front().file));
    if (any) changed.notify_all();
    return claims_at_once - std::min(ready.size() + later.size(), claims_at_once);
}

void watcher::state::watch()
{
    while (!stop_asked()) {
        const std::size_t room = make_room();
        std::size_t taken = 0;
        try {
            read_notices();
            if (room > 0) {
                auto claimed = files.claim_complete(std::chrono::steady_clock::now(), room);
                taken = claimed.size();
                std::scoped_lock lock(mutex);
                for (auto& file : claimed) ready.push_back(std::move(file));
            }
        } catch (const std::filesystem::filesystem_error& error) {
            obs::error(obs::event::spool_failed, "step=scan code={}", error.code().value());
        }
        if (taken > 0) changed.notify_all();
        auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(options.rescan);
        if (room == 0 || taken == room)
            pause = 20ms;  // full: look again as soon as the workers have made room
        else if (files.has_waiting())
            pause = std::min(pause, std::max(options.files.stable / 2, std::chrono::milliseconds(50)));
        std::array<pollfd, 2> waits{pollfd{notify, POLLIN, 0}, pollfd{wake, POLLIN, 0}};
        if (room == 0) waits[0].fd = -1;
        ::poll(waits.data(), waits.size(), static_cast<int>(pause.count()));
    }
}

void watcher::state::work()
{
    for (;;) {
        claimed_file file;
        {
            std::unique_lock lock(mutex);
            changed.wait(lock, [this] { return stopping || !ready.empty(); });
            if (stopping) return;  // what is claimed and not begun is found again at the next start
            file = std::move(ready.front());
            ready.pop_front();
        }
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
    auto bytes = whole ? io::read_file(file.main, options.keep_octets) : io::read_beginning(file.main, beginning_octets);
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
    folder::remove_answered(file);
}
}
