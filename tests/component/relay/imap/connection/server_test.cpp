#include "relay/imap/connection/imap_server.hpp"

#include <sys/wait.h>

#include <boost/asio/ssl.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "../engine/memory_mailbox.hpp"
#include "mime/text/digest.hpp"
#include "tests/support/minted_pki.hpp"

using namespace relay::imap;
namespace asio = boost::asio;
namespace io = relay::io;

namespace {
struct temporary_folder {
    temporary_folder()
    {
        std::string name = (std::filesystem::temp_directory_path() / "imap-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path = name;
    }
    ~temporary_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    std::filesystem::path path;
};

void write_file(const std::filesystem::path& path, const std::string& text)
{
    std::ofstream(path) << text;
}

// A running server with a mailbox in memory.
class running_server {
public:
    explicit running_server(imap_server_settings settings = {}) : accounts_(store)
    {
        const auto ca = tests::mint(tests::ca_order("Test CA"));
        tests::mint_order order;
        order.name = "localhost";
        order.alternative_names = "DNS:localhost";
        order.extended_uses = "serverAuth";
        const auto leaf = tests::mint(order, &ca);
        write_file(folder.path / "ca.pem", ca.certificate);
        write_file(folder.path / "cert.pem", leaf.certificate);
        write_file(folder.path / "key.pem", leaf.key);
        std::filesystem::permissions(folder.path / "key.pem", std::filesystem::perms(0600));
        const auto tls = io::tls_context::server({folder.path / "cert.pem", folder.path / "key.pem", {}},
                                                 io::peer_certificate::not_asked);
        REQUIRE(tls.has_value());
        settings.implicit_tls = io::host_port{"127.0.0.1", 0};
        settings.starttls = io::host_port{"127.0.0.1", 0};
        settings.limits.failed_login_delay = std::chrono::milliseconds(10);
        runtime_.start();
        server = std::make_unique<imap_server>(runtime_, accounts_, *tls, settings);
        REQUIRE(server->open().has_value());
    }
    ~running_server()
    {
        server.reset();
        runtime_.stop();
    }

    temporary_folder folder;
    tests::memory_store store;
    std::unique_ptr<imap_server> server;

private:
    tests::memory_accounts accounts_;
    io::io_runtime runtime_;
};

// A blocking client that reads lines; each read ends because the server's deadlines are short.
class blocking_client {
public:
    explicit blocking_client(std::uint16_t port)
    {
        stream_->next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
        stream_->handshake(asio::ssl::stream_base::client);
    }
    std::string read_line()
    {
        boost::system::error_code ec;
        const auto size = asio::read_until(*stream_, asio::dynamic_buffer(buffer_), "\r\n", ec);
        if (ec) return "closed";
        std::string line = buffer_.substr(0, size - 2);
        buffer_.erase(0, size);
        return line;
    }
    void write(std::string_view text) { asio::write(*stream_, asio::buffer(text.data(), text.size())); }

private:
    asio::io_context io_;
    asio::ssl::context context_{asio::ssl::context::tls_client};
    using tls_stream = asio::ssl::stream<asio::ip::tcp::socket>;
    std::unique_ptr<tls_stream> stream_ = std::make_unique<tls_stream>(io_, context_);
    std::string buffer_;
};
}

TEST_CASE("imaplib reads a mailbox over TLS and STARTTLS", "[imap][connection]")
{
    for (const std::string how : {"implicit", "starttls"}) {
        CAPTURE(how);
        running_server running;
        const std::string first = tests::sample_message("Lettre de liaison", 1'500'000);
        running.store.deliver(first);
        for (int i = 0; i < 69; ++i) running.store.deliver(tests::sample_message("Autre", 30'000));
        const auto port = how == "implicit" ? running.server->implicit_tls_port() : running.server->starttls_port();
        const auto script =
            std::filesystem::path(TESTS_DATA).parent_path() / "component/relay/imap/connection/imaplib_session.py";
        const std::string command = "python3 '" + script.string() + "' " + std::to_string(port) + ' ' + how + " '" +
                                    (running.folder.path / "ca.pem").string() + "' " + mime::hex(mime::sha256(first)) +
                                    " 70";
        const int status = std::system(command.c_str());
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
        CHECK(running.store.messages.size() == 69);
    }
}

TEST_CASE("a client that does not log in is sent away", "[imap][connection]")
{
    imap_server_settings settings;
    settings.limits.login_time = std::chrono::seconds(1);
    running_server running(settings);
    blocking_client client(running.server->implicit_tls_port());
    CHECK(client.read_line().starts_with("* OK"));
    client.write("a NO");  // a byte now and then does not help either
    CHECK(client.read_line() == "* BYE Autologout, idle for too long");
    CHECK(client.read_line() == "closed");
}

TEST_CASE("draining says BYE to those who wait, and ends at once when nobody works", "[imap][connection]")
{
    running_server running;
    blocking_client waiting(running.server->implicit_tls_port());
    CHECK(waiting.read_line().starts_with("* OK"));
    waiting.write("a LOGIN docteur \"mot de passe\"\r\n");
    CHECK(waiting.read_line().starts_with("a OK"));
    const auto begun = std::chrono::steady_clock::now();
    std::thread stopping([&running] { running.server->drain(io::clock::now() + std::chrono::seconds(60)); });
    CHECK(waiting.read_line() == "* BYE Server is shutting down");
    CHECK(waiting.read_line() == "closed");
    stopping.join();
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30));
}
