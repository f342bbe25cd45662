// TLS from the first byte, AUTH, BDAT, and peers that lie.
#include "tests/component/relay/smtp/engine/scripted_peer.hpp"

using namespace tests;

namespace {
// base64 of "\0relay\0s3cret" and of the bearer form, by the coreutils' base64.
const std::string plain_response = "AHJlbGF5AHMzY3JldA==";

client_policy policy_with(sasl_mechanism mechanism, std::string response)
{
    client_policy policy{.helo_name = "relay.test"};
    policy.login = sasl_login{mechanism, std::move(response)};
    return policy;
}
client_policy plain_policy()
{
    return policy_with(sasl_mechanism::plain, *write_sasl_response(sasl_mechanism::plain, "relay", "s3cret"));
}
client_policy chunk_policy()
{
    client_policy policy{.helo_name = "relay.test"};
    policy.transfer = body_transfer::chunks_if_offered;
    return policy;
}
const std::string offers_auth =
    "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-DSN\r\n"
    "250 AUTH LOGIN plain XOAUTH2\r\n";
std::vector<turn> with_auth(std::vector<turn> said)
{
    auto turns = happy();
    turns[4].answer = offers_auth;
    turns.insert(turns.begin() + 5, said.begin(), said.end());
    return turns;
}
std::vector<turn> with_chunks()
{
    auto turns = happy();
    turns[4].answer.insert(turns[4].answer.find("250-DSN"), "250-CHUNKING\r\n");
    turns[5] = {mail_line + rcpt_line, "250 2.1.0 a\r\n250 2.1.5 b\r\n"};
    turns[6] = {"BDAT 25 LAST\r\n" + mail_bytes, "250 2.0.0 queued\r\n"};
    return turns;
}
}

TEST_CASE("TLS from the first byte: nothing is said before it", "[smtp][engine]")
{
    const auto step = GENERATE(std::size_t{1}, 1000U);
    client_policy policy{.helo_name = "relay.test"};
    policy.tls = tls_policy::implicit;
    auto turns = happy();
    turns.erase(turns.begin(), turns.begin() + 4);
    turns.insert(turns.begin(), {{"<tls>", ""}, {"", "220 mx.test\r\n"}});
    const auto done = deliver(turns, loss::closed, step, policy);
    CAPTURE(done.how.unexpected);
    CHECK(done.how.unexpected.empty());
    CHECK(done.outcome.is_accepted());
    for (const auto& [why, code] : {std::pair{loss::tls_failed, delivery_errc::tls_failed},
                                    std::pair{loss::certificate_untrusted, delivery_errc::certificate_untrusted}}) {
        client_engine engine(policy);
        REQUIRE(std::holds_alternative<engine_t::start_tls>(engine.start(some_mail())));
        static_cast<void>(engine.on_lost(why));
        CHECK(engine.outcome().ec == make_error_code(code));
        CHECK(engine.outcome().where == stage::start_tls);
    }
    turns.resize(1);  // a TLS 1.3 peer says at the first read that it refuses our certificate
    CHECK(deliver(turns, loss::tls_refused, step, policy).outcome.ec == make_error_code(delivery_errc::tls_refused));
}

TEST_CASE("AUTH says its response at once, or behind a challenge if the line would be too long", "[smtp][engine]")
{
    const auto step = GENERATE(std::size_t{1}, 1000U);
    const auto short_one = deliver(with_auth({{"AUTH PLAIN " + plain_response + "\r\n", "235 2.7.0 ok\r\n"}}),
                                   loss::closed, step, plain_policy());
    CAPTURE(short_one.how.unexpected);
    CHECK(short_one.how.unexpected.empty());
    CHECK(short_one.outcome.is_accepted());
    const std::string token(1500, 't');
    const auto response = *write_sasl_response(sasl_mechanism::xoauth2, "relay@hopital.test", token);
    const auto long_one = deliver(with_auth({{"AUTH XOAUTH2\r\n", "334 \r\n"}, {response + "\r\n", "235 ok\r\n"}}),
                                  loss::closed, step, policy_with(sasl_mechanism::xoauth2, response));
    CHECK(long_one.how.unexpected.empty());
    CHECK(long_one.outcome.is_accepted());
}

TEST_CASE("the longest AUTH line with a response has 512 octets", "[smtp][engine]")
{
    const std::size_t fits = 512 - std::string("AUTH PLAIN \r\n").size();
    for (const std::size_t size : {fits, fits + 1}) {
        const std::string response(size, 'A');
        const std::string line = size == fits ? "AUTH PLAIN " + response + "\r\n" : "AUTH PLAIN\r\n";
        const auto done = deliver(with_auth({{line, "535 5.7.8 no\r\n"}}), loss::closed, 1000,
                                  policy_with(sasl_mechanism::plain, response));
        CHECK(done.how.unexpected == (std::vector<std::string>{"QUIT\r\n"}));  // no mail behind a refusal
    }
}

TEST_CASE("what a peer says to AUTH is one cause each", "[smtp][engine]")
{
    struct row {
        std::string answer;
        delivery_errc code;
        next_step next;
    };
    const auto tc = GENERATE(values<row>({
        {"535 5.7.8 no\r\n", delivery_errc::auth_refused, next_step::tell},
        {"530 5.7.0 x\r\n", delivery_errc::auth_refused, next_step::tell},
        {"534 5.7.9 too weak\r\n", delivery_errc::auth_unavailable, next_step::retry},
        {"504 5.5.4 x\r\n", delivery_errc::auth_unavailable, next_step::retry},
        {"454 4.7.0 later\r\n", delivery_errc::temporary_refusal, next_step::retry},
        {"432 4.7.12 x\r\n", delivery_errc::temporary_refusal, next_step::retry},
        {"421 x\r\n", delivery_errc::peer_overloaded, next_step::retry},
        {"250 what\r\n", delivery_errc::protocol_error, next_step::retry},
        {"354 what\r\n", delivery_errc::protocol_error, next_step::retry},
    }));
    auto turns = with_auth({{"AUTH PLAIN " + plain_response + "\r\n", tc.answer}});
    turns.resize(6);
    const auto done = deliver(turns, loss::closed, 1000, plain_policy());
    CAPTURE(tc.answer);
    CHECK(done.how.unexpected.empty());
    CHECK(done.outcome.ec == make_error_code(tc.code));
    CHECK(done.outcome.where == stage::auth);
    CHECK(done.outcome.ec == tc.next);
}

TEST_CASE("a second challenge ends AUTH, and never twice", "[smtp][engine]")
{
    auto bearer = policy_with(sasl_mechanism::xoauth2, "dG9rZW4=");
    auto turns =
        with_auth({{"AUTH XOAUTH2 dG9rZW4=\r\n", "334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"}, {"\r\n", "535 5.7.8 no\r\n"}});
    turns.resize(7);
    auto done = deliver(turns, loss::closed, 1, bearer);
    CHECK(done.how.unexpected.empty());
    CHECK(done.outcome.ec == make_error_code(delivery_errc::auth_refused));
    turns = with_auth({{"AUTH PLAIN " + plain_response + "\r\n", "334 more\r\n"}, {"*\r\n", "334 more\r\n"}});
    turns.resize(7);
    done = deliver(turns, loss::closed, 1, plain_policy());
    CHECK(done.how.unexpected.empty());
    CHECK(done.how.how == ended::finished);
    CHECK(done.outcome.ec == make_error_code(delivery_errc::protocol_error));
}

TEST_CASE("no credential is said in clear, to a peer that did not offer the mechanism, or in pieces", "[smtp][engine]")
{
    auto in_clear = plain_policy();
    in_clear.tls = tls_policy::clear_tests;
    auto done =
        deliver({{"", "220 a\r\n"}, {"EHLO relay.test\r\n", "250-a\r\n250 AUTH PLAIN\r\n"}, {"QUIT\r\n", "221 b\r\n"}},
                loss::closed, 1000, in_clear);
    CHECK(done.how.unexpected.empty());
    CHECK(done.outcome.ec == make_error_code(delivery_errc::auth_unavailable));
    auto turns = up_to_tls();
    turns[1].answer = "250-a\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n";  // before TLS it counts for nothing
    turns.push_back({"EHLO relay.test\r\n", "250-a\r\n250 AUTH LOGIN PLAINER\r\n"});
    turns.push_back({"QUIT\r\n", "221 b\r\n"});
    done = deliver(turns, loss::closed, 1000, plain_policy());
    CHECK(done.how.unexpected.empty());
    CHECK(done.outcome.ec == make_error_code(delivery_errc::auth_unavailable));
    turns[4].answer = offers_auth;
    done = deliver(turns, loss::closed, 1000, policy_with(sasl_mechanism::plain, ""));
    CHECK(done.how.unexpected.empty());
    CHECK(done.outcome.ec == make_error_code(delivery_errc::credentials_unreadable));
    for (const char* bad : {"", "a\r\nb", "a\nb"}) {
        CHECK(write_sasl_response(sasl_mechanism::plain, "relay", bad).has_error());
        CHECK(write_sasl_response(sasl_mechanism::xoauth2, bad, "token").has_error());
    }
    CHECK(write_sasl_response(sasl_mechanism::plain, std::string("a\0b", 3), "x").has_error());
    CHECK(write_sasl_response(sasl_mechanism::xoauth2,
                              "a\x01"
                              "b",
                              "x")
              .has_error());
    CHECK(*write_sasl_response(sasl_mechanism::plain, "relay", "s3cret") == plain_response);
}

TEST_CASE("a mail goes as one chunk, without dots, once the recipient was accepted", "[smtp][engine]")
{
    const auto step = GENERATE(std::size_t{1}, 1000U);
    auto done = deliver(with_chunks(), loss::closed, step, chunk_policy());
    CAPTURE(done.how.unexpected);
    CHECK(done.how.unexpected.empty());
    CHECK(done.how.how == ended::idle);
    CHECK(done.outcome.is_accepted());
    CHECK(deliver(happy(), loss::closed, step, chunk_policy()).how.unexpected.empty());  // not offered
    CHECK(deliver(happy(), loss::closed, step).how.unexpected.empty());
    auto refused = with_chunks();
    refused[5].answer = "250 a\r\n550 5.1.1 b\r\n";
    refused[6] = {"RSET\r\n", "250 ok\r\n"};
    done = deliver(refused, loss::closed, step, chunk_policy());
    CHECK(done.how.unexpected.empty());
    CHECK(done.how.how == ended::idle);
    CHECK(done.outcome.ec == make_error_code(delivery_errc::mailbox_unknown));
    auto turned_down = with_chunks();
    turned_down[6].answer = "554 5.6.0 x\r\n";
    turned_down.push_back({"RSET\r\n", "250 ok\r\n"});
    done = deliver(turned_down, loss::closed, step, chunk_policy());
    CHECK(done.how.unexpected.empty());
    CHECK(done.how.how == ended::idle);
    CHECK(done.outcome.ec == make_error_code(delivery_errc::content_refused));
}

TEST_CASE("a connection lost at any byte of a chunked mail: uncertain only once its last byte was handed out",
          "[smtp][engine]")
{
    const auto whole = with_chunks();
    for (std::size_t last = 0; last < whole.size(); ++last) {
        for (std::size_t cut = 0; cut < std::max<std::size_t>(whole[last].answer.size(), 1); ++cut) {
            auto turns = std::vector<turn>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(last) + 1);
            turns.back().answer.resize(std::min(cut, turns.back().answer.size()));
            const auto done = deliver(turns, loss::closed, 10'000, chunk_policy());
            CAPTURE(last, cut);
            CHECK(done.how.how == ended::finished);
            CHECK(done.outcome.is_uncertain() == (last + 1 == whole.size()));
        }
    }
}

TEST_CASE("a large mail goes in blocks, each with its own limit, and is certain until the last", "[smtp][engine]")
{
    std::string large;
    while (large.size() < 1'000'000) large += std::string(76, 'x') + "\r\n";
    const bool chunks = GENERATE(false, true);
    client_engine engine(chunks ? chunk_policy() : client_policy{.helo_name = "relay.test"});
    auto turns = chunks ? with_chunks() : happy();
    for (std::size_t at = 4; at < 5; ++at) turns[at].answer.replace(turns[at].answer.find("1000"), 4, "2000000");
    turns.resize(6);
    auto next = engine.start(some_mail(large));
    std::string answer;
    std::size_t turn_at = 0;
    std::size_t sent = 0;
    int blocks = 0;
    for (;;) {
        if (const auto* out = std::get_if<engine_t::send>(&next)) {
            CHECK(out->bytes.size() <= 256U * 1024U);
            if (turn_at == 6) {
                ++blocks;
                sent += out->bytes.size();
                if (sent >= large.size()) break;
            }
            next = engine.on_sent();
        } else if (std::holds_alternative<engine_t::start_tls>(next)) {
            ++turn_at;
            next = engine.on_tls_ready();
        } else {
            next = engine.on_received(turns[turn_at++].answer);
        }
    }
    CHECK(blocks >= 4);
    static_cast<void>(engine.on_lost(loss::closed));
    CHECK(engine.outcome().is_uncertain() == chunks);  // DATA still owes its dot
}

TEST_CASE("replies that have no place end the dialogue; behind the dot they tell nothing", "[smtp][engine]")
{
    const std::string answer =
        GENERATE(std::string("354 x\r\n"), "150 x\r\n", "000 x\r\n", "600 x\r\n", "25 x\r\n", "2500 x\r\n",
                 "250-a\r\n251 b\r\n", "250 a\nb\r\n", "250 a\rb\r\n", "250\ta\r\n", "\r\n", "\x16\x03\x01\r\n");
    for (std::size_t at :
         {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{4}, std::size_t{5}, std::size_t{6}}) {
        auto turns = happy();
        turns.resize(at + 1);
        turns.back().answer = answer;
        client_engine engine({.helo_name = "relay.test"});
        const auto done = play(engine, engine.start(some_mail()), turns, 1);
        CAPTURE(at, answer);
        CHECK(done.unexpected.empty());
        CHECK_FALSE(engine.outcome().is_accepted());
        CHECK(engine.outcome().ec == next_step::retry);
        CHECK(engine.outcome().is_uncertain() == (at == 6));
        if (at > 2) CHECK(done.how == ended::finished);
    }
}

TEST_CASE("a peer that answers twice loses its connection, not the first answer", "[smtp][engine]")
{
    client_engine engine({.helo_name = "relay.test"});
    auto turns = happy();
    turns[6].answer += "250 2.0.0 queued again\r\n";
    const auto done = play(engine, engine.start(some_mail()), turns, 1000);
    CHECK(done.how == ended::finished);
    CHECK(engine.outcome().is_accepted());
    client_engine late({.helo_name = "relay.test"});  // the second answer comes while idle, and is read as one to MAIL
    REQUIRE(play(late, late.start(some_mail()), happy(), 1000).how == ended::idle);
    const auto next = play(late, late.next_transaction(some_mail()),
                           {{happy()[5].expected, "250 again\r\n250 a\r\n250 b\r\n354 c\r\n"}}, 1);
    CHECK(next.how == ended::finished);
    CHECK(late.outcome().ec == make_error_code(delivery_errc::protocol_error));
}

TEST_CASE("replies without end are cut at their limits", "[smtp][engine]")
{
    const reply_limits limits;
    std::string lines;
    for (std::size_t i = 0; i + 1 < limits.max_lines; ++i) lines += "250-X" + std::to_string(i) + "\r\n";
    auto turns = up_to_tls();
    turns.push_back({"EHLO relay.test\r\n", lines + "250 PIPELINING\r\n"});
    turns.push_back({"", ""});
    CHECK(deliver(turns).outcome.where == stage::mail);  // at the limit
    turns[4].answer = lines + "250-ONE\r\n250 MORE\r\n";
    CHECK(deliver(turns).outcome.ec == make_error_code(delivery_errc::protocol_error));
    turns[4].answer = "250-" + std::string(4U << 20U, 'x');
    CHECK(deliver(turns).outcome.ec == make_error_code(delivery_errc::protocol_error));
}

TEST_CASE("lies in EHLO cost nothing but what they offer", "[smtp][engine]")
{
    const std::string lie = GENERATE(std::string("SIZE 99999999999999999999999999"), "SIZE -1", "SIZE", "SIZE 0",
                                     "AUTH", "AUTH  ", "STARTTLS", "PIPELINING x y z", "");
    auto turns = happy();
    turns[4].answer = "250-mx.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-DSN\r\n250 " + lie + "\r\n";
    client_engine engine({.helo_name = "relay.test"});
    CAPTURE(lie);
    static_cast<void>(play(engine, engine.start(some_mail()), turns, 7));
    CHECK(engine.outcome().is_accepted());
}

TEST_CASE("421 said to a connection that was idle too long is a stale connection, not a refusal", "[smtp][engine]")
{
    client_engine engine({.helo_name = "relay.test"});
    REQUIRE(play(engine, engine.start(some_mail()), happy(), 1000).how == ended::idle);
    const std::string before = GENERATE(std::string(), "250 a\r\n");
    CHECK(play(engine, engine.next_transaction(some_mail()), {{happy()[5].expected, before + "421 4.4.2 idle\r\n"}}, 1)
              .how == ended::finished);
    CHECK(engine.was_stale() == before.empty());
    CHECK(engine.outcome().ec == make_error_code(delivery_errc::peer_overloaded));
    client_engine fresh({.helo_name = "relay.test"});
    auto turns = happy();
    turns.resize(6);
    turns[5].answer = "421 busy\r\n";
    static_cast<void>(play(fresh, fresh.start(some_mail()), turns, 1));
    CHECK_FALSE(fresh.was_stale());
}
