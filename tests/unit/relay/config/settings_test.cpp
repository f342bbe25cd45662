// Settings: every mistake at once, each with its place; the annotated template has none.
#include <catch2/catch.hpp>

#include <fstream>

#include <stdlib.h>

#include "relay/config/hl7_tolerances.hpp"
#include "relay/config/settings.hpp"
#include "relay/config/table_reader.hpp"

using namespace relay::config;
using namespace std::chrono_literals;

namespace {
const std::string good = R"([node]
name = "n.example"
data = "data"
key = "/etc/liaison/node.key"
[roles]
operator = true
[tls]
certificate = "a.crt"
key = "a.key"
anchors = "a.pem"
[operator]
domains = ["medecin.example"]
smtp = "127.0.0.1:2525"
[trust]
anchors = "t.pem"
domains = ["hopital.example"]
[[route]]
domain = "*"
next_hop = "[::1]:25"
server_name = "mx.example"
)";

struct file {
    path root;
    file()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "liaison-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        root = pattern;
    }
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    ~file() { std::filesystem::remove_all(root); }
    [[nodiscard]] path write(const std::string& text) const
    {
        std::ofstream(root / "liaison.toml") << text;
        return root / "liaison.toml";
    }
    [[nodiscard]] loaded load(const std::string& text) const { return load_settings(write(text)); }
};

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    return text.replace(text.find(from), from.size(), to);
}

std::string all(const std::vector<mistake>& mistakes)
{
    std::string text;
    for (const auto& one : mistakes) text += one.where + " : " + one.what + "\n";
    return text;
}
}

TEST_CASE("good settings, with their defaults", "[config]")
{
    const file f;
    const auto read = f.load(good);
    INFO(all(read.mistakes));
    REQUIRE(read.mistakes.empty());
    const settings& s = read.values;
    CHECK(s.node.name == "n.example");
    CHECK(s.node.data == f.root / "data");  // beside the settings file
    CHECK(s.node.key == "/etc/liaison/node.key");
    CHECK(s.node.zone == "Europe/Paris");
    CHECK_FALSE(s.roles.hospital);
    CHECK(s.operator_.smtp.host == "127.0.0.1");
    CHECK(s.operator_.require_client_certificate);
    CHECK_FALSE(s.operator_.imap.has_value());
    REQUIRE(s.routes.size() == 1);
    CHECK(s.routes[0].next_hop.host == "::1");
    CHECK(s.routes[0].profile == seal_profile::smime);
    CHECK(s.retry.give_up == 24h);
    CHECK(s.limits.sealed_octets == 20U << 20U);
}

TEST_CASE("pages are listened for on this machine, or not at all", "[config]")
{
    const file f;
    CHECK_FALSE(f.load(good).values.http.listen);
    for (const std::string at : {"127.0.0.1:8480", "127.9.9.9:0", "[::1]:80"}) {
        const auto read = f.load(replaced(good, "[trust]", "[http]\nlisten = \"" + at + "\"\n[trust]"));
        INFO(at << all(read.mistakes));
        CHECK(read.mistakes.empty());
        CHECK(read.values.http.listen);
    }
    const auto read = f.load(replaced(good, "[trust]", "[http]\nlisten = \"10.0.0.1:8480\"\n[trust]"));
    CHECK(all(read.mistakes).find("HTTP_NOT_LOOPBACK") != std::string::npos);
}

TEST_CASE("each mistake says where", "[config]")
{
    struct row {
        std::string_view from, to, where;
    };
    const auto tc = GENERATE(values<row>({
        {"name = \"n.example\"", "", "liaison.toml [node] name"},
        {"name = \"n.example\"", "name = \"\"", "liaison.toml:2 [node] name"},
        {"name = \"n.example\"", "name = 3", "liaison.toml:2 [node] name"},
        {"[trust]", "[http]\nlisten = \"0.0.0.0:8480\"\n[trust]", "liaison.toml:15 [http] listen"},
        {"[trust]", "[http]\nlisten = \"127.evil.example:8480\"\n[trust]", "liaison.toml:15 [http] listen"},
        {"[trust]", "[http]\nlisten = \"localhost:8480\"\n[trust]", "liaison.toml:15 [http] listen"},
        {"[trust]", "[http]\nport = 8480\n[trust]", "liaison.toml:15 [http] port"},
        {"data = \"data\"", "data = \"data\"\nenvironment = \"prod\"", "liaison.toml:4 [node] environment"},
        {"data = \"data\"", "data = \"data\"\nlanguage = \"de\"", "liaison.toml:4 [node] language"},
        {"data = \"data\"", "data = \"data\"\ndatta = 1", "liaison.toml:4 [node] datta"},
        {"operator = true", "operator = false", "liaison.toml [roles] hospital"},
        {"operator = true", "operator = 1", "liaison.toml:6 [roles] operator"},
        {"domains = [\"medecin.example\"]", "domains = []", "liaison.toml:12 [operator] domains"},
        {"domains = [\"medecin.example\"]", "domains = [1]", "liaison.toml:12 [operator] domains"},
        {"smtp = \"127.0.0.1:2525\"", "smtp = \"127.0.0.1\"", "liaison.toml:13 [operator] smtp"},
        {"smtp = \"127.0.0.1:2525\"", "smtp = \"a:1\"\nimap = \"b\"", "liaison.toml:14 [operator] imap"},
        {"smtp = \"127.0.0.1:2525\"", "smtp = \"a:1\"\nsubmission = \"b\"", "liaison.toml:14 [operator] submission"},
        {"smtp = \"127.0.0.1:2525\"", "smtp = \"a:1\"\nsubmissions = 465", "liaison.toml:14 [operator] submissions"},
        {"smtp = \"127.0.0.1:2525\"", "smtp = \"a:1\"\nlmtp = \"192.0.2.1:24\"", "liaison.toml:14 [operator] lmtp"},
        {"[trust]", "[submission]\nclear_to = \"all\"\n[trust]", "liaison.toml:15 [submission] clear_to"},
        {"[trust]", "[submission]\ntell_delay_seconds = 86400\n[trust]",
         "liaison.toml:15 [submission] tell_delay_seconds"},
        {"[trust]", "[submission]\nclear = \"none\"\n[trust]", "liaison.toml:15 [submission] clear"},
        {"smtp = \"127.0.0.1:2525\"", "smtp = \"a:1\"\nlmtp = \"127.0.0.1:0\"", "liaison.toml:14 [operator] lmtp"},
        {"smtp = \"127.0.0.1:2525\"", "smtp = \"a:1\"\nlmtp = \"unix:run/lmtp\"", "liaison.toml:14 [operator] lmtp"},
        {"smtp = \"127.0.0.1:2525\"", "smtp = \"a:1\"\nlmtp = \"unix:/run/lmtp\"\nimaps = \"a:2\"",
         "liaison.toml [operator] imap"},
        {"[trust]", "[limits]\nmails_per_minute = 0\n[trust]", "liaison.toml:15 [limits] mails_per_minute"},
        {"[[route]]", "[route]", "liaison.toml:17 [racine] route"},
        {"server_name = \"mx.example\"", "", "liaison.toml [route] server_name"},
        {"server_name = \"mx.example\"", "server_name = \"a\"\nprofile = \"clair\"", "liaison.toml:21 [route] profile"},
        {"[trust]", "[limits]\nworkers = 0\n[trust]", "liaison.toml:15 [limits] workers"},
        {"[trust]", "[limits]\nworkers = \"8\"\n[trust]", "liaison.toml:15 [limits] workers"},
        {"[trust]", "[retry]\ngive_up_seconds = 604801\n[trust]", "liaison.toml:15 [retry] give_up_seconds"},
        {"[trust]", "[returns]\nreplies_to = \"s@autre.example\"\n[trust]", "liaison.toml:15 [returns] replies_to"},
        {"[trust]", "[returns.imap]\nserver = \"imap.example:993\"\naccess = \"x\"\n[trust]",
         "liaison.toml:16 [returns.imap] access"},
        {"[trust]", "[returns.imap]\nserver = \"imap.example:993\"\naccess = \"x\"\nrenew_seconds = 1740\n[trust]",
         "liaison.toml:17 [returns.imap] renew_seconds"},
        {"[trust]", "[returns.imap]\nsrv = \"imap.example:993\"\n[trust]", "liaison.toml:15 [returns.imap] srv"},
        {"[trust]", "[returns]\nreply_to = \"s@medecin.example\"\n[trust]", "liaison.toml:15 [returns] reply_to"},
        {"[trust]", "[surprise]\na = 1\n[trust]", "liaison.toml:14 [racine] surprise"},
        {"[trust]", "[trust", "liaison.toml:14"},
    }));
    CAPTURE(tc.to);
    const file f;
    const auto read = f.load(replaced(good, tc.from, tc.to));
    INFO(all(read.mistakes));
    bool found = false;
    for (const auto& one : read.mistakes) found = found || one.where == tc.where;
    CHECK(found);
    for (const auto& one : read.mistakes) CHECK_FALSE(one.what.empty());
}

TEST_CASE("MLLP, both ways", "[config]")
{
    const std::string hospital = replaced(good, "operator = true", "hospital = true") + R"([spool]
folder = "spool"
acknowledgements = "ack"
[establishment]
finess = "990000010"
name = "H"
oid_root = "2.999.7"
[hospital]
address = "a@b.example"
signing_certificate = "s.crt"
signing_key = "s.key"
)";
    const std::string text =
        hospital.substr(0, hospital.find("[operator]")) + hospital.substr(hospital.find("[trust]"));
    const file f;
    const auto absent = f.load(text);
    INFO(all(absent.mistakes));
    REQUIRE(absent.mistakes.empty());
    CHECK_FALSE(absent.values.mllp.listen.has_value());
    CHECK_FALSE(absent.values.mllp.zam_to.has_value());
    CHECK(absent.values.mllp.require_client_certificate);
    const auto given = f.load(text +
                              "[mllp]\nlisten = \"0.0.0.0:2575\"\nrequire_client_certificate = false\nqueue = 3\n"
                              "zam_to = \"dpi.example:2576\"\nzam_answer_seconds = 7\n");
    INFO(all(given.mistakes));
    REQUIRE(given.mistakes.empty());
    CHECK(given.values.mllp.listen->port == 2575);
    CHECK_FALSE(given.values.mllp.require_client_certificate);
    CHECK(given.values.mllp.queue == 3);
    CHECK(given.values.mllp.zam_to->host == "dpi.example");
    CHECK(given.values.mllp.zam_answer == 7s);
    for (const std::string bad : {"queue = 0", "listen = \"x\"", "zam_to = \"x:0\"", "zam_to = \"x\"", "port = 1",
                                  "zam_first_seconds = 10\nzam_most_seconds = 9"}) {
        CAPTURE(bad);
        CHECK(f.load(text + "[mllp]\n" + bad + "\n").mistakes.size() == 1);
    }
}

TEST_CASE("all mistakes are told together", "[config]")
{
    const file f;
    std::string text = replaced(good, "name = \"n.example\"", "");
    text = replaced(text, "certificate = \"a.crt\"", "certificate = 1");
    text = replaced(text, "smtp = \"127.0.0.1:2525\"", "smtp = \"x\"");
    CHECK(f.load(text).mistakes.size() == 3);
    const auto nothing = f.load("");
    CHECK(nothing.mistakes.size() > 5);
    const auto missing = load_settings(f.root / "none.toml");
    REQUIRE(missing.mistakes.size() == 1);
    CHECK(missing.mistakes[0].what.find("illisible") != std::string::npos);
}

TEST_CASE("submission, a mailbox server beside us, and the limits of SMTP", "[config]")
{
    const file f;
    const auto at = [&](const std::string& more) {
        const auto read = f.load(replaced(good, "smtp = \"127.0.0.1:2525\"", "smtp = \"127.0.0.1:2525\"\n" + more));
        INFO(all(read.mistakes));
        CHECK(read.mistakes.empty());
        return read.values.operator_;
    };
    CHECK(at("submission = \"a:587\"").submission->port == 587);
    CHECK(at("submissions = \"a:465\"").submissions->port == 465);
    CHECK(at("lmtp = \"unix:/run/dovecot/lmtp\"").lmtp_socket == "/run/dovecot/lmtp");
    CHECK(at("lmtp = \"[::1]:24\"").lmtp->host == "::1");
    CHECK_FALSE(at("").lmtp);
    const auto read = f.load(good + "[limits]\nrecipients = 7\nconnections_per_peer = 8\ndata_octets_per_second = 9\n");
    CHECK(read.mistakes.empty());
    CHECK(read.values.limits.recipients == 7);
    CHECK(read.values.limits.connections_per_peer == 8);
    CHECK(read.values.limits.data_octets_per_second == 9);
    CHECK(read.values.limits.session == 3600s);
}

TEST_CASE("a limit of a number is a limit", "[config]")
{
    const file f;
    const auto count = [&](const char* value) {
        return f.load(good + "[limits]\nworkers = " + value + "\n").mistakes.size();
    };
    CHECK(count("1") == 0);
    CHECK(count("100000") == 0);
    CHECK(count("0") == 1);
    CHECK(count("100001") == 1);
    CHECK(count("-1") == 1);
    CHECK(count("1.5") == 1);
}

TEST_CASE("the hospital role asks for its tables", "[config]")
{
    const file f;
    const auto read = f.load(replaced(good, "operator = true", "operator = true\nhospital = true"));
    const std::string told = all(read.mistakes);
    for (const char* key : {"[spool] folder", "[spool] acknowledgements", "[establishment] finess",
                            "[hospital] address", "[hospital] signing_key"})
        CHECK(told.find(key) != std::string::npos);
}

TEST_CASE("what is taken of the hospital's software", "[config]")
{
    std::ifstream from(path(TESTS_DATA).parent_path().parent_path() / "conf" / "liaison.toml");
    const std::string whole((std::istreambuf_iterator<char>(from)), {});
    const file f;
    const auto plain = f.load(whole);
    REQUIRE(plain.mistakes.empty());
    CHECK(plain.values.intake.matrix == matrix_mode::tolerant);
    CHECK(plain.values.intake.matrix_version.empty());
    CHECK(plain.values.intake.shared_record == shared_record::refuse);
    const auto changed = f.load(replaced(replaced(whole, "matrix = \"tolerant\"", "matrix = \"strict\""),
                                         "shared_record = \"refuse\"", "shared_record = \"mail_only\""));
    REQUIRE(changed.mistakes.empty());
    CHECK(changed.values.intake.matrix == matrix_mode::strict);
    CHECK(changed.values.intake.shared_record == shared_record::mail_only);
    struct row {
        std::string_view from, to, where;
    };
    for (const row& tc : {row{"matrix = \"tolerant\"", "matrix = \"lenient\"", "[intake] matrix"},
                          row{"matrix = \"tolerant\"", "matrix = true", "[intake] matrix"},
                          row{"shared_record = \"refuse\"", "shared_record = \"ignore\"", "[intake] shared_record"},
                          row{"shared_record = \"refuse\"", "sharedrecord = \"refuse\"", "[intake] sharedrecord"}}) {
        CAPTURE(tc.to);
        const auto read = f.load(replaced(whole, tc.from, tc.to));
        REQUIRE(read.mistakes.size() == 1);
        CHECK(read.mistakes[0].where.find(tc.where) != std::string::npos);
    }
}

TEST_CASE("name and place of the action in the metadata", "[config][xdm]")
{
    struct row {
        std::string_view given;
        std::string_view slot;
        action_place place;
        std::string_view mistaken;  // key; empty: good
    };
    const std::string hospital = replaced(good, "operator = true", "hospital = true");
    const file f;
    for (const row& tc :
         {row{"", "urn:action:extraMetadataSlot", action_place::document_entry, ""},
          row{"[xdm]\naction_place = \"submission_set\"\n", "urn:action:extraMetadataSlot",
              action_place::submission_set, ""},
          row{"[xdm]\naction_slot = \"urn:x\"\naction_place = \"document_entry\"\n", "urn:x",
              action_place::document_entry, ""},
          row{"[xdm]\naction_place = \"folder\"\n", "urn:action:extraMetadataSlot", action_place::document_entry,
              "action_place"},
          row{"[xdm]\naction_slot = \"\"\n", "", action_place::document_entry, "action_slot"},
          row{"[xdm]\naction = \"C\"\n", "urn:action:extraMetadataSlot", action_place::document_entry, "action"}}) {
        CAPTURE(tc.given);
        const auto read = f.load(hospital + std::string(tc.given));
        CHECK(read.values.xdm.action_slot == tc.slot);
        CHECK(read.values.xdm.action_place == tc.place);
        const std::string told = all(read.mistakes);
        CHECK((told.find("[xdm]") != std::string::npos) != tc.mistaken.empty());
        if (!tc.mistaken.empty()) CHECK(told.find("[xdm] " + std::string(tc.mistaken) + " ") != std::string::npos);
    }
}

TEST_CASE("host and port", "[config]")
{
    struct row {
        std::string_view text, host;
        int port;  // -1: refused
    };
    for (const row& tc :
         {row{"a.example:25", "a.example", 25}, row{"127.0.0.1:0", "127.0.0.1", 0}, row{"[::1]:65535", "::1", 65535},
          row{"a:65536", "", -1}, row{"a:", "", -1}, row{":25", "", -1}, row{"a", "", -1}, row{"", "", -1},
          row{"::1:25", "", -1}, row{"[]:25", "", -1}, row{"[::1:25", "", -1}, row{"a:+1", "", -1}, row{"a:-1", "", -1},
          row{"a:1 ", "", -1}, row{"a:0x1", "", -1}}) {
        CAPTURE(tc.text);
        const auto read = read_endpoint(tc.text);
        REQUIRE(read.has_value() == (tc.port >= 0));
        if (read) CHECK(read->host == tc.host);
        if (read) CHECK(read->port == tc.port);
    }
}

TEST_CASE("the settings and the profile that come with us have no mistake", "[config]")
{
    const path conf = path(TESTS_DATA).parent_path().parent_path() / "conf";
    const auto read = load_settings(conf / "liaison.toml");
    INFO(all(read.mistakes));
    CHECK(read.mistakes.empty());
    std::vector<mistake> mistakes;
    const auto lenient = load_hl7_tolerances(conf / "profiles" / "ans-samples.toml", mistakes);
    INFO(all(mistakes));
    CHECK(mistakes.empty());
    CHECK(lenient.test_identities);
    CHECK(lenient.telecom_uses == std::vector<std::string>{"NET"});
    const auto legacy = load_hl7_tolerances(conf / "profiles" / "legacy.toml", mistakes);
    INFO(all(mistakes));
    CHECK(mistakes.empty());
    CHECK(legacy.document_profiles.size() == 3);
    CHECK(legacy.new_order_codes == std::vector<std::string>{"NW", "SC"});
    REQUIRE(legacy.metadata_aliases.size() == 3);
    CHECK(legacy.metadata_aliases[0] == std::pair<std::string, std::string>{"ACK_LECTURE", "ACK_LECTURE_MSS"});
}

TEST_CASE("HL7 tolerances: none by default, mistakes with their place", "[config]")
{
    const file f;
    std::vector<mistake> mistakes;
    const auto none = load_hl7_tolerances({}, mistakes);
    CHECK(mistakes.empty());
    CHECK(none.processing_ids.empty());
    CHECK_FALSE(none.test_identities);
    CHECK_FALSE(none.open_last_segment);
    (void)load_hl7_tolerances(f.write("[hl7]\ntest_identities = \"oui\"\nmystery = 1\n[other]\na = 1\n"), mistakes);
    const std::string told = all(mistakes);
    CHECK(told.find("liaison.toml:2 [hl7] test_identities") != std::string::npos);
    CHECK(told.find("liaison.toml:3 [hl7] mystery") != std::string::npos);
    CHECK(told.find("other") != std::string::npos);
    mistakes.clear();
    (void)load_hl7_tolerances(f.root / "none.toml", mistakes);
    CHECK(mistakes.size() == 1);
    mistakes.clear();
    (void)load_hl7_tolerances(f.write("hl7 = ["), mistakes);
    CHECK(mistakes.size() == 1);
}

TEST_CASE("routes by look-up, accesses and name servers", "[config]")
{
    const file f;
    const std::string base = good.substr(0, good.find("[[route]]"));
    const auto read = f.load(base + R"([dns]
servers = ["192.0.2.53", "127.0.0.1:5353", "[2001:db8::53]:53"]
timeout_milliseconds = 500
tries = 2
[[access]]
name = "azur"
login = "xoauth2"
user = "relais@hopital.example"
secret = "azur.token"
[[access]]
name = "bleu"
certificate = "bleu.crt"
key = "bleu.key"
[[route]]
domain = "*"
lookup = "mx"
port = 2525
tls = "implicit"
access = "azur"
[[route]]
domain = "bleu.example"
next_hop = "operateur.example"
lookup = "srv"
server_name = "smtp.operateur.example"
access = "bleu"
transfer = "binary"
)");
    INFO(all(read.mistakes));
    REQUIRE(read.mistakes.empty());
    const settings& s = read.values;
    REQUIRE(s.dns.servers.size() == 3);
    CHECK(s.dns.servers[0].port == 53);
    CHECK(s.dns.servers[2].host == "2001:db8::53");
    CHECK(s.dns.timeout == 500ms);
    CHECK(s.dns.tries == 2);
    REQUIRE(s.accesses.size() == 2);
    CHECK(s.accesses[0].login == login::xoauth2);
    CHECK(s.accesses[0].secret == f.root / "azur.token");
    CHECK(s.accesses[1].login == login::none);
    REQUIRE(s.routes.size() == 2);
    CHECK(s.routes[0].lookup == hop_lookup::mx);
    CHECK(s.routes[0].next_hop.host.empty());
    CHECK(s.routes[0].next_hop.port == 2525);
    CHECK(s.routes[0].tls == hop_tls::implicit);
    CHECK(s.routes[0].access == "azur");
    CHECK(s.routes[0].transfer == hop_transfer::data);
    CHECK(s.routes[1].transfer == hop_transfer::binary);
    CHECK(s.routes[1].lookup == hop_lookup::srv);
    CHECK(s.routes[1].next_hop.host == "operateur.example");
}

TEST_CASE("mistakes about routes, accesses and name servers", "[config]")
{
    struct row {
        std::string_view tables, where;
    };
    const auto tc = GENERATE(values<row>({
        {"[dns]\nservers = [\"ns.example\"]\n", "[dns] servers"},
        {"[dns]\nservers = [\"192.0.2.53:0\"]\n", "[dns] servers"},
        {"[dns]\ntries = 11\n", "[dns] tries"},
        {"[dns]\nserver = \"192.0.2.53\"\n", "[dns] server"},
        {"[[access]]\nname = \"a\"\n", "[access] login"},
        {"[[access]]\nname = \"a\"\nlogin = \"plain\"\nsecret = \"s\"\n", "[access] user"},
        {"[[access]]\nname = \"a\"\nlogin = \"plain\"\nuser = \"u\"\n", "[access] secret"},
        {"[[access]]\nname = \"a\"\nlogin = \"login\"\ncertificate = \"c\"\nkey = \"k\"\n", "[access] login"},
        {"[[access]]\nname = \"a\"\ncertificate = \"c\"\n", "[access] key"},
        {"[[access]]\nname = \"a\"\ncertificate = \"c\"\nkey = \"k\"\n[[access]]\nname = \"a\"\ncertificate = \"c\"\n"
         "key = \"k\"\n",
         "[access] name"},
        {"[[route]]\ndomain = \"a\"\nlookup = \"dns\"\nnext_hop = \"a:1\"\nserver_name = \"a\"\n", "[route] lookup"},
        {"[[route]]\ndomain = \"a\"\nlookup = \"mx\"\nnext_hop = \"a:25\"\n", "[route] next_hop"},
        {"[[route]]\ndomain = \"a\"\nlookup = \"mx\"\nport = 65536\n", "[route] port"},
        {"[[route]]\ndomain = \"a\"\nlookup = \"srv\"\nport = 25\n", "[route] port"},
        {"[[route]]\ndomain = \"a\"\nnext_hop = \"a:1\"\nserver_name = \"a\"\nport = 25\n", "[route] port"},
        {"[[route]]\ndomain = \"a\"\nnext_hop = \"a:1\"\nserver_name = \"a\"\naccess = \"b\"\n", "[route] access"},
        {"[[route]]\ndomain = \"a\"\nnext_hop = \"a:1\"\nserver_name = \"a\"\ntls = \"none\"\n", "[route] tls"},
        {"[route]\ndomain = \"a\"\n", "route"},
    }));
    const file f;
    const auto read = f.load(good.substr(0, good.find("[[route]]")) + std::string(tc.tables));
    CAPTURE(tc.tables, all(read.mistakes));
    REQUIRE(read.mistakes.size() == 1);
    CHECK(read.mistakes[0].where.find(tc.where) != std::string::npos);
}

TEST_CASE("alerts: who is told what", "[config]")
{
    const std::string site = "[[site]]\ncode = \"NORD\"\ngroup = \"GH EST\"\n[site.services]\n4410 = \"Cardiologie\"\n";
    file f;
    const auto read = f.load(good + site + R"([alerts]
from = "alertes@hopital.example"
webhook = "https://pages.example/alertes"
window_days = 180
digest_hour = 23
[[alert]]
to = ["cadre@medecin.example", "chef@hopital.example"]
groups = ["GH EST"]
sites = ["NORD"]
services = ["4410"]
tell = ["no_letter", "certificate"]
hours = "07:00-20:00"
digest = true
)");
    CAPTURE(read.mistakes.empty() ? "" : read.mistakes.front().where + read.mistakes.front().what);
    REQUIRE(read.mistakes.empty());
    REQUIRE(read.values.alert_rules.size() == 1);
    CHECK(read.values.alert_rules.front().to.size() == 2);
    CHECK(read.values.alert_rules.front().digest);
    CHECK(read.values.alerts.window_days == 180);
    CHECK(read.values.alerts.peer_minutes == 30);
}

TEST_CASE("mistakes about alerts", "[config]")
{
    struct row {
        std::string_view text, key;
    };
    const auto tc = GENERATE(values<row>({
        {"[alerts]\nwebhook = \"http://pages.example/\"", "webhook"},
        {"[alerts]\nwebhook = \"http://127.0.0.1.pages.example/\"", "webhook"},
        {"[alerts]\nwebhook = \"http://localhost@pages.example/\"", "webhook"},
        {"[alerts]\nwebhook = \"ftp://127.0.0.1/\"", "webhook"},
        {"[alerts]\nwebhook = \"https://\"", "webhook"},
        {"[alerts]\nfrom = \"personne\"", "from"},
        {"[alerts]\nwindow_days = 181", "window_days"},
        {"[alerts]\ndigest_hour = 24", "digest_hour"},
        {"[alerts]\nlook = 3", "look"},
        {"[watch]\nvolume_days = 29", "volume_days"},
        {"[watch]\ndoctors = 1", "doctors"},
        {"[watch]\nvolume = 3", "volume"},
        {"[[alert]]\ntell = [\"load\"]", "to"},
        {"[[alert]]\nto = [\"a@ailleurs.example\"]", "to"},
        {"[[alert]]\nto = [\"a b@medecin.example\"]", "to"},
        {"[[alert]]\nto = [\"a@medecin.example\"]\ntell = [\"weather\"]", "tell"},
        {"[[alert]]\nto = [\"a@medecin.example\"]\nhours = \"7-20\"", "hours"},
        {"[[alert]]\nto = [\"a@medecin.example\"]\nhours = \"07:00-24:00\"", "hours"},
        {"[[alert]]\nto = [\"a@medecin.example\"]\ngroups = [\"X\"]", "groups"},
        {"[[alert]]\nto = [\"a@medecin.example\"]\nsites = [\"X\"]", "sites"},
        {"[[alert]]\nto = [\"a@medecin.example\"]\nservices = [\"X\"]", "services"},
    }));
    file f;
    CAPTURE(tc.text);
    const auto read = f.load(good + std::string(tc.text) + "\n");
    REQUIRE_FALSE(read.mistakes.empty());
    CHECK(read.mistakes.front().where.find(tc.key) != std::string::npos);
}

TEST_CASE("a web address on this machine may be without TLS", "[config]")
{
    const std::string_view url = GENERATE(as<std::string_view>{}, "http://127.0.0.1:8080/a", "http://[::1]/",
                                          "http://localhost", "https://pages.example");
    file f;
    CHECK(f.load(good + "[alerts]\nwebhook = \"" + std::string(url) + "\"\n").mistakes.empty());
}

TEST_CASE("what is kept is never kept shorter than open evidence needs", "[config]")
{
    struct row {
        std::string_view retention, where;  // empty: no mistake
    };
    const auto tc = GENERATE(values<row>({
        {"", ""},
        {"content_days = 1", ""},
        {"content_days = 0", "[retention] content_days"},
        {"content_days = 30", ""},
        {"content_days = 31", "[retention] content_days"},
        {"content_open_days = 6", "[retention] content_open_days"},
        {"content_open_days = 31", "[retention] content_open_days"},
        {"trace_days = 37", ""},
        {"trace_days = 36", "[retention] trace_days"},
        {"trace_days = 366", ""},
        {"trace_days = 367", "[retention] trace_days"},
        {"key_days = 182", "[retention] key_days"},
        {"key_days = 3661", "[retention] key_days"},
        {"days = 3", "[retention] days"},
        {"mailbox_days = 31", ""},
        {"mailbox_days = 30", "[retention] mailbox_warned_days"},
        {"mailbox_days = 3660", ""},
        {"mailbox_days = 3661", "[retention] mailbox_days"},
        {"mailbox_days = 8\nmailbox_warned_days = 7", ""},
        {"mailbox_days = 7\nmailbox_warned_days = 6", "[retention] mailbox_days"},
        {"mailbox_warned_days = 7", ""},
        {"mailbox_warned_days = 6", "[retention] mailbox_warned_days"},
        {"mailbox_warned_days = 364", ""},
        {"mailbox_warned_days = 365", "[retention] mailbox_warned_days"},
        {"content_days = 2\ncontent_open_days = 2\n[retry]\ngive_up_seconds = 86401", "[retention] content_open_days"},
    }));
    const file f;
    const auto read = f.load(good + "[retention]\n" + std::string(tc.retention) + "\n");
    CAPTURE(tc.retention, all(read.mistakes));
    CHECK(read.mistakes.empty() == tc.where.empty());
    if (!tc.where.empty()) {
        REQUIRE_FALSE(read.mistakes.empty());
        CHECK(read.mistakes[0].where.find(tc.where) != std::string::npos);
    }
}
