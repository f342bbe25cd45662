// Client and server over a socket in a temporary folder.
#include <catch2/catch.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include <pwd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/control/client.hpp"
#include "relay/control/line_socket.hpp"
#include "relay/control/server.hpp"

using namespace relay::control;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {
struct place {
    fs::path root;
    place()
    {
        std::string pattern = (fs::temp_directory_path() / "liaison-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        root = pattern;
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() { fs::remove_all(root); }
    [[nodiscard]] fs::path socket() const { return root / "control.sock"; }
};

reply answer(const request& asked)
{
    if (asked.command == "echo") return {true, asked.arguments, {}, {}};
    if (asked.command == "who") return {true, {{"actor", asked.actor}}, {}, {}};
    if (asked.command == "throw") throw std::runtime_error("secret");
    if (asked.command == "large") return {true, {{"text", std::string(2'000'000, 'x')}}, {}, {}};
    return failure("UNKNOWN_COMMAND", "commande inconnue");
}

socket_handle connected(const fs::path& path)
{
    socket_handle peer(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = address_of(path.native());
    REQUIRE(address.has_value());
    REQUIRE(::connect(peer.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0);
    return peer;
}

std::string said_to(const fs::path& path, std::string line)
{
    const auto peer = connected(path);
    (void)write_line(peer.get(), std::move(line));
    return read_line(peer.get(), 10s).value_or("(nothing)");
}
}

TEST_CASE("who asks is told by the kernel, not by him", "[control]")
{
    const place p;
    server listening(p.socket(), answer);
    REQUIRE(listening.start().has_value());
    request asked{"who", {{"actor", "mallory"}}, "mallory"};
    const passwd* me = ::getpwuid(::getuid());
    const std::string expected = me != nullptr ? me->pw_name : "uid " + std::to_string(::getuid());
    const auto said = send(p.socket(), asked);
    REQUIRE(said.has_value());
    CHECK(said->result.at("actor").as_string() == expected);
}

TEST_CASE("a command, its result, its failure", "[control]")
{
    const place p;
    server listening(p.socket(), answer);
    REQUIRE(listening.start().has_value());
    const auto good = send(p.socket(), {"echo", {{"a", "é"}, {"n", 3}}});
    REQUIRE(good.has_value());
    CHECK(good->ok);
    CHECK(good->result.at("a").as_string() == "é");
    CHECK(good->result.at("n").as_int64() == 3);
    const auto bad = send(p.socket(), {"nonsense", {}});
    REQUIRE(bad.has_value());
    CHECK_FALSE(bad->ok);
    CHECK(bad->code == "UNKNOWN_COMMAND");
    CHECK(bad->message == "commande inconnue");
    const auto thrown = send(p.socket(), {"throw", {}});
    REQUIRE(thrown.has_value());
    CHECK(thrown->code == "FAILED");
    CHECK(thrown->message.find("secret") == std::string::npos);
    CHECK(send(p.socket(), {"echo", {}})->ok);  // and it goes on
}

TEST_CASE("only the owner may command", "[control]")
{
    const place p;
    server listening(p.socket(), answer);
    REQUIRE(listening.start().has_value());
    struct stat info {};
    REQUIRE(::stat(p.socket().c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
}

TEST_CASE("garbage is answered and stops nobody", "[control]")
{
    const place p;
    server listening(p.socket(), answer);
    REQUIRE(listening.start().has_value());
    for (const char* line : {"", "nonsense", "[]", "{}", "{\"command\": 3}", "{\"command\": \"echo\""}) {
        CAPTURE(line);
        CHECK(said_to(p.socket(), line).find("BAD_REQUEST") != std::string::npos);
    }
    CHECK(said_to(p.socket(), "{\"command\":\"echo\",\"arguments\":7}").find("\"ok\":true") != std::string::npos);
    {
        const auto gone = connected(p.socket());  // leaves without a word
    }
    CHECK(send(p.socket(), {"echo", {}})->ok);
}

TEST_CASE("a line at the limit is read, one past it is not", "[control]")
{
    int ends[2];
    for (const std::size_t octets : {max_line_octets, max_line_octets + 1}) {
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        const socket_handle reading(ends[0]);
        std::optional<std::string> line;
        {
            const socket_handle writing(ends[1]);
            std::thread writer([&] { (void)write_line(writing.get(), std::string(octets - 1, 'x')); });
            line = read_line(reading.get(), 10s);
            ::shutdown(reading.get(), SHUT_RD);
            writer.join();
        }
        CHECK(line.has_value() == (octets == max_line_octets));
        if (line) CHECK(line->size() == octets - 1);
    }
    const place p;
    server listening(p.socket(), answer);
    REQUIRE(listening.start().has_value());
    CHECK_FALSE(send(p.socket(), {"echo", {{"a", std::string(max_line_octets, 'x')}}}).has_value());
    CHECK_FALSE(send(p.socket(), {"large", {}}).has_value());
    CHECK(send(p.socket(), {"echo", {}})->ok);
}

TEST_CASE("a line that never ends has a deadline of its own, however it trickles", "[control]")
{
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    const socket_handle reading(ends[0]), writing(ends[1]);
    REQUIRE(::send(writing.get(), "x", 1, 0) == 1);
    CHECK_FALSE(read_line(reading.get(), 20ms).has_value());
    CHECK_FALSE(read_line(reading.get(), 0ms).has_value());
}

TEST_CASE("no server, a socket left by a dead one, a path too long", "[control]")
{
    const place p;
    using boost::system::errc::connection_refused;
    using boost::system::errc::no_such_file_or_directory;
    CHECK(send(p.socket(), {"echo", {}}).error() == no_such_file_or_directory);
    {
        const socket_handle dead(::socket(AF_UNIX, SOCK_STREAM, 0));
        const auto address = address_of(p.socket().native());
        REQUIRE(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0);
    }
    CHECK(send(p.socket(), {"echo", {}}).error() == connection_refused);
    {
        server listening(p.socket(), answer);
        REQUIRE(listening.start().has_value());
        CHECK(send(p.socket(), {"echo", {}})->ok);
        listening.stop();
        listening.stop();
    }
    CHECK_FALSE(fs::exists(p.socket()));
    const fs::path longest = "/" + std::string(106, 'a');
    CHECK(address_of(longest.native()).has_value());
    CHECK_FALSE(address_of(longest.native() + "a").has_value());
    CHECK_FALSE(send(longest.native() + "a", {"echo", {}}).has_value());
    server nowhere(p.root / "none" / "control.sock", answer);
    CHECK_FALSE(nowhere.start().has_value());
}
