// The HTTP server over loopback: requests one by one and pipelined, slow ones, too large ones, silence, pages that take
// too long or throw, and the drain. The pages are scripted; limits are small where a wait has to end.
#include <boost/asio.hpp>
#include <catch2/catch.hpp>

#include <condition_variable>
#include <mutex>

#include "relay/http/http_server.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

using namespace relay;
using namespace relay::http;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {
class scripted final : public responder {
public:
    [[nodiscard]] effort effort_of(const request& asked) const override
    {
        return asked.path == "/page" || asked.path == "/throw" ? effort::page : effort::none;
    }
    [[nodiscard]] response answer(const request& asked) override
    {
        if (asked.path == "/throw") throw std::runtime_error("scripted");
        if (asked.path == "/page") wait();
        response made;
        made.content_type = type_text;
        made.content = "path=" + asked.path + "\n";
        return made;
    }
    [[nodiscard]] response refuse(const error_code& why) const override
    {
        response made;
        made.status = facts_of(why).status;
        made.content = std::string(facts_of(why).code);
        return made;
    }
    void hold()
    {
        const std::lock_guard lock(mutex_);
        open_ = false;
    }
    void let_go()
    {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    bool wait_inside(int count)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, [&] { return inside_ >= count; });
    }
    [[nodiscard]] int most_inside()
    {
        const std::lock_guard lock(mutex_);
        return most_inside_;
    }

private:
    void wait()
    {
        std::unique_lock lock(mutex_);
        most_inside_ = std::max(most_inside_, ++inside_);
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
        --inside_;
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = true;
    int inside_ = 0, most_inside_ = 0;
};

struct house {
    explicit house(const server_limits& limits = {}) : server(runtime, {{"127.0.0.1", 0}, limits}, pages, clock)
    {
        runtime.start();
        const auto bound = server.open();
        REQUIRE(bound.has_value());
        port = bound->port();
    }
    ~house()
    {
        pages.let_go();
        server.drain(io::clock::now() + 10s);
        runtime.stop();
    }
    house(const house&) = delete;
    house& operator=(const house&) = delete;
    scripted pages;
    base::system_wall_clock clock;
    io::io_runtime runtime{4};
    http_server server;
    std::uint16_t port = 0;
};

// A client that waits 20 s at most for what it expects.
class client {
public:
    explicit client(std::uint16_t port) : socket_(context_)
    {
        socket_.connect({asio::ip::make_address("127.0.0.1"), port});
        const timeval limit{20, 0};
        ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    void send(std::string_view octets)
    {
        boost::system::error_code ignored;
        asio::write(socket_, asio::buffer(octets.data(), octets.size()), ignored);
    }
    void get(std::string_view path, std::string_view more = {})
    {
        send("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) + "\r\n");
    }
    // One response, by its Content-Length; empty at the end of the connection.
    std::string receive(method of = method::get)
    {
        for (;;) {
            const auto end = in_.find("\r\n\r\n");
            if (end != std::string::npos) {
                std::size_t whole = end + 4;
                const auto length = in_.find("Content-Length: ");
                if (of == method::get && length < end) whole += std::stoul(in_.substr(length + 16));
                if (in_.size() >= whole) {
                    std::string one = in_.substr(0, whole);
                    in_.erase(0, whole);
                    return one;
                }
            }
            if (!more()) return {};
        }
    }
    bool is_closed()
    {
        while (more()) {
        }
        return ended_;
    }

private:
    bool more()
    {
        char piece[4096];
        const auto got = ::recv(socket_.native_handle(), piece, sizeof piece, 0);
        if (got > 0) in_.append(piece, static_cast<std::size_t>(got));
        if (got == 0 || (got < 0 && errno == ECONNRESET)) ended_ = true;
        return got > 0;
    }
    asio::io_context context_;
    asio::ip::tcp::socket socket_;
    std::string in_;
    bool ended_ = false;
};

bool is(const std::string& response, std::string_view status, std::string_view content)
{
    return response.starts_with("HTTP/1.1 " + std::string(status)) && response.ends_with(content);
}
}

TEST_CASE("requests of one connection, one after the other and pipelined", "[http][server]")
{
    house h;
    client c(h.port);
    c.get("/a");
    CHECK(is(c.receive(), "200", "path=/a\n"));
    std::string many;
    for (int i = 0; i < 20; ++i) many += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    c.send(many);
    for (int i = 0; i < 20; ++i) CHECK(is(c.receive(), "200", "path=/" + std::to_string(i) + "\n"));
    c.send("HEAD /h HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(c.receive(method::head).find("Content-Length: 8\r\n") != std::string::npos);
    c.get("/page");
    CHECK(is(c.receive(), "200", "path=/page\n"));
    c.get("/b", "Connection: close\r\n");
    CHECK(is(c.receive(), "200", "path=/b\n"));
    CHECK(c.is_closed());
}

TEST_CASE("a request an octet at a time is the same request", "[http][server]")
{
    house h;
    client c(h.port);
    for (const char one : std::string("GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")) c.send({&one, 1});
    CHECK(is(c.receive(), "200", "path=/slow\n"));
}

TEST_CASE("what is refused closes the connection", "[http][server]")
{
    house h;
    const auto answer = [&](std::string_view octets) {
        client c(h.port);
        c.send(octets);
        std::string said = c.receive();
        CHECK(c.is_closed());
        return said;
    };
    CHECK(is(answer("nonsense\r\n\r\n"), "400", "MALFORMED"));
    CHECK(is(answer("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "421", "HOST_REFUSED"));
    CHECK(is(answer("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab"), "413", "BODY_REFUSED"));
    CHECK(is(answer("DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "405", "METHOD_REFUSED"));
    CHECK(is(answer("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x')), "431", "HEAD_TOO_LARGE"));
    CHECK(is(answer("GET /" + std::string(1024, 'x') + " HTTP/1.1\r\nHost: localhost\r\n\r\n"), "414",
             "TARGET_TOO_LONG"));
}

TEST_CASE("silence and slowness end", "[http][server]")
{
    server_limits limits;
    limits.idle = 100ms;
    limits.head = 150ms;
    house h(limits);
    client silent(h.port);
    CHECK(silent.is_closed());
    client slow(h.port);
    slow.send("GET / HT");
    CHECK(is(slow.receive(), "408", "TOO_SLOW"));
    CHECK(slow.is_closed());
}

TEST_CASE("a connection has so many requests, and the server so many connections", "[http][server]")
{
    server_limits limits;
    limits.requests_per_connection = 3;
    limits.connections = 1;
    house h(limits);
    client first(h.port);
    for (int i = 0; i < 3; ++i) {
        first.get("/a");
        CHECK(is(first.receive(), "200", "path=/a\n"));
    }
    client second(h.port);  // waits until the first has gone
    second.get("/b");
    CHECK(first.is_closed());
    CHECK(is(second.receive(), "200", "path=/b\n"));
}

TEST_CASE("pages at once are bounded; who finds no place is told when to come back", "[http][server]")
{
    server_limits limits;
    limits.pages_at_once = 2;
    limits.slot = 100ms;
    house h(limits);
    h.pages.hold();
    client a(h.port), b(h.port), c(h.port);
    a.get("/page");
    b.get("/page");
    REQUIRE(h.pages.wait_inside(2));
    c.get("/page");
    const std::string said = c.receive();
    CHECK(is(said, "503", "BUSY"));
    CHECK(said.find("Retry-After: ") != std::string::npos);
    c.get("/quick");
    CHECK(is(c.receive(), "200", "path=/quick\n"));  // the I/O loop never waits for a page
    h.pages.let_go();
    CHECK(is(a.receive(), "200", "path=/page\n"));
    CHECK(is(b.receive(), "200", "path=/page\n"));
    CHECK(h.pages.most_inside() == 2);
}

TEST_CASE("a page that is given up keeps its place until it ends", "[http][server]")
{
    server_limits limits;
    limits.pages_at_once = 1;
    limits.whole = 150ms;
    limits.slot = 50ms;
    house h(limits);
    h.pages.hold();
    client a(h.port), b(h.port);
    a.get("/page");
    REQUIRE(h.pages.wait_inside(1));
    CHECK(is(a.receive(), "503", "BUSY"));
    b.get("/page");
    CHECK(is(b.receive(), "503", "BUSY"));
    CHECK(h.pages.most_inside() == 1);
}

TEST_CASE("a page that throws is an error page, and the connection goes on", "[http][server]")
{
    house h;
    client c(h.port);
    c.get("/throw");
    CHECK(is(c.receive(), "500", "PAGE_FAILED"));
    c.get("/a");
    CHECK(is(c.receive(), "200", "path=/a\n"));
}

TEST_CASE("a drain closes what is idle and lets a page end", "[http][server]")
{
    house h;
    h.pages.hold();
    client idle(h.port), busy(h.port);
    idle.get("/a");
    CHECK(is(idle.receive(), "200", "path=/a\n"));
    busy.get("/page");
    REQUIRE(h.pages.wait_inside(1));
    std::thread draining([&] { h.server.drain(io::clock::now() + 20s); });
    CHECK(idle.is_closed());
    h.pages.let_go();
    CHECK(is(busy.receive(), "200", "path=/page\n"));
    CHECK(busy.is_closed());
    draining.join();
}

TEST_CASE("only this machine may be listened on", "[http][server]")
{
    scripted pages;
    base::system_wall_clock clock;
    io::io_runtime runtime(1);
    runtime.start();
    for (const auto host : {"0.0.0.0", "192.0.2.1", "::", "localhost", ""}) {
        http_server server(runtime, {{host, 0}, {}}, pages, clock);
        CHECK(server.open().error() == io::errc::bad_address);
    }
    http_server server(runtime, {{"127.0.0.2", 0}, {}}, pages, clock);
    CHECK(server.open().has_value());
    server.drain(io::clock::now() + 5s);
    runtime.stop();
}
