// A PKI made by the openssl command, our server with a sink in memory, and a client, over loopback.
#pragma once

#include <boost/asio.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

#include "relay/smtp/connection/smtp_client.hpp"
#include "relay/smtp/connection/smtp_server.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

using namespace relay;
using namespace relay::smtp;
namespace fs = std::filesystem;
namespace ports = relay::pipeline::ports;
using namespace std::chrono_literals;

namespace tests {
// Two authorities; a server for localhost and 127.0.0.1, a client of each authority.
struct pki {
    fs::path folder;
    pki()
    {
        std::string pattern = (fs::temp_directory_path() / "liaison-smtp-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        folder = pattern;
        std::ofstream(folder / "san.cnf") << "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
        std::ofstream(folder / "none.cnf") << "extendedKeyUsage=clientAuth\n";
        authority("ca");
        authority("other");
        std::ofstream(folder / "wild.cnf") << "subjectAltName=DNS:*.wild.test,DNS:f*.part.test\n";
        leaf("server", "ca", "san.cnf");
        leaf("wild", "ca", "wild.cnf");
        leaf("client", "ca", "none.cnf");
        leaf("stranger", "other", "none.cnf");
    }
    ~pki() { fs::remove_all(folder); }
    pki(const pki&) = delete;
    pki& operator=(const pki&) = delete;
    void run(const std::string& arguments) const
    {
        const std::string command = "cd '" + folder.string() + "' && openssl " + arguments + " >/dev/null 2>&1";
        REQUIRE(std::system(command.c_str()) == 0);
    }
    void run_shell(const std::string& command) const
    {
        const std::string whole = "cd '" + folder.string() + "' && " + command + " >peer.log 2>&1";
        if (std::system(whole.c_str()) == 0) return;
        std::ifstream log(folder / "peer.log");
        FAIL(std::string(std::istreambuf_iterator<char>(log), {}));
    }
    void authority(const std::string& name) const
    {
        run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" + name + " -keyout " +
            name + ".key -out " + name + ".pem");
    }
    void leaf(const std::string& name, const std::string& issuer, const std::string& extensions) const
    {
        run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " -keyout " + name +
            ".key -out " + name + ".csr");
        run("x509 -req -days 2 -in " + name + ".csr -CA " + issuer + ".pem -CAkey " + issuer +
            ".key -CAcreateserial -extfile " + extensions + " -out " + name + ".pem");
    }
    [[nodiscard]] io::tls_files files(const std::string& name, const std::string& anchors) const
    {
        if (name.empty()) return {{}, {}, folder / (anchors + ".pem")};
        return {folder / (name + ".pem"), folder / (name + ".key"), folder / (anchors + ".pem")};
    }
};
inline const pki& test_pki()
{
    static const pki one;
    return one;
}

struct memory_sink final : ports::mail_sink {
    ports::recipient_verdict check_recipient(std::string_view address, const ports::session_facts&) override
    {
        return address == "medecin@mss.test" ? ports::recipient_verdict::accepted
                                             : ports::recipient_verdict::mailbox_unknown;
    }
    ports::store_verdict store(const ports::mail_envelope& envelope, std::string_view message,
                               const ports::session_facts& from) override
    {
        const std::lock_guard lock(mutex);
        if (block) block();
        envelopes.push_back(envelope);
        facts.push_back(from);
        messages.emplace_back(message);
        return ports::store_verdict::stored;
    }
    std::mutex mutex;
    std::function<void()> block;
    std::vector<ports::mail_envelope> envelopes;
    std::vector<ports::session_facts> facts;
    std::vector<std::string> messages;
};

inline server_settings server_for(const std::string& certificates_of = "ca", const std::string& name = "server")
{
    server_settings settings;
    settings.at = {"127.0.0.1", 0};
    settings.policy.host_name = "localhost";
    settings.policy.certificates = client_certificates::required;
    settings.tls = *io::tls_context::server(test_pki().files(name, certificates_of), io::peer_certificate::required);
    return settings;
}

inline outgoing_mail some_mail(std::string bytes = "Subject: x\r\n\r\n.dot\r\n")
{
    outgoing_mail mail;
    mail.reverse_path = "relay@hopital.test";
    mail.recipient = "medecin@mss.test";
    mail.notify = {.success = true, .failure = true};
    mail.envid = "env+1";
    mail.bytes = std::make_shared<const std::string>(std::move(bytes));
    return mail;
}

// Destroyed in reverse order: client, server, runtime, sink.
struct house {
    explicit house(server_settings settings = server_for(), client_settings sending = {.helo_name = "relay.test"})
        : server(runtime, std::move(settings), sink), client(runtime, std::move(sending))
    {
        runtime.start();
        const auto bound = server.open();
        REQUIRE(bound.has_value());
        port = bound->port();
    }
    memory_sink sink;
    io::io_runtime runtime{2};
    smtp_server server;
    smtp_client client;
    std::uint16_t port = 0;

    next_hop hop(const std::string& certificate = "client", const std::string& anchors = "ca",
                 std::string host = "127.0.0.1")
    {
        return {{"127.0.0.1", port},
                std::move(host),
                tls_policy::required,
                *io::tls_context::client(test_pki().files(certificate, anchors))};
    }
    result<mail_site> site(next_hop of)
    {
        auto finding = client.find_site(std::move(of));
        return boost::asio::co_spawn(boost::asio::make_strand(runtime.executor()), std::move(finding),
                                     boost::asio::use_future)
            .get();
    }
    delivery_report deliver(next_hop to, outgoing_mail mail = some_mail(), std::chrono::milliseconds within = 10s)
    {
        auto strand = boost::asio::make_strand(runtime.executor());
        auto delivering = client.deliver(std::move(to), std::move(mail), io::clock::now() + within);
        return boost::asio::co_spawn(strand, std::move(delivering), boost::asio::use_future).get();
    }
};
}
