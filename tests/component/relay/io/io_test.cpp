#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "relay/io/address.hpp"
#include "relay/io/early_sockets.hpp"
#include "relay/io/files.hpp"
#include "relay/io/io_runtime.hpp"
#include "relay/io/listener.hpp"
#include "relay/io/stream.hpp"
#include "relay/obs/metrics.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

using namespace relay;
namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {
template <class T>
T run(io::io_runtime& runtime, io::awaitable<T> task)
{
    return asio::co_spawn(asio::make_strand(runtime.executor()), std::move(task), asio::use_future).get();
}

struct temporary_folder {
    temporary_folder()
    {
        std::string pattern = (fs::temp_directory_path() / "liaison-io-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~temporary_folder() { fs::remove_all(path); }
    fs::path path;
};

io::awaitable<result<std::size_t>> wait_for_ever()
{
    asio::steady_timer never(co_await asio::this_coro::executor, io::clock::time_point::max());
    error_code ec;
    co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    co_return make_error_code(io::errc::cancelled);
}
io::awaitable<result<std::size_t>> seven()
{
    co_return std::size_t{7};
}
io::awaitable<result<std::size_t>> throws()
{
    throw std::runtime_error("boom");
    co_return std::size_t{0};
}
}

TEST_CASE("work runs on the pool and its value comes back", "[io]")
{
    io::io_runtime runtime(2);
    runtime.start();
    auto value = [] { return result<std::string>("done"); };
    CHECK(*run(runtime, io::offload(runtime.pool(), value)) == "done");
    auto error = []() -> result<std::string> { return make_error_code(io::errc::too_large); };
    CHECK(run(runtime, io::offload(runtime.pool(), error)).error() == io::errc::too_large);
    auto fails = []() -> result<std::string> { throw std::runtime_error("boom"); };
    CHECK_THROWS_AS(run(runtime, io::offload(runtime.pool(), fails)), std::runtime_error);
}

TEST_CASE("a deadline does not wait for work that is not done, and its late result is dropped", "[io]")
{
    io::io_runtime runtime(1);
    runtime.start();
    std::promise<void> gate;
    auto opened = gate.get_future().share();
    auto late = std::make_shared<int>(0);
    auto slow = [opened, late]() -> result<int> {
        opened.wait();
        return ++*late;
    };
    auto work = io::offload(runtime.pool(), slow);
    const auto got = run(runtime, io::with_deadline(io::clock::now() + 20ms, std::move(work)));
    CHECK(got.error() == io::errc::timed_out);
    CHECK(*late == 0);
    gate.set_value();
    auto next = [late] { return result<int>(*late); };
    CHECK(*run(runtime, io::offload(runtime.pool(), next)) == 1);
}

TEST_CASE("the pool's queue is bounded", "[io]")
{
    std::promise<void> gate;  // outlives the worker that waits at it
    std::promise<void> started;
    auto opened = gate.get_future().share();
    io::io_runtime runtime(1, 1);
    runtime.start();
    REQUIRE(runtime.pool()
                .post([&] {
                    started.set_value();
                    opened.wait();
                })
                .has_value());
    started.get_future().wait();
    REQUIRE(runtime.pool().post([] {}).has_value());
    auto refused = [] { return result<int>(1); };
    CHECK(run(runtime, io::offload(runtime.pool(), refused)).error() == io::errc::overloaded);
    gate.set_value();
}

TEST_CASE("with_deadline gives the value, the timeout or the exception", "[io]")
{
    io::io_runtime runtime(1);
    runtime.start();
    CHECK(*run(runtime, io::with_deadline(io::clock::now() + 10s, seven())) == 7);
    CHECK(run(runtime, io::with_deadline(io::clock::now() + 5ms, wait_for_ever())).error() == io::errc::timed_out);
    CHECK(run(runtime, io::with_deadline(io::clock::now() - 1s, wait_for_ever())).error() == io::errc::timed_out);
    CHECK_THROWS_AS(run(runtime, io::with_deadline(io::clock::now() + 10s, throws())), std::runtime_error);
}

namespace {
io::awaitable<void> forget(io::awaitable<result<std::size_t>> task)
{
    co_await std::move(task);
}
}

TEST_CASE("tasks are joined, cancelled and counted when they fail", "[io]")
{
    io::io_runtime runtime(1);
    runtime.start();
    io::task_group tasks(runtime.executor());
    const auto failures = obs::value(obs::counter::tasks_failed);
    tasks.spawn("fails", forget(throws()));
    tasks.spawn("waits", forget(wait_for_ever()));
    CHECK_FALSE(tasks.join(io::clock::now() + 20ms));
    CHECK(tasks.running() == 1);
    tasks.cancel();
    CHECK(tasks.join(io::clock::now() + 5s));
    CHECK(obs::value(obs::counter::tasks_failed) == failures + 1);
}

TEST_CASE("host and port", "[io]")
{
    struct row {
        std::string text;
        io::host_port expected;
    };
    const auto tc = GENERATE(values<row>(
        {{"mx.test:25", {"mx.test", 25}}, {"127.0.0.1:0", {"127.0.0.1", 0}}, {"[::1]:65535", {"::1", 65535}}}));
    const auto read = io::read_host_port(tc.text);
    REQUIRE(read.has_value());
    CHECK(*read == tc.expected);
    CHECK(io::write_host_port(*read) == tc.text);
    for (const auto* bad :
         {"", "mx.test", ":25", "mx.test:", "mx.test:65536", "mx.test:-1", "mx.test:2x", "::1:25", "[]:25"}) {
        CAPTURE(bad);
        CHECK(io::read_host_port(bad).has_error());
    }
}

TEST_CASE("hosts are looked up", "[io]")
{
    io::io_runtime runtime(1);
    runtime.start();
    const auto numeric = run(runtime, io::resolve(runtime.pool(), {"::1", 25}));
    REQUIRE(numeric.has_value());
    CHECK(io::write_host_port(numeric->front()) == "[::1]:25");
    const auto named = run(runtime, io::resolve(runtime.pool(), {"localhost", 25}));
    REQUIRE(named.has_value());
    CHECK(named->front().address().is_loopback());
}

TEST_CASE("files are written whole or not at all", "[io]")
{
    const temporary_folder folder;
    const auto path = folder.path / "a";
    REQUIRE(io::write_file_atomic(path, "one").has_value());
    REQUIRE(io::write_file_atomic(path, "three", 0640).has_value());
    struct stat facts {};
    REQUIRE(::stat(path.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777U) == 0640);
    CHECK(*io::read_file(path, 5) == "three");
    CHECK(io::read_file(path, 4).error() == io::errc::too_large);
    CHECK(io::read_file(folder.path / "b", 4).has_error());
    CHECK(io::write_file_atomic(folder.path / "none" / "a", "x").has_error());
    fs::create_directory(folder.path / "dir");
    CHECK(io::write_file_atomic(folder.path / "dir", "x").has_error());  // rename fails: nothing is left behind
    CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 2);
    REQUIRE(io::rename_durably(path, folder.path / "dir" / "c").has_value());
    CHECK(*io::read_file(folder.path / "dir" / "c", 5) == "three");
}

TEST_CASE("threads that finish files in one folder share its syncs, and each learns of a failure", "[io]")
{
    const temporary_folder folder;
    const auto missing = folder.path / "none";
    std::atomic<int> written{0}, refused{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 20; ++i) {
                const auto name = folder.path / (std::to_string(t) + "-" + std::to_string(i));
                written += int{io::write_file_atomic(name, "x").has_value()};
                refused += int{io::sync_folder(missing).has_error()};
            }
        });
    for (auto& thread : threads) thread.join();
    CHECK(written == 160);
    CHECK(refused == 160);
    CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 160);
}

namespace {
io::awaitable<void> echo(std::atomic<int>& running, std::atomic<int>& most, io::stream peer)
{
    most = std::max(most.load(), ++running);
    std::array<char, 16> buffer{};
    for (;;) {
        const auto got = co_await peer.read_some(buffer, io::clock::now() + 10s);
        if (got.has_error()) break;
        const auto sent = co_await peer.write_all({buffer.data(), *got}, io::clock::now() + 10s);
        if (sent.has_error()) break;
    }
    --running;
}
}

TEST_CASE("a listener runs no more connections than it may, and the next when one ends", "[io]")
{
    io::io_runtime runtime(1);
    runtime.start();
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    io::listener listener(
        runtime.executor(), [&](io::stream peer) { return echo(running, most, std::move(peer)); },
        io::listener_limits{.max_connections = 1});
    const auto bound = listener.open({"127.0.0.1", 0});
    REQUIRE(bound.has_value());
    CHECK(bound->port() != 0);
    asio::io_context own;
    asio::ip::tcp::socket first(own);
    asio::ip::tcp::socket second(own);
    first.connect(*bound);
    second.connect(*bound);
    char answer = 0;
    asio::write(first, asio::buffer("1", 1));
    asio::read(first, asio::buffer(&answer, 1));
    CHECK(answer == '1');
    asio::write(second, asio::buffer("2", 1));
    first.close();
    asio::read(second, asio::buffer(&answer, 1));
    CHECK(answer == '2');
    CHECK(most == 1);
    CHECK(listener.open({"not numeric", 0}).has_error());
    listener.drain(io::clock::now());
    CHECK(listener.connections() == 0);
    error_code refused;
    asio::ip::tcp::socket third(own);
    third.connect(*bound, refused);
    CHECK(refused);
}

TEST_CASE("an address is bound early once, and its socket has one owner", "[io]")
{
    const io::host_port at{"127.0.0.1", 0};
    const boost::asio::ip::tcp::endpoint same(boost::asio::ip::make_address(at.host), at.port);
    REQUIRE(io::bind_early(at).has_value());
    CHECK(io::bind_early(at).error() == boost::system::errc::address_in_use);
    const auto taken = io::take_early(same);
    REQUIRE(taken.has_value());
    CHECK(::close(*taken) == 0);
    CHECK_FALSE(io::take_early(same).has_value());
    CHECK(io::bind_early({"localhost", 25}).error() == io::errc::bad_address);
}
