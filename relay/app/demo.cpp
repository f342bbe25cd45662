// `liaison demo`: a hospital node and an operator node on loopback, from settings written here, until SIGTERM. It shows
// the roles, it is no part of them: everything goes through the same `serve` and the same settings as anywhere.
#include <array>
#include <csignal>
#include <fstream>
#include <ostream>
#include <thread>

#include <boost/json.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/app/commands.hpp"
#include "relay/io/files.hpp"

extern char** environ;

namespace relay::app {
namespace json = boost::json;
namespace {
using config::path;
using namespace std::chrono_literals;

// Ports for settings that name each other: kept bound together until all are known, so that they differ.
std::vector<std::uint16_t> free_ports(std::size_t count)
{
    std::vector<int> held;
    std::vector<std::uint16_t> ports;
    for (std::size_t i = 0; i < count; ++i) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        if (::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
            ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0)
            ports.push_back(ntohs(at.sin_port));
        held.push_back(fd);
    }
    for (const int fd : held) ::close(fd);
    return ports;
}

struct demo_node {
    std::string name;
    path home;
    pid_t pid = -1;
    [[nodiscard]] path settings() const { return home / "liaison.toml"; }
    [[nodiscard]] path endpoints() const { return home / "data" / "run" / "endpoints.json"; }
};

std::string hospital_settings(std::uint16_t operator_smtp, std::uint16_t returns)
{
    return R"([node]
name = "relais.hopital.demo.mssante.fr"
data = "data"
key = "node.key"
environment = "test"

[roles]
hospital = true

[tls]
certificate = "../pki/hospital-tls.crt"
key = "../pki/hospital-tls.key"
anchors = "../pki/anchors.pem"

[spool]
folder = "spool"
acknowledgements = "ack"
rescan_seconds = 1
stable_milliseconds = 300
pair_wait_seconds = 5

[establishment]
finess = "990000010"
name = "HOPITAL DEMO"
oid_root = "2.999.7"
phone = "tel:+33199000000"

[hospital]
address = "relais@hopital.demo.mssante.fr"
display_name = "HOPITAL DEMO"
reply_to = "secretariat.medecine@hopital.demo.mssante.fr"
signing_certificate = "../pki/hospital-sign.crt"
signing_key = "../pki/hospital-sign.key"
returns = "127.0.0.1:)" +
           std::to_string(returns) + R"("

[trust]
anchors = "../pki/anchors.pem"
domains = ["medecin.demo.mssante.fr", "cabinet.demo.mssante.fr", "hopital.demo.mssante.fr"]

[[route]]
domain = "*"
next_hop = "127.0.0.1:)" +
           std::to_string(operator_smtp) + R"("
server_name = "localhost"

[http]
listen = "127.0.0.1:0"

[limits]
free_disk_octets = 67108864

[retry]
first_seconds = 2
)";
}

std::string operator_settings(std::uint16_t smtp, std::uint16_t imap, std::uint16_t imaps,
                              std::uint16_t hospital_returns)
{
    return R"([node]
name = "operateur.medecin.demo.mssante.fr"
data = "data"
key = "node.key"
environment = "test"

[roles]
operator = true

[tls]
certificate = "../pki/operator-tls.crt"
key = "../pki/operator-tls.key"
anchors = "../pki/anchors.pem"

[operator]
domains = ["medecin.demo.mssante.fr", "cabinet.demo.mssante.fr"]
smtp = "127.0.0.1:)" +
           std::to_string(smtp) + R"("
imap = "127.0.0.1:)" +
           std::to_string(imap) + R"("
imaps = "127.0.0.1:)" +
           std::to_string(imaps) + R"("

[trust]
anchors = "../pki/anchors.pem"
domains = ["hopital.demo.mssante.fr"]

[[route]]
domain = "hopital.demo.mssante.fr"
next_hop = "127.0.0.1:)" +
           std::to_string(hospital_returns) + R"("
server_name = "localhost"

[limits]
free_disk_octets = 67108864

[retry]
first_seconds = 2
)";
}

bool start_node(const path& program, demo_node& node)
{
    const path log = node.home / "log";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    const std::string program_text = program.string(), settings = node.settings().string();
    std::array<const char*, 5> words{program_text.c_str(), "serve", "--config", settings.c_str(), nullptr};
    // A process group of its own: an interrupt from the keyboard is the demo's, which ends each node once.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int failed = ::posix_spawn(&node.pid, program_text.c_str(), &actions, &attributes,
                                     const_cast<char* const*>(words.data()), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed == 0;
}

bool wait_ready(const demo_node& node)
{
    for (int i = 0; i < 300; ++i) {
        if (std::filesystem::exists(node.endpoints())) return true;
        int status = 0;
        if (::waitpid(node.pid, &status, WNOHANG) == node.pid) return false;
        std::this_thread::sleep_for(100ms);
    }
    return false;
}

bool end_node(demo_node& node)
{
    if (node.pid <= 0) return true;
    ::kill(node.pid, SIGTERM);
    int status = 0;
    const bool ended = ::waitpid(node.pid, &status, 0) == node.pid;
    node.pid = -1;
    return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

json::object endpoints_of(const demo_node& node)
{
    const auto text = io::read_file(node.endpoints(), 65536);
    error_code bad;
    json::value read = text.has_value() ? json::parse(*text, bad) : json::value();
    return read.is_object() ? read.get_object() : json::object();
}

json::object described(const demo_node& node)
{
    json::object from = endpoints_of(node);
    json::object out{{"config", node.settings().string()}, {"pid", node.pid}};
    if (from.contains("returns")) {
        out["spool"] = (node.home / "spool").string();
        out["ack"] = (node.home / "ack").string();
        out["smtp"] = from["returns"];
    }
    for (const char* key : {"smtp", "imap", "imaps", "http"})
        if (from.contains(key)) out[key] = from[key];
    return out;
}
}

int run_demo(const console& to, const path& given, const path& program)
{
    const path folder = std::filesystem::absolute(given).lexically_normal();
    sigset_t awaited;
    sigemptyset(&awaited);
    for (const int number : {SIGTERM, SIGINT}) sigaddset(&awaited, number);
    const auto ports = free_ports(4);
    if (ports.size() != 4) {
        to.err << "aucun port libre sur 127.0.0.1\n";
        return exit_failed;
    }
    std::array<demo_node, 2> nodes{demo_node{"hospital", folder / "hospital"},
                                   demo_node{"operator", folder / "operator"}};
    const std::array<std::string, 2> settings{hospital_settings(ports[0], ports[3]),
                                              operator_settings(ports[0], ports[1], ports[2], ports[3])};
    std::ofstream silent;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const console quiet{silent, to.err, to.words, to.format};
        if (run_init(quiet, nodes[i].home) != 0) return exit_failed;
        if (!io::write_file_atomic(nodes[i].settings(), settings[i]).has_value()) return exit_failed;
    }
    bool good = true;
    for (demo_node& node : nodes) good = good && start_node(program, node);
    for (const demo_node& node : nodes) good = good && wait_ready(node);
    if (good) {
        const json::object all{{"hospital", described(nodes[0])}, {"operator", described(nodes[1])}};
        good = io::write_file_atomic(folder / "nodes.json", json::serialize(all) + "\n").has_value();
        to.out << "deux nœuds prêts : " << (folder / "nodes.json").string() << std::endl;
        pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
        int received = 0;
        if (good) sigwait(&awaited, &received);
    } else {
        to.err << "un nœud n'a pas démarré : voir " << (folder / "hospital" / "log").string() << " et "
               << (folder / "operator" / "log").string() << "\n";
    }
    for (demo_node& node : nodes) good = end_node(node) && good;
    return good ? 0 : exit_failed;
}
}
