#include "relay/io/name_lookup.hpp"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <filesystem>
#include <map>
#include <stdexcept>

// g++ 12 takes Asio's per-thread frame allocator for a mismatch once it has inlined one half of it.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace relay::io {
namespace {
struct question {
    std::string name;
    dns_type type;
    friend auto operator<=>(const question&, const question&) = default;
};
using told = std::function<void(result<dns_answer>)>;

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

std::vector<asio::ip::address> read_hosts_file(ares_channel channel, const std::string& name, int family)
{
    std::vector<asio::ip::address> found;
    hostent* entry = nullptr;
    if (ares_gethostbyname_file(channel, name.c_str(), family, &entry) != ARES_SUCCESS) return found;
    for (char** one = entry->h_addr_list; *one != nullptr; ++one) {
        std::array<char, INET6_ADDRSTRLEN> text{};
        if (::inet_ntop(family, *one, text.data(), text.size()) != nullptr)
            found.push_back(asio::ip::make_address(text.data()));
    }
    ares_free_hostent(entry);
    return found;
}

// What /etc/hosts says; nullopt if it does not know the name. A name it knows by one family only is not asked for.
std::optional<dns_answer> read_hosts_file(ares_channel channel, const question& what)
{
    if (what.type != dns_type::a && what.type != dns_type::aaaa) return std::nullopt;
    auto four = read_hosts_file(channel, what.name, AF_INET);
    auto six = read_hosts_file(channel, what.name, AF_INET6);
    if (four.empty() && six.empty()) return std::nullopt;
    dns_answer answer;
    answer.addresses = what.type == dns_type::a ? std::move(four) : std::move(six);
    return answer;
}

std::vector<asio::ip::address> in_turn(std::vector<asio::ip::address> first, std::vector<asio::ip::address> second)
{
    std::vector<asio::ip::address> all;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) all.push_back(std::move(first[i]));
        if (i < second.size()) all.push_back(std::move(second[i]));
    }
    return all;
}
}

// Owns the thread, and the thread owns the channel: nobody else touches c-ares.
class name_lookup::asker {
public:
    asker(dns_settings settings, dns_limits limits) : settings_(std::move(settings)), limits_(limits)
    {
        start_library();
        wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (wake_ < 0) throw std::runtime_error("eventfd");
    }
    ~asker()
    {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake();
        if (thread_.joinable()) thread_.join();
        ::close(wake_);
    }
    asker(const asker&) = delete;
    asker& operator=(const asker&) = delete;

    awaitable<result<dns_answer>> ask(question what);

private:
    struct request {
        question what;
        told tell;
        asker* self;
    };
    result<void> post(question what, told tell);
    void wake() const
    {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
    }
    std::optional<dns_answer> cached(const question& what);
    void keep(const question& what, const dns_answer& answer);
    void run();
    void begin(ares_channel channel, std::unique_ptr<request> one);
    void turn(ares_channel channel) const;
    ares_channel open_channel() const;
    static void answered(void* argument, int status, int timeouts, unsigned char* bytes, int length);

    struct kept {
        dns_answer answer;
        clock::time_point until;
    };
    const dns_settings settings_;
    const dns_limits limits_;
    int wake_ = -1;
    std::mutex mutex_;  // all below
    std::deque<std::unique_ptr<request>> waiting_;
    std::size_t under_way_ = 0;
    std::map<question, kept> cache_;
    bool stopping_ = false;
    bool started_ = false;
    std::thread thread_;
};

result<void> name_lookup::asker::post(question what, told tell)
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

std::optional<dns_answer> name_lookup::asker::cached(const question& what)
{
    const std::lock_guard lock(mutex_);
    const auto found = cache_.find(what);
    if (found == cache_.end() || found->second.until <= clock::now()) return std::nullopt;
    return found->second.answer;
}

void name_lookup::asker::keep(const question& what, const dns_answer& answer)
{
    if (answer.ttl.count() == 0) return;
    const auto now = clock::now();
    const std::lock_guard lock(mutex_);
    if (cache_.size() >= limits_.max_cached)
        std::erase_if(cache_, [now](const auto& one) { return one.second.until <= now; });
    if (cache_.size() >= limits_.max_cached) cache_.clear();
    cache_.insert_or_assign(what, kept{answer, now + answer.ttl});
}

ares_channel name_lookup::asker::open_channel() const
{
    ares_options options{};
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    options.timeout = static_cast<int>(settings_.timeout.count());
    options.tries = settings_.tries;
    ares_channel channel = nullptr;
    if (ares_init_options(&channel, &options, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS)
        return nullptr;
    std::string servers;
    for (const host_port& one : settings_.servers) servers += (servers.empty() ? "" : ",") + write_host_port(one);
    if (!servers.empty() && ares_set_servers_ports_csv(channel, servers.c_str()) != ARES_SUCCESS) {
        ares_destroy(channel);
        return nullptr;
    }
    return channel;
}

void name_lookup::asker::run()
{
    ares_channel channel = open_channel();
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
            if (channel != nullptr) ares_destroy(channel);
            channel = open_channel();
            settings_of = settings_time();
        }
        for (auto& one : fresh) begin(channel, std::move(one));
        turn(channel);
    }
    if (channel != nullptr) ares_destroy(channel);  // tells all that are under way
    for (auto& one : waiting_) one->tell(make_error_code(errc::cancelled));
}

// One wait for sockets, the next try's time, or new questions.
void name_lookup::asker::turn(ares_channel channel) const
{
    std::array<pollfd, ARES_GETSOCK_MAXNUM + 1> polled{};
    std::size_t count = 0;
    polled[count++] = {wake_, POLLIN, 0};
    int wait_ms = -1;
    if (channel != nullptr) {
        std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
        const auto wanted = static_cast<unsigned>(ares_getsock(channel, sockets.data(), ARES_GETSOCK_MAXNUM));
        for (std::size_t i = 0; i < sockets.size(); ++i) {
            short events = 0;
            if (ARES_GETSOCK_READABLE(wanted, i)) events |= POLLIN;
            if (ARES_GETSOCK_WRITABLE(wanted, i)) events |= POLLOUT;
            if (events != 0) polled[count++] = {sockets[i], events, 0};
        }
        timeval most{1, 0};
        timeval room{};
        if (const timeval* next = ares_timeout(channel, nullptr, &room); next != nullptr) {
            if (next->tv_sec < most.tv_sec) most = *next;
            wait_ms = static_cast<int>(most.tv_sec * 1000 + most.tv_usec / 1000 + 1);
        }
    }
    if (::poll(polled.data(), count, wait_ms) < 0) return;
    std::uint64_t ignored = 0;
    if (polled[0].revents != 0) [[maybe_unused]]
        const ssize_t got = ::read(wake_, &ignored, sizeof ignored);
    if (channel == nullptr) return;
    for (std::size_t i = 1; i < count; ++i) {
        const bool in = (polled[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
        const bool out = (polled[i].revents & POLLOUT) != 0;
        if (in || out)
            ares_process_fd(channel, in ? polled[i].fd : ARES_SOCKET_BAD, out ? polled[i].fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what has timed out
}

void name_lookup::asker::begin(ares_channel channel, std::unique_ptr<request> one)
{
    if (channel == nullptr) {
        answered(one.release(), ARES_ENOTINITIALIZED, 0, nullptr, 0);
        return;
    }
    if (auto known = read_hosts_file(channel, one->what)) {
        one->tell(std::move(*known));
        const std::lock_guard lock(mutex_);
        --under_way_;
        return;
    }
    request* const asked = one.release();  // comes back in answered(), whatever happens
    ares_query(channel, asked->what.name.c_str(), ns_c_in, static_cast<int>(asked->what.type), answered, asked);
}

void name_lookup::asker::answered(void* argument, int status, int, unsigned char* bytes, int length)
{
    const std::unique_ptr<request> one(static_cast<request*>(argument));
    {
        const std::lock_guard lock(one->self->mutex_);
        --one->self->under_way_;
    }
    if (status == ARES_ENODATA) {
        one->tell(dns_answer{});
        return;
    }
    if (status != ARES_SUCCESS) {
        one->tell(error_of(status));
        return;
    }
    const std::string_view message(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
    auto read = read_dns_answer(message, one->what.name, one->what.type, one->self->limits_);
    if (read.has_value()) one->self->keep(one->what, *read);
    one->tell(std::move(read));
}

// As offload(): cancelled, it completes at once, and the late answer is dropped.
awaitable<result<dns_answer>> name_lookup::asker::ask(question what)
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

name_lookup::name_lookup(dns_settings settings, dns_limits limits)
    : asker_(std::make_unique<asker>(std::move(settings), limits))
{
}
name_lookup::~name_lookup() = default;

awaitable<result<std::vector<mx_record>>> name_lookup::mx(std::string domain)
{
    auto asking = asker_->ask({std::move(domain), dns_type::mx});
    auto answer = co_await std::move(asking);
    if (answer.has_error()) co_return answer.error();
    co_return std::move(answer->mx);
}

awaitable<result<std::vector<srv_record>>> name_lookup::srv(std::string name)
{
    auto asking = asker_->ask({std::move(name), dns_type::srv});
    auto answer = co_await std::move(asking);
    if (answer.has_error()) co_return answer.error();
    co_return std::move(answer->srv);
}

awaitable<result<host_addresses>> name_lookup::addresses(std::string host)
{
    error_code not_numeric;
    const auto numeric = asio::ip::make_address(host, not_numeric);
    if (!not_numeric) {
        host_addresses one{{numeric}, reached::directly};
        co_return one;
    }
    auto executor = co_await asio::this_coro::executor;
    auto asking_six = asker_->ask({host, dns_type::aaaa});
    auto asking_four = asker_->ask({std::move(host), dns_type::a});
    auto both =
        asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(asking_six), asio::deferred),
                                                asio::co_spawn(executor, std::move(asking_four), asio::deferred));
    auto [order, six_failed, six, four_failed, four] =
        co_await both.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    if (six_failed) std::rethrow_exception(six_failed);
    if (four_failed) std::rethrow_exception(four_failed);
    host_addresses found;
    for (const auto* one : {&six, &four})
        if (one->has_value() && (*one)->how == reached::by_alias) found.how = reached::by_alias;
    found.all = in_turn(six.has_value() ? std::move(six->addresses) : std::vector<asio::ip::address>(),
                        four.has_value() ? std::move(four->addresses) : std::vector<asio::ip::address>());
    if (!found.all.empty()) co_return found;
    // Only when both say so is there none: one that was not answered may have had one.
    for (const auto* one : {&six, &four})
        if (one->has_error() && one->error() != errc::name_unknown) co_return one->error();
    co_return make_error_code(errc::name_unknown);
}
}
