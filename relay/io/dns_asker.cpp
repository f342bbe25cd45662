#include "relay/io/dns_asker.hpp"

#include <ares.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>

// g++ 12 takes Asio's per-thread frame allocator for a mismatch once it has inlined one half of it.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace relay::io {
namespace {
// Once per process and before any channel, as ares_library_init is not safe between threads.
void start_library()
{
    static const int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status != ARES_SUCCESS) throw std::runtime_error("c-ares");
}

error_code error_of(int status)
{
    switch (status) {
        case ARES_ENOTFOUND: return errc::name_unknown;
        case ARES_EBADNAME: return errc::bad_address;
        case ARES_EDESTRUCTION:
        case ARES_ECANCELLED: return errc::cancelled;
        default: return errc::name_lookup_failed;
    }
}

std::filesystem::file_time_type settings_time()
{
    std::error_code unread;
    const auto time = std::filesystem::last_write_time("/etc/resolv.conf", unread);
    return unread ? std::filesystem::file_time_type() : time;
}
}

dns_asker::dns_asker(dns_settings settings, dns_limits limits) : settings_(std::move(settings)), limits_(limits)
{
    start_library();
    wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_ < 0) throw std::runtime_error("eventfd");
}

dns_asker::~dns_asker()
{
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake();
    if (thread_.joinable()) thread_.join();
    ::close(wake_);
}

void dns_asker::wake() const
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
}

result<void> dns_asker::post(question what, told tell)
{
    {
        const std::lock_guard lock(mutex_);
        if (under_way_ >= limits_.max_waiting) return make_error_code(errc::overloaded);
        ++under_way_;
        waiting_.push_back(std::make_unique<request>(request{std::move(what), std::move(tell), this}));
        if (!std::exchange(started_, true)) thread_ = std::thread([this] { run(); });
    }
    wake();
    return {};
}

std::optional<result<dns_answer>> dns_asker::cached(const question& what)
{
    const auto now = clock::now();
    const std::lock_guard lock(mutex_);
    const auto found = cache_.find(what);
    if (found == cache_.end() || found->second.until <= now) return std::nullopt;
    auto answer = found->second.answer;
    if (answer.has_value()) answer->ttl = std::chrono::ceil<std::chrono::seconds>(found->second.until - now);
    return answer;
}

void dns_asker::keep(const question& what, const result<dns_answer>& answer, std::chrono::seconds ttl)
{
    if (ttl.count() == 0) return;
    const auto now = clock::now();
    const std::lock_guard lock(mutex_);
    if (cache_.size() >= limits_.max_cached)
        std::erase_if(cache_, [now](const auto& one) { return one.second.until <= now; });
    if (cache_.size() >= limits_.max_cached) cache_.clear();
    cache_.insert_or_assign(what, kept{answer, now + ttl});
}

dns_asker::channel dns_asker::open_channel() const
{
    ares_options options{};
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    options.timeout = static_cast<int>(settings_.timeout.count());
    options.tries = settings_.tries;
    channel to = nullptr;
    if (ares_init_options(&to, &options, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS)
        return nullptr;
    std::string servers;
    for (const host_port& one : settings_.servers) servers += (servers.empty() ? "" : ",") + write_host_port(one);
    if (!servers.empty() && ares_set_servers_ports_csv(to, servers.c_str()) != ARES_SUCCESS) {
        ares_destroy(to);
        return nullptr;
    }
    return to;
}

void dns_asker::run()
{
    channel to = open_channel();
    auto settings_of = settings_time();
    for (;;) {
        std::deque<std::unique_ptr<request>> fresh;
        bool none_under_way = false;
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) break;
            fresh.swap(waiting_);
            none_under_way = under_way_ == fresh.size();
        }
        // c-ares reads the system's settings once.
        if (!fresh.empty() && none_under_way && settings_.servers.empty() && settings_time() != settings_of) {
            if (to != nullptr) ares_destroy(to);
            to = open_channel();
            settings_of = settings_time();
        }
        for (auto& one : fresh) begin(to, std::move(one));
        turn(to);
    }
    if (to != nullptr) ares_destroy(to);  // tells all that are under way
    for (auto& one : waiting_) one->tell(make_error_code(errc::cancelled));
}

// One wait for sockets, the next try's time, or new questions.
void dns_asker::turn(channel to) const
{
    std::array<pollfd, ARES_GETSOCK_MAXNUM + 1> polled{};
    std::size_t count = 0;
    polled[count++] = {wake_, POLLIN, 0};
    int wait_ms = -1;
    if (to != nullptr) {
        std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
        const auto wanted = static_cast<unsigned>(ares_getsock(to, sockets.data(), ARES_GETSOCK_MAXNUM));
        for (std::size_t i = 0; i < sockets.size(); ++i) {
            short events = 0;
            if (ARES_GETSOCK_READABLE(wanted, i)) events |= POLLIN;
            if (ARES_GETSOCK_WRITABLE(wanted, i)) events |= POLLOUT;
            if (events != 0) polled[count++] = {sockets[i], events, 0};
        }
        timeval most{1, 0};
        timeval room{};
        if (const timeval* next = ares_timeout(to, nullptr, &room); next != nullptr) {
            if (next->tv_sec < most.tv_sec) most = *next;
            wait_ms = static_cast<int>(most.tv_sec * 1000 + most.tv_usec / 1000 + 1);
        }
    }
    if (::poll(polled.data(), count, wait_ms) < 0) return;
    std::uint64_t ignored = 0;
    if (polled[0].revents != 0) [[maybe_unused]]
        const ssize_t got = ::read(wake_, &ignored, sizeof ignored);
    if (to == nullptr) return;
    for (std::size_t i = 1; i < count; ++i) {
        const bool in = (polled[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
        const bool out = (polled[i].revents & POLLOUT) != 0;
        if (in || out) ares_process_fd(to, in ? polled[i].fd : ARES_SOCKET_BAD, out ? polled[i].fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(to, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what has timed out
}

// What the hosts file says; nullopt if it does not know the name. A name it knows by one family only is not asked for.
std::optional<dns_answer> dns_asker::in_hosts_file(const question& what)
{
    if (what.type != dns_type::a && what.type != dns_type::aaaa) return std::nullopt;
    dns_answer answer;
    answer.addresses = hosts_.find(what.name);
    if (answer.addresses.empty()) return std::nullopt;
    std::erase_if(answer.addresses, [&](const auto& one) { return one.is_v4() != (what.type == dns_type::a); });
    return answer;
}

void dns_asker::begin(channel to, std::unique_ptr<request> one)
{
    if (to == nullptr) {
        end(std::move(one), make_error_code(errc::name_lookup_failed), {});
        return;
    }
    if (auto known = in_hosts_file(one->what)) {
        end(std::move(one), std::move(*known), {});
        return;
    }
    request* const asked = one.release();  // comes back in answered(), whatever happens
    ares_query(to, asked->what.name.c_str(), ns_c_in, static_cast<int>(asked->what.type), answered, asked);
}

void dns_asker::end(std::unique_ptr<request> one, result<dns_answer> answer, std::chrono::seconds ttl)
{
    keep(one->what, answer, ttl);
    {
        const std::lock_guard lock(mutex_);
        --under_way_;
    }
    one->tell(std::move(answer));
}

void dns_asker::answered(void* argument, int status, int, unsigned char* bytes, int length)
{
    std::unique_ptr<request> one(static_cast<request*>(argument));
    dns_asker& self = *one->self;
    const std::string_view message(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
    if (status == ARES_SUCCESS) {
        auto read = read_dns_answer(message, one->what.name, one->what.type, self.limits_);
        const auto ttl = read.has_value() ? read->ttl : std::chrono::seconds(0);
        self.end(std::move(one), std::move(read), ttl);
        return;
    }
    const bool is_denied = status == ARES_ENODATA || status == ARES_ENOTFOUND;
    const bool is_ours = status == ARES_EDESTRUCTION || status == ARES_ECANCELLED || status == ARES_ENOMEM;
    const auto ttl = is_denied ? negative_ttl(message, self.limits_)
                     : is_ours ? std::chrono::seconds(0)
                               : self.limits_.no_answer;
    dns_answer nothing;
    nothing.ttl = ttl;
    if (status == ARES_ENODATA)
        self.end(std::move(one), std::move(nothing), ttl);
    else
        self.end(std::move(one), error_of(status), ttl);
}

awaitable<result<dns_answer>> dns_asker::ask(question what)
{
    if (!is_dns_name(what.name)) co_return make_error_code(errc::bad_address);
    if (auto known = cached(what)) co_return std::move(*known);
    struct state_type {
        explicit state_type(const asio::any_io_executor& executor) : done(executor, clock::time_point::max()) {}
        asio::steady_timer done;  // never expires: cancelled by the answer
        std::optional<result<dns_answer>> answer;
    };
    auto executor = co_await asio::this_coro::executor;
    auto state = std::make_shared<state_type>(executor);
    told tell = [state, executor](result<dns_answer> answer) {
        auto hand_over = [state, answer = std::move(answer)]() mutable {
            state->answer = std::move(answer);
            state->done.cancel();
        };
        asio::post(executor, std::move(hand_over));
    };
    if (auto posted = post(std::move(what), std::move(tell)); posted.has_error()) co_return posted.error();
    error_code ignored;
    if (!state->answer) co_await state->done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!state->answer) co_return make_error_code(errc::cancelled);
    co_return std::move(*state->answer);
}
}
