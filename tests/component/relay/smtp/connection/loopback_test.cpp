// Client and server over loopback.
#include "tests/component/relay/smtp/connection/smtp_house.hpp"

using namespace tests;

TEST_CASE("mails go over mutual TLS, the second on the same connection", "[smtp][loopback]")
{
    house all;
    const auto to = all.hop();
    const auto first = all.deliver(to);
    CAPTURE(first.outcome.ec.message(), name(first.outcome.where));
    REQUIRE(first.outcome.is_accepted());
    CHECK(first.used == delivery_report::connection::fresh);
    REQUIRE(first.tls.has_value());
    CHECK(first.tls->version == "TLSv1.3");
    CHECK(first.tls->peer_certificate_subject == "CN=server");
    CHECK(all.client.idle_connections() == 1);
    const auto second =
        all.deliver(to, some_mail(std::string(300'000, 'a').replace(5, 2, "\r\n").replace(900, 2, "\r\n")));
    CHECK(second.outcome.ec == make_error_code(delivery_errc::content_refused));  // lines over 1000 octets
    std::string large;
    while (large.size() < 300'000) large += "." + std::string(70, 'b') + "\r\n";
    const auto third = all.deliver(to, some_mail(large));
    CHECK(third.outcome.is_accepted());
    CHECK(third.used == delivery_report::connection::reused);
    auto unknown = some_mail();
    unknown.recipient = "nobody@mss.test";
    CHECK(all.deliver(to, unknown).outcome.ec == make_error_code(delivery_errc::mailbox_unknown));
    REQUIRE(all.sink.messages.size() == 2);
    CHECK(all.sink.messages[0] == "Subject: x\r\n\r\n.dot\r\n");
    CHECK(all.sink.messages[1] == large);
    CHECK(all.sink.envelopes[0].envid == "env+1");
    CHECK(all.sink.envelopes[0].recipients[0].notify.success);
    CHECK(all.sink.facts[0].helo == "relay.test");
    CHECK(all.sink.facts[0].certificate_subject == "CN=client");
    CHECK(all.sink.facts[0].certificate_sha256.size() == 64);
    const auto field = ports::received_field(all.sink.facts[0], "mx.test", "id1", base::instant(1'700'000'000'000ms));
    CHECK(field == "Received: from relay.test ([127.0.0.1])\r\n\tby mx.test with ESMTPS (TLSv1.3 " + first.tls->cipher +
                       ")\r\n\tid id1; Tue, 14 Nov 2023 22:13:20 +0000\r\n");
}

TEST_CASE("connections are never shared across client certificates", "[smtp][loopback]")
{
    house all;
    REQUIRE(all.deliver(all.hop("client")).outcome.is_accepted());
    CHECK(all.deliver(all.hop("stranger")).outcome.ec == make_error_code(delivery_errc::tls_refused));
    CHECK(all.deliver(all.hop("")).outcome.ec == make_error_code(delivery_errc::tls_refused));
    CHECK(all.deliver(all.hop("client")).used == delivery_report::connection::reused);
    CHECK(all.sink.messages.size() == 2);
}

TEST_CASE("a server that cannot be trusted gets nothing", "[smtp][loopback]")
{
    house all;
    CHECK(all.deliver(all.hop("client", "other")).outcome.ec == make_error_code(delivery_errc::certificate_untrusted));
    CHECK(all.deliver(all.hop("client", "ca", "mx.other.test")).outcome.ec ==
          make_error_code(delivery_errc::certificate_untrusted));
    CHECK(all.deliver(all.hop("client", "ca", "127.0.0.2")).outcome.ec ==
          make_error_code(delivery_errc::certificate_untrusted));
    CHECK(all.deliver(all.hop("client", "ca", "localhost")).outcome.is_accepted());
    CHECK(all.sink.messages.size() == 1);
}

TEST_CASE("nobody listens: the peer is down, nothing was sent", "[smtp][loopback]")
{
    house all;
    auto to = all.hop();
    all.server.drain(io::clock::now());
    const auto report = all.deliver(to);
    CHECK(report.outcome.ec == make_error_code(delivery_errc::peer_unreachable));
    CHECK(report.used == delivery_report::connection::none);
}

TEST_CASE("a pooled connection that the peer closed is not used again", "[smtp][loopback]")
{
    house all;
    REQUIRE(all.deliver(all.hop()).outcome.is_accepted());
    CHECK(all.client.idle_connections() == 1);
    all.server.drain(io::clock::now() + 5s);
    auto settings = server_for();
    settings.at.port = all.port;
    smtp_server restarted(all.runtime, std::move(settings), all.sink);
    REQUIRE(restarted.open().has_value());
    const auto report = all.deliver(all.hop());
    CHECK(report.outcome.is_accepted());
    CHECK(report.used == delivery_report::connection::fresh);
    CHECK(all.client.idle_connections() == 1);
    all.client.close_idle();
    CHECK(all.client.idle_connections() == 0);
}

TEST_CASE("under new settings a connection ends with its mail, and nothing of before is used again", "[smtp][loopback]")
{
    using connection = delivery_report::connection;
    house all;
    const auto deliver = [&] {
        const auto report = all.deliver(all.hop());
        REQUIRE(report.outcome.is_accepted());
        return report;
    };
    const auto in_use = GENERATE(true, false);
    CAPTURE(in_use);
    if (in_use) all.sink.block = [&all] { all.client.begin_anew(); };
    deliver();
    all.sink.block = nullptr;
    if (!in_use) {
        CHECK(all.client.idle_connections() == 1);
        all.client.begin_anew();
    }
    CHECK(all.client.idle_connections() == 0);
    const auto next = deliver();
    CHECK(next.used == connection::fresh);
    CHECK(deliver().used == connection::reused);
}

TEST_CASE("a deadline behind the final dot leaves the mail uncertain, and the connection unused", "[smtp][loopback]")
{
    std::mutex gate;  // outlives the worker that waits at it
    gate.lock();
    house all;
    all.sink.block = [&gate] { const std::lock_guard wait(gate); };
    const auto report = all.deliver(all.hop(), some_mail(), 1s);
    gate.unlock();
    CHECK(report.outcome.is_uncertain());
    CHECK(report.outcome.ec == next_step::retry);
    CHECK(all.client.idle_connections() == 0);
}

TEST_CASE("a cancelled delivery tells what it knows instead of throwing", "[smtp][loopback]")
{
    std::mutex gate;  // outlives the worker that waits at it
    gate.lock();
    std::promise<void> storing;
    house all;
    all.sink.block = [&] {
        storing.set_value();
        const std::lock_guard wait(gate);
    };
    boost::asio::cancellation_signal stop;
    auto strand = boost::asio::make_strand(all.runtime.executor());
    std::promise<delivery_report> done;
    auto delivering = all.client.deliver(all.hop(), some_mail(), io::clock::now() + 10s);
    boost::asio::co_spawn(
        strand, std::move(delivering),
        boost::asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr failure, delivery_report report) {
            if (failure)
                done.set_exception(failure);
            else
                done.set_value(std::move(report));
        }));
    storing.get_future().wait();
    boost::asio::post(strand, [&] { stop.emit(boost::asio::cancellation_type::all); });
    CHECK(done.get_future().get().outcome.is_uncertain());
    gate.unlock();
}

TEST_CASE("draining ends idle sessions at once", "[smtp][loopback]")
{
    house all;
    REQUIRE(all.deliver(all.hop()).outcome.is_accepted());
    const auto start = io::clock::now();
    all.server.drain(start + 20s);
    CHECK(io::clock::now() - start < 10s);
}

TEST_CASE("settings that contradict each other do not start", "[smtp][loopback]")
{
    io::io_runtime runtime(1);
    memory_sink sink;
    auto no_context = server_for();
    no_context.tls = nullptr;
    CHECK_THROWS(smtp_server(runtime, no_context, sink));
    auto not_asked = server_for();
    not_asked.policy.certificates = client_certificates::not_asked;
    CHECK_THROWS(smtp_server(runtime, not_asked, sink));
    CHECK(io::tls_context::server({}, io::peer_certificate::not_asked).has_error());
    CHECK(io::tls_context::client(test_pki().files("", "missing")).has_error());
    auto mixed = test_pki().files("client", "ca");
    mixed.private_key = test_pki().folder / "server.key";
    CHECK(io::tls_context::client(mixed).has_error());
}

// Not run by default: real clients against our server (curl, swaks), and a figure for the bench.
TEST_CASE("curl and swaks deliver", "[.peers]")
{
    house all;
    const auto folder = test_pki().folder;
    std::ofstream(folder / "mail.eml") << "Subject: essai\r\n\r\n.point\r\nfin\r\n";
    const std::string port = std::to_string(all.port);
    test_pki().run_shell("curl --ssl-reqd --cacert ca.pem --cert client.pem --key client.key --url smtp://127.0.0.1:" +
                         port + " --mail-from a@hopital.test --mail-rcpt medecin@mss.test --upload-file mail.eml");
    test_pki().run_shell("swaks --server 127.0.0.1:" + port +
                         " --tls --tls-verify --tls-ca-path ca.pem --tls-cert client.pem --tls-key client.key"
                         " --pipeline --from a@hopital.test --to medecin@mss.test --data @mail.eml");
    REQUIRE(all.sink.messages.size() == 2);
    CHECK(all.sink.messages[0] == "Subject: essai\r\n\r\n.point\r\nfin\r\n");
    CHECK(all.sink.messages[1].find("\r\n.point\r\n") != std::string::npos);
}

TEST_CASE("rate on one reused connection, both sides in this process", "[.figure]")
{
    house all;
    std::string bytes;
    while (bytes.size() < 100'000) bytes += std::string(76, 'b') + "\r\n";
    const auto mail = some_mail(bytes);
    const auto to = all.hop();
    const auto cpu = std::clock();
    const auto start = io::clock::now();
    for (int i = 0; i < 1000; ++i) REQUIRE(all.deliver(to, mail).outcome.is_accepted());
    const std::chrono::duration<double> took = io::clock::now() - start;
    WARN("100 kB mails per second: " << 1000 / took.count() << ", CPU ms per mail: "
                                     << 1000.0 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC / 1000);
}
