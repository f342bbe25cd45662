// MLLP server and client over loopback and TLS, with a PKI made in the process.
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include <stdlib.h>

#include "relay/mllp/connection/mllp_client.hpp"
#include "relay/mllp/connection/mllp_server.hpp"
#include "tests/support/minted_pki.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

using namespace relay;
using namespace relay::mllp;
namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using pipeline::submission;
using pipeline::submission_result;
using pipeline::verdict;

namespace {
// One authority, a server for localhost, a client, and a client of another authority.
struct pki {
    fs::path folder;
    pki()
    {
        std::string pattern = (fs::temp_directory_path() / "liaison-mllp-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        folder = pattern;
        const tests::minted ours = tests::mint(tests::ca_order("ca")), other = tests::mint(tests::ca_order("other"));
        write("ca", ours);
        leaf("server", ours, "DNS:localhost,IP:127.0.0.1", "serverAuth");
        leaf("client", ours, "DNS:dpi.test", "clientAuth");
        leaf("stranger", other, "DNS:dpi.test", "clientAuth");
    }
    ~pki() { fs::remove_all(folder); }
    pki(const pki&) = delete;
    pki& operator=(const pki&) = delete;
    void write(const std::string& name, const tests::minted& one) const
    {
        std::ofstream(folder / (name + ".pem")) << one.certificate;
        std::ofstream(folder / (name + ".key")) << one.key;
        fs::permissions(folder / (name + ".key"), fs::perms::owner_read | fs::perms::owner_write);
    }
    void leaf(const std::string& name, const tests::minted& issuer, const std::string& names,
              const std::string& purpose) const
    {
        tests::mint_order order;
        order.key = tests::minted_key::ec_p256;
        order.uses = "critical,digitalSignature";
        order.extended_uses = purpose;
        order.alternative_names = names;
        write(name, tests::mint(order, &issuer));
    }
    [[nodiscard]] io::tls_files files(const std::string& name) const
    {
        return {folder / (name + ".pem"), folder / (name + ".key"), folder / "ca.pem"};
    }
};
const pki& test_pki()
{
    static const pki one;
    return one;
}

std::string message(const std::string& control_id, std::size_t filler = 0)
{
    return "MSH|^~\\&|DPI|HOP|RELAIS|HOP|20261120||ADT^A03^ADT_A03|" + control_id +
           "|T|2.5|||||FRA|UNICODE UTF-8\rEVN||" + std::string(filler, 'x') + "\r";
}

std::string ack(const std::string& text)
{
    const auto at = text.find("ADT_A03|") + 8;
    return "MSH|^~\\&|RELAIS\rMSA|AA|" + text.substr(at, text.find('|', at) - at) + "\r";
}

// Intake as a test wants it; may be held up.
struct clerk {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = true;
    int inside = 0, most_inside = 0;
    std::vector<submission> seen;
    std::function<submission_result(const submission&)> answer = [](const submission& from) {
        return submission_result{verdict::accepted, ".ack.hl7", ack(from.bytes)};
    };

    submission_result accept(const submission& from)
    {
        std::unique_lock lock(mutex);
        seen.push_back(from);
        most_inside = std::max(most_inside, ++inside);
        changed.notify_all();
        changed.wait(lock, [this] { return open; });
        --inside;
        return answer(from);
    }
    void hold()
    {
        const std::lock_guard lock(mutex);
        open = false;
    }
    void let_go()
    {
        const std::lock_guard lock(mutex);
        open = true;
        changed.notify_all();
    }
    bool wait_inside(int count)
    {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, 20s, [&] { return inside >= count; });
    }
};

server_settings server_for(io::peer_certificate clients = io::peer_certificate::required)
{
    return {{"127.0.0.1", 0},
            {},
            *io::tls_context::server(test_pki().files("server"), clients),
            200,
            64,
            *mime::find_zone("Europe/Paris")};
}

struct house {
    explicit house(server_settings settings = server_for())
        : server(
              runtime, std::move(settings), [this](const submission& from) { return intake.accept(from); }, clock)
    {
        runtime.start();
        const auto bound = server.open();
        REQUIRE(bound.has_value());
        port = bound->port();
    }
    clerk intake;
    base::system_wall_clock clock;
    io::io_runtime runtime{4};
    mllp_server server;
    std::uint16_t port = 0;

    [[nodiscard]] client_settings to_server(const std::string& certificate = "client") const
    {
        client_settings settings;
        settings.at = {"127.0.0.1", port};
        settings.server_name = "localhost";
        settings.tls = *io::tls_context::client(test_pki().files(certificate));
        settings.answer_timeout = 20s;
        return settings;
    }
    exchange send(mllp_client& client, std::string text)
    {
        return asio::co_spawn(asio::make_strand(runtime.executor()), client.send(std::move(text)), asio::use_future)
            .get();
    }
};

// A peer that says what it likes, in blocking calls.
struct raw_peer {
    asio::io_context context;
    asio::ssl::context tls{asio::ssl::context::tls_client};
    std::unique_ptr<asio::ssl::stream<asio::ip::tcp::socket>> stream;

    explicit raw_peer(std::uint16_t port)
    {
        const io::tls_files files = test_pki().files("client");
        tls.use_certificate_chain_file(files.certificate_chain.string());
        tls.use_private_key_file(files.private_key.string(), asio::ssl::context::pem);
        stream = std::make_unique<asio::ssl::stream<asio::ip::tcp::socket>>(context, tls);
        stream->next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
        stream->handshake(asio::ssl::stream_base::client);
    }
    void say(std::string_view bytes) { asio::write(*stream, asio::buffer(bytes.data(), bytes.size())); }
    // Frames until `count` of them or the end.
    std::vector<std::string> read(std::size_t count)
    {
        std::vector<std::string> frames;
        frame_reader reader;
        std::array<char, 4096> buffer{};
        while (frames.size() < count) {
            boost::system::error_code ec;
            const std::size_t got = stream->read_some(asio::buffer(buffer), ec);
            if (ec) break;
            std::string_view rest(buffer.data(), got);
            while (!rest.empty()) {
                rest.remove_prefix(reader.feed(rest));
                if (reader.complete()) frames.push_back(reader.take());
            }
        }
        return frames;
    }
    bool at_end()
    {
        char one = 0;
        boost::system::error_code ec;
        stream->read_some(asio::buffer(&one, 1), ec);
        return ec.failed();
    }
};
}

TEST_CASE("messages are handed over and answered on one connection", "[mllp][connection]")
{
    house h;
    mllp_client client(h.runtime, h.to_server());
    for (const std::string id : {"A1", "A2", "A3"}) {
        const exchange got = h.send(client, message(id));
        REQUIRE(got.how == exchange::end::answered);
        CHECK(got.answer == ack(message(id)));
    }
    REQUIRE(h.intake.seen.size() == 3);
    CHECK(h.intake.seen[0].bytes == message("A1"));
    CHECK(h.intake.seen[0].name == submission_name(message("A1", 50)));  // by what it is known by, not by its content
    CHECK(h.intake.seen[0].name != h.intake.seen[1].name);
}

TEST_CASE("a client certificate is required, or not asked for", "[mllp][connection]")
{
    house strict;
    mllp_client stranger(strict.runtime, strict.to_server("stranger"));
    CHECK(strict.send(stranger, message("A1")).how != exchange::end::answered);
    CHECK(strict.intake.seen.empty());
    house open(server_for(io::peer_certificate::not_asked));
    mllp_client client(open.runtime, open.to_server());
    CHECK(open.send(client, message("A1")).how == exchange::end::answered);
    client_settings wrong = open.to_server();
    wrong.server_name = "other.test";
    mllp_client misled(open.runtime, std::move(wrong));
    const exchange refused = open.send(misled, message("A2"));
    CHECK(refused.how == exchange::end::unreachable);
    CHECK(refused.why == io::errc::name_mismatch);
}

TEST_CASE("pipelined messages are answered in order", "[mllp][connection]")
{
    house h;
    raw_peer peer(h.port);
    std::string all;
    for (int i = 0; i < 20; ++i) all += write_frame(message("P" + std::to_string(i), 3000));
    peer.say(all);
    const auto answers = peer.read(20);
    REQUIRE(answers.size() == 20);
    for (int i = 0; i < 20; ++i) CHECK(answers[static_cast<std::size_t>(i)] == ack(message("P" + std::to_string(i))));
}

TEST_CASE("no more messages in hand than the queue has places; the others wait unread", "[mllp][connection]")
{
    server_settings settings = server_for();
    settings.queue = 2;
    house h(std::move(settings));
    h.intake.hold();
    std::vector<std::unique_ptr<raw_peer>> peers;
    for (int i = 0; i < 4; ++i) {
        peers.push_back(std::make_unique<raw_peer>(h.port));
        peers.back()->say(write_frame(message("Q" + std::to_string(i))));
    }
    REQUIRE(h.intake.wait_inside(2));
    h.intake.let_go();
    for (int i = 0; i < 4; ++i)
        CHECK(peers[static_cast<std::size_t>(i)]->read(1) == std::vector{ack(message("Q" + std::to_string(i)))});
    CHECK(h.intake.most_inside == 2);
}

TEST_CASE("what intake says, and what it cannot say", "[mllp][connection]")
{
    house h;
    mllp_client client(h.runtime, h.to_server());
    SECTION("busy: AR")
    {
        h.intake.answer = [](const submission&) { return submission_result{}; };
        CHECK(h.send(client, message("B1")).answer.find("MSA|AR|B1\r") != std::string::npos);
    }
    SECTION("thrown: AR, and the connection goes on")
    {
        h.intake.answer = [](const submission&) -> submission_result { throw std::runtime_error("bug"); };
        CHECK(h.send(client, message("B1")).answer.find("MSA|AR|B1\r") != std::string::npos);
        h.intake.answer = [](const submission& from) {
            return submission_result{verdict::accepted, ".ack.hl7", ack(from.bytes)};
        };
        CHECK(h.send(client, message("B1")).answer == ack(message("B1")));
    }
    SECTION("no HL7 answer: the end")
    {
        h.intake.answer = [](const submission&) { return submission_result{verdict::refused, ".ack.json", "{}"}; };
        CHECK(h.send(client, message("B1")).how == exchange::end::unanswered);
    }
}

TEST_CASE("broken frames are refused by code and end the connection", "[mllp][connection]")
{
    server_settings settings = server_for();
    settings.policy.limits.frame.max_content_octets = 10'000;
    house h(std::move(settings));
    raw_peer big(h.port);
    big.say(write_frame(message("X1", 10'000)));
    const auto refused = big.read(1);
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].find("MSA|AE|X1\rERR||MSH^1|207^") != std::string::npos);
    CHECK(big.at_end());
    raw_peer bigger(h.port);  // more than any buffer between us holds: it is read to its end, and the refusal arrives
    bigger.say(write_frame(message("X3", 8'000'000)));
    CHECK(bigger.read(1).at(0).find("MSA|AE|X3\r") != std::string::npos);
    raw_peer without(h.port);
    without.say(message("X2"));
    CHECK(without.read(1).at(0).find("MSA|AE|X2\rERR||MSH^1|199^") != std::string::npos);
    raw_peer noise(h.port);
    noise.say("GET / HTTP/1.1\r\n\r\n");
    CHECK(noise.read(1).empty());
    CHECK(h.intake.seen.empty());
}

TEST_CASE("draining answers what is in hand and ends what is idle", "[mllp][connection]")
{
    house h;
    raw_peer idle(h.port), busy(h.port);
    idle.say(write_frame(message("D0")));
    REQUIRE(idle.read(1).size() == 1);
    h.intake.hold();
    busy.say(write_frame(message("D1")) + write_frame(message("D2")));
    REQUIRE(h.intake.wait_inside(1));
    std::thread draining([&h] { h.server.drain(io::clock::now() + 20s); });
    CHECK(idle.at_end());
    h.intake.let_go();
    CHECK(busy.read(2) == std::vector{ack(message("D1"))});  // D2 is sent again by its sender
    draining.join();
    CHECK(h.intake.seen.size() == 2);
    boost::system::error_code refused;
    asio::ip::tcp::socket late(idle.context);
    late.connect({asio::ip::make_address("127.0.0.1"), h.port}, refused);
    CHECK(refused.failed());
}

TEST_CASE("the client knows nobody, a silent peer, and one that went away", "[mllp][connection]")
{
    house h;
    std::uint16_t nobody = 0;
    {
        asio::ip::tcp::acceptor held(h.runtime.context(), {asio::ip::make_address("127.0.0.1"), 0});
        nobody = held.local_endpoint().port();
    }
    client_settings away = h.to_server();
    away.at.port = nobody;
    mllp_client lost(h.runtime, std::move(away));
    CHECK(h.send(lost, message("C1")).how == exchange::end::unreachable);

    client_settings hasty = h.to_server();
    hasty.answer_timeout = 1s;
    mllp_client client(h.runtime, std::move(hasty));
    h.intake.hold();
    CHECK(h.send(client, message("C2")).how == exchange::end::unanswered);
    h.intake.let_go();
    const exchange next = h.send(client, message("C3"));  // a new connection: the late answer is nobody's
    REQUIRE(next.how == exchange::end::answered);
    CHECK(next.answer == ack(message("C3")));
}
