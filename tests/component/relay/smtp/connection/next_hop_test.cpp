// From a next hop to a peer: MX, SRV, several addresses, who may be tried next, implicit TLS, sessions, credentials.
#include <sys/stat.h>

#include "tests/component/relay/smtp/connection/smtp_house.hpp"
#include "tests/support/lying_dns.hpp"
#include "tests/support/scripted_smtp.hpp"

using namespace tests;
using tests::dns_lie;

namespace {
struct named_house {
    explicit named_house(const std::string& certificate = "server")
        : all(server_for("ca", certificate),
              {.helo_name = "relay.test",
               .names = std::make_shared<io::name_lookup>(io::dns_settings{{{"127.0.0.1", dns.port()}}, 100ms, 1})})
    {
    }
    next_hop mx(std::string domain, std::string tls_name = "localhost")
    {
        next_hop hop = all.hop();
        hop.at = {std::move(domain), all.port};
        hop.tls_name = std::move(tls_name);
        hop.lookup = host_lookup::mx;
        return hop;
    }
    lying_dns dns;
    house all;
};
const std::vector<io::mx_record> three{{20, "b.test"}, {10, "a.test"}, {30, "c.test"}};
const io::host_port domain{"mss.test", 25};
const scripted_smtp::script takes_all{{"DATA", "354 go\r\n"}};
}

TEST_CASE("mail hosts come by preference, and nothing at or behind ourselves", "[smtp][mx]")
{
    std::mt19937 chance(1);
    using hosts = std::vector<mail_host>;
    CHECK(*order_mx(three, domain, {}, chance) == hosts{{"a.test", 25}, {"b.test", 25}, {"c.test", 25}});
    CHECK(*order_mx(three, domain, {"b.test"}, chance) == hosts{{"a.test", 25}});
    CHECK(order_mx(three, domain, {"a.test"}, chance).error() == make_error_code(delivery_errc::mail_loop));
    CHECK(*order_mx({}, domain, {}, chance) == hosts{{"mss.test", 25}});
    CHECK(order_mx({{0, ""}}, domain, {}, chance).error() == make_error_code(delivery_errc::domain_takes_no_mail));
    CHECK(*order_mx({{0, ""}, {10, "a.test"}}, domain, {}, chance) == hosts{{"a.test", 25}});
    CHECK(*order_mx({{5, "a.test"}, {9, "a.test"}}, domain, {}, chance) == hosts{{"a.test", 25}});
    const std::vector<io::mx_record> with_equal{{10, "a.test"}, {20, "x.test"}, {20, "us.test"}, {30, "c.test"}};
    CHECK(*order_mx(with_equal, domain, {"us.test"}, chance) == hosts{{"a.test", 25}});
    std::vector<io::mx_record> many;
    for (std::uint16_t i = 0; i <= max_mail_hosts; ++i) many.push_back({i, "mx" + std::to_string(i) + ".test"});
    CHECK(order_mx(many, domain, {}, chance)->size() == max_mail_hosts);
    many.pop_back();
    CHECK(order_mx(many, domain, {}, chance)->size() == max_mail_hosts);
}

TEST_CASE("equal preferences and weights share the mail", "[smtp][mx]")
{
    std::mt19937 chance(1);
    std::map<std::string, int> first;
    for (int i = 0; i < 1000; ++i)
        ++first[order_mx({{10, "a.test"}, {10, "b.test"}, {20, "c.test"}}, domain, {}, chance)->front().name];
    CHECK(first.size() == 2);
    CHECK(first["a.test"] > 400);
    CHECK(first["b.test"] > 400);
    first.clear();
    const std::vector<io::srv_record> services{{1, 90, 587, "a.test"}, {1, 10, 588, "b.test"}, {2, 99, 589, "c.test"}};
    for (int i = 0; i < 1000; ++i) {
        const auto hosts = order_srv(services, chance);
        REQUIRE(hosts->size() == 3);
        CHECK(hosts->back() == mail_host{"c.test", 589});
        ++first[hosts->front().name];
    }
    CHECK(first["a.test"] > 800);
    CHECK(first["b.test"] > 20);
    CHECK(order_srv({}, chance).error() == make_error_code(delivery_errc::host_unknown));
    CHECK(order_srv({{0, 0, 0, ""}}, chance).error() == make_error_code(delivery_errc::domain_takes_no_mail));
}

TEST_CASE("a domain's mail goes to its best mail host that answers, and the report names it", "[smtp][mx]")
{
    named_house here;
    here.dns.mx("mss.test", 10, "dead.mss.test");
    here.dns.mx("mss.test", 20, "gone.mss.test");
    here.dns.mx("mss.test", 30, "alias.mss.test");
    here.dns.mx("mss.test", 40, "good.mss.test");
    here.dns.a("dead.mss.test", "127.0.0.9");
    here.dns.alias("alias.mss.test", "dead.mss.test");
    here.dns.a("good.mss.test", "127.0.0.1");
    here.dns.start();
    const auto first = here.all.deliver(here.mx("MSS.test"));
    CAPTURE(first.outcome.ec.message());
    REQUIRE(first.outcome.is_accepted());
    CHECK(first.peer_host == "good.mss.test");
    CHECK(first.peer_address == "127.0.0.1");
    CHECK(first.addresses_tried == 2);
    const auto second = here.all.deliver(here.mx("MSS.test"));
    CHECK(second.used == delivery_report::connection::reused);
    CHECK(second.peer_host == "good.mss.test");
}

TEST_CASE("a mail domain without MX may be an alias of its host (RFC 5321 section 5.1)", "[smtp][dns]")
{
    named_house here;
    here.dns.alias("mss.test", "good.mss.test");
    here.dns.a("good.mss.test", "127.0.0.1");
    here.dns.start();
    const auto sent = here.all.deliver(here.mx("mss.test"));
    CAPTURE(sent.outcome.ec.message());
    CHECK(sent.outcome.is_accepted());
}

TEST_CASE("what the name servers say is one cause each", "[smtp][mx]")
{
    named_house here;
    here.dns.mx("null.test", 0, ".");
    here.dns.mx("loop.test", 10, "relay.test");
    here.dns.mx("hostless.test", 10, "nobody.test");
    here.dns.mx("dark.test", 10, "dark-mx.test");
    here.dns.exists("bare.test");
    here.dns.lie("fails.test", dns_lie::servfail);
    here.dns.lie("dark-mx.test", dns_lie::servfail);
    here.dns.lie("silent.test", dns_lie::silent);
    here.dns.start();
    const std::vector<std::tuple<std::string, delivery_errc, next_step>> rows{
        {"nobody.test", delivery_errc::domain_unknown, next_step::fail},
        {"bare.test", delivery_errc::domain_unknown, next_step::fail},
        {"null.test", delivery_errc::domain_takes_no_mail, next_step::fail},
        {"loop.test", delivery_errc::mail_loop, next_step::tell},
        {"hostless.test", delivery_errc::host_unknown, next_step::retry},
        {"fails.test", delivery_errc::name_lookup_failed, next_step::retry},
        {"dark.test", delivery_errc::name_lookup_failed, next_step::retry},
        {"silent.test", delivery_errc::name_lookup_failed, next_step::retry},
    };
    for (const auto& [name, code, next] : rows) {
        CAPTURE(name);
        const auto report = here.all.deliver(here.mx(name));
        CHECK(report.outcome.ec == make_error_code(code));
        CHECK(report.outcome.ec == next);
        CHECK(report.outcome.where == stage::connect);
        CHECK(report.used == delivery_report::connection::none);
    }
    auto unknown = here.all.hop();
    unknown.at.host = "nobody.test";
    CHECK(here.all.deliver(unknown).outcome.ec == make_error_code(delivery_errc::host_unknown));
}

TEST_CASE("domains with the same mail hosts are one site, whatever their order", "[smtp][mx]")
{
    named_house here;
    here.dns.mx("one.test", 10, "mx1.op.test", 60);
    here.dns.mx("one.test", 20, "mx2.op.test", 90);
    here.dns.mx("two.test", 5, "MX2.op.test.");
    here.dns.mx("two.test", 5, "mx1.op.test");
    here.dns.mx("other.test", 10, "mx1.op.test");
    here.dns.mx("null.test", 0, ".");
    here.dns.exists("bare.test");
    here.dns.srv("_submission._tcp.one.test", 0, 1, 587, "out.op.test");
    here.dns.srv("_submission._tcp.two.test", 7, 2, 587, "out.op.test");
    here.dns.srv("_submission._tcp.other.test", 0, 1, 588, "out.op.test");
    here.dns.lie("fails.test", dns_lie::servfail);
    here.dns.start();
    const auto site = [&here](const std::string& domain, host_lookup lookup) {
        auto hop = here.mx(domain);
        hop.lookup = lookup;
        hop.at.port = 25;
        return here.all.site(hop);
    };
    const auto one = site("one.test", host_lookup::mx);
    REQUIRE(one.has_value());
    CHECK(one->name == "mx1.op.test:25,mx2.op.test:25");
    CHECK(one->known_for == 60s);
    CHECK(site("TWO.test", host_lookup::mx)->name == one->name);
    CHECK(site("other.test", host_lookup::mx)->name == "mx1.op.test:25");
    CHECK(site("mx1.op.test", host_lookup::address)->name == "mx1.op.test:25");
    CHECK(site("null.test", host_lookup::mx)->name == "null.test:25");
    CHECK(site("bare.test", host_lookup::mx)->name == "bare.test:25");
    CHECK(site("one.test", host_lookup::srv)->name == "out.op.test:587");
    CHECK(site("two.test", host_lookup::srv)->name == "out.op.test:587");
    CHECK(site("other.test", host_lookup::srv)->name == "out.op.test:588");
    CHECK(site("fails.test", host_lookup::mx).error() == make_error_code(delivery_errc::name_lookup_failed));
    CHECK(site("nobody.test", host_lookup::mx).error() == make_error_code(delivery_errc::domain_unknown));
}

TEST_CASE("without MX the domain's own address takes the mail; SRV brings its port", "[smtp][mx]")
{
    named_house here;
    here.dns.a("implicit.test", "127.0.0.1");
    here.dns.a("out.mss.test", "127.0.0.1");
    here.dns.srv("_submission._tcp.mss.test", 0, 1, here.all.port, "out.mss.test");
    here.dns.start();
    CHECK(here.all.deliver(here.mx("implicit.test")).outcome.is_accepted());
    auto srv = here.mx("mss.test");
    srv.lookup = host_lookup::srv;
    srv.at.port = 0;
    const auto report = here.all.deliver(srv);
    CHECK(report.outcome.is_accepted());
    CHECK(report.peer_host == "out.mss.test");
}

TEST_CASE("the certificate must show the mail host, a whole label for a star", "[smtp][mx]")
{
    named_house here("wild");
    for (const char* host : {"mx.wild.test", "a.b.wild.test", "wild.test", "foo.part.test"}) {
        here.dns.mx(std::string("of-") + host, 10, host);
        here.dns.a(host, "127.0.0.1");
    }
    here.dns.start();
    CHECK(here.all.deliver(here.mx("of-mx.wild.test", "")).outcome.is_accepted());
    for (const char* host : {"a.b.wild.test", "wild.test", "foo.part.test"})
        CHECK(here.all.deliver(here.mx(std::string("of-") + host, "")).outcome.ec ==
              make_error_code(delivery_errc::certificate_untrusted));
    CHECK(here.all.sink.messages.size() == 1);
}

TEST_CASE("until MAIL is answered another address may take the mail, from there on none", "[smtp][mx]")
{
    struct row {
        scripted_smtp::script said;
        bool tried_next;
        bool uncertain;
    };
    const auto tc = GENERATE(values<row>({
        {{{"<greeting>", "554 no\r\n"}}, true, false},
        {{{"<greeting>", "421 busy\r\n<close>"}}, true, false},
        {{{"<greeting>", "<reset>"}}, true, false},
        {{{"<greeting>", "220 a"}, {"EHLO", ""}},
         true,
         false},  // half a line, then nothing: the deadline of the greeting
        {{{"EHLO", "502 no\r\n"}}, true, false},
        {{{"EHLO", "250 peer.test\r\n<close>"}}, true, false},
        {{{"EHLO", "250-peer.test\r\n<reset>"}}, true, false},
        {{{"MAIL", "<close>"}}, true, false},
        {{{"MAIL", "25<reset>"}}, true, false},
        {{{"MAIL", "451 later\r\n"}}, false, false},
        {{{"RCPT", "<reset>"}}, false, false},
        {{{"DATA", "354 go\r\n<close>"}}, false, true},
        {{{"DATA", "354 go\r\n"}, {".", "25<reset>"}}, false, true},
        {{{"DATA", "354 go\r\n"}, {".", "150 hm\r\n"}}, false, true},
        {{{"DATA", "354 go\r\n"}, {".", "451 later\r\n"}}, false, false},
    }));
    lying_dns dns;
    scripted_smtp first(tc.said, "127.0.0.2");
    scripted_smtp second(takes_all, "127.0.0.3", first.port());
    dns.mx("mss.test", 10, "first.test");
    dns.mx("mss.test", 20, "second.test");
    dns.a("first.test", "127.0.0.2");
    dns.a("second.test", "127.0.0.3");
    dns.start();
    client_settings settings{.helo_name = "relay.test",
                             .names = std::make_shared<io::name_lookup>(io::dns_settings{{{"127.0.0.1", dns.port()}}})};
    settings.timeouts.greeting = 1s;
    house all(server_for(), std::move(settings));
    next_hop hop{{"mss.test", first.port()}, "", tls_policy::clear_tests, nullptr, host_lookup::mx};
    const auto report = all.deliver(hop);
    CAPTURE(tc.said, report.outcome.ec.message(), name(report.outcome.where));
    CHECK(report.outcome.is_accepted() == tc.tried_next);
    CHECK(second.connections() == (tc.tried_next ? 1 : 0));
    CHECK(report.peer_host == (tc.tried_next ? "second.test" : "first.test"));
    CHECK(report.outcome.is_uncertain() == tc.uncertain);
}

TEST_CASE("bytes behind the reply to STARTTLS: that peer gets nothing, the next one the mail", "[smtp][mx]")
{
    named_house here;
    const std::string reply = GENERATE(std::string("220 go\r\n250 injected\r\n"), "220 go\r\nx",
                                       "220 go\r\n\x16\x03\x01", "454 no\r\n", "500 no\r\n");
    scripted_smtp liar({{"EHLO", "250-liar.test\r\n250 STARTTLS\r\n"}, {"STARTTLS", reply}}, "127.0.0.2",
                       here.all.port);
    here.dns.mx("mss.test", 10, "liar.test");
    here.dns.mx("mss.test", 20, "good.test");
    here.dns.a("liar.test", "127.0.0.2");
    here.dns.a("good.test", "127.0.0.1");
    here.dns.start();
    const auto report = here.all.deliver(here.mx("mss.test"));
    CHECK(report.outcome.is_accepted());
    CHECK(report.peer_host == "good.test");
    CHECK(liar.connections() == 1);
}

TEST_CASE("a deadline that has passed sends nothing and claims nothing", "[smtp][mx]")
{
    house all;
    scripted_smtp peer(takes_all, "127.0.0.1");
    const next_hop to{{"127.0.0.1", peer.port()}, "", tls_policy::clear_tests, nullptr};
    const auto report = all.deliver(to, some_mail(), -1s);
    CHECK_FALSE(report.outcome.is_accepted());
    CHECK(report.outcome.ec == next_step::retry);
    CHECK(peer.mails() == 0);
}

TEST_CASE("as many addresses as the limit says, no more", "[smtp][mx]")
{
    named_house here;
    for (int i = 1; i <= 12; ++i) here.dns.a("many.test", "127.0.1." + std::to_string(i));
    here.dns.start();
    const auto report = here.all.deliver(here.mx("many.test"));
    CHECK(report.outcome.ec == make_error_code(delivery_errc::peer_unreachable));
    CHECK(report.addresses_tried == client_settings().max_addresses);
}

TEST_CASE("TLS from the first byte, and sessions resumed for the same key only", "[smtp][tls]")
{
    boost::asio::ssl::context tls(boost::asio::ssl::context::tls_server);
    if (GENERATE(false, true)) SSL_CTX_set_max_proto_version(tls.native_handle(), TLS1_2_VERSION);
    tls.use_certificate_chain_file((test_pki().folder / "server.pem").string());
    tls.use_private_key_file((test_pki().folder / "server.key").string(), boost::asio::ssl::context::pem);
    scripted_smtp peer(takes_all, "127.0.0.1", 0, &tls);
    house all;
    const auto hop = [&](const std::string& certificate, const std::string& name) {
        next_hop made = all.hop(certificate, "ca", name);
        made.at.port = peer.port();
        made.policy = tls_policy::implicit;
        return made;
    };
    const auto again = [&](const next_hop& to) {
        auto report = all.deliver(to);
        all.client.close_idle();
        CHECK(report.outcome.is_accepted());
        return report.tls && report.tls->resumed;
    };
    CHECK_FALSE(again(hop("client", "localhost")));
    CHECK(again(hop("client", "localhost")));
    CHECK(again(hop("client", "localhost")));
    CHECK_FALSE(again(hop("", "localhost")));        // another certificate
    CHECK_FALSE(again(hop("client", "127.0.0.1")));  // another name to check
    CHECK(peer.resumed() == 2);
    const auto wrong = all.deliver(hop("client", "mx.other.test"));
    CHECK(wrong.outcome.ec == make_error_code(delivery_errc::certificate_untrusted));
    CHECK(wrong.outcome.where == stage::start_tls);
    CHECK(peer.mails() == 5);
    all.client.begin_anew();  // other anchors may hold: no session of before
    CHECK_FALSE(again(hop("client", "localhost")));
    CHECK(again(hop("client", "localhost")));
}

TEST_CASE("anchors are part of what connections are shared by", "[smtp][tls]")
{
    house all;
    REQUIRE(all.deliver(all.hop("client", "ca")).outcome.is_accepted());
    CHECK(all.client.idle_connections() == 1);
    CHECK(all.deliver(all.hop("client", "other")).outcome.ec == make_error_code(delivery_errc::certificate_untrusted));
    CHECK(all.deliver(all.hop("client", "ca")).used == delivery_report::connection::reused);
}

TEST_CASE("credentials are read from a private file for each connection, and never said twice", "[smtp][auth]")
{
    boost::asio::ssl::context tls(boost::asio::ssl::context::tls_server);
    tls.use_certificate_chain_file((test_pki().folder / "server.pem").string());
    tls.use_private_key_file((test_pki().folder / "server.key").string(), boost::asio::ssl::context::pem);
    auto said = takes_all;
    said["EHLO"] = "250-peer.test\r\n250 AUTH PLAIN\r\n";
    said["AUTH"] = "235 ok\r\n";
    scripted_smtp peer(said, "127.0.0.1", 0, &tls);
    said["AUTH"] = "535 5.7.8 no\r\n";
    scripted_smtp refuses(said, "127.0.0.2", peer.port(), &tls);
    house all;
    const auto file = test_pki().folder / "password";
    const auto hop = [&](const std::string& user, const std::string& host) {
        next_hop made = all.hop("", "ca", "localhost");
        made.at = {host, peer.port()};
        made.policy = tls_policy::implicit;
        made.access = std::make_shared<const sasl_access>(sasl_access{sasl_mechanism::plain, user, file});
        return made;
    };
    const auto unreadable = make_error_code(delivery_errc::credentials_unreadable);
    CHECK(all.deliver(hop("relay", "127.0.0.1")).outcome.ec == unreadable);
    std::ofstream(file) << "s3cret\n";
    ::chmod(file.c_str(), 0640);
    CHECK(all.deliver(hop("relay", "127.0.0.1")).outcome.ec == unreadable);
    ::chmod(file.c_str(), 0600);
    CHECK(all.deliver(hop("relay", "127.0.0.1")).outcome.is_accepted());
    CHECK(all.deliver(hop("relay", "127.0.0.1")).used == delivery_report::connection::reused);
    const auto refused = all.deliver(hop("relay", "127.0.0.2"));
    CHECK(refused.outcome.ec == make_error_code(delivery_errc::auth_refused));
    CHECK(refused.outcome.where == stage::auth);
    CHECK(refuses.mails() == 0);
    all.client.close_idle();
    std::ofstream(file) << "";
    CHECK(all.deliver(hop("relay", "127.0.0.1")).outcome.ec == unreadable);
}

TEST_CASE("idle connections are bounded in total: the one idle longest ends", "[smtp][pool]")
{
    client_settings settings{.helo_name = "relay.test"};
    settings.pool.max_idle = 2;
    house all(server_for(), std::move(settings));
    scripted_smtp one(takes_all, "127.0.0.1");
    scripted_smtp two(takes_all, "127.0.0.1");
    scripted_smtp three_of(takes_all, "127.0.0.1");
    const auto deliver = [&](const scripted_smtp& to) {
        return all.deliver({{"127.0.0.1", to.port()}, "", tls_policy::clear_tests, nullptr}).used;
    };
    using connection = delivery_report::connection;
    CHECK(deliver(one) == connection::fresh);
    CHECK(deliver(two) == connection::fresh);
    CHECK(all.client.idle_connections() == 2);
    CHECK(deliver(three_of) == connection::fresh);
    CHECK(all.client.idle_connections() == 2);
    CHECK(deliver(two) == connection::reused);
    CHECK(deliver(one) == connection::fresh);
    all.client.close_idle();
    CHECK(all.client.idle_connections() == 0);
}
