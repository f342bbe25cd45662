// A sealed mail to peers that offer BINARYMIME, or not, or offer it and take none (RFC 3030 §3).
#include "mime/text/base64.hpp"
#include "tests/component/relay/smtp/engine/scripted_peer.hpp"

using namespace tests;

namespace {
const std::string before = "From: <relay@hopital.test>\r\nContent-Type: application/pkcs7-mime; name=\"smime.p7m\"\r\n";
const std::string octets = "\x30\x80\n.\r\n.\r\n" + std::string(200, '\0') + "\xff\r";
const std::string kept = before + "Content-Transfer-Encoding: base64\r\n\r\n" + mime::base64_encode(octets, 76);
const std::string in_binary = before + "Content-Transfer-Encoding: binary\r\n\r\n" + octets;

client_policy binary_policy()
{
    client_policy policy{.helo_name = "relay.test"};
    policy.transfer = body_transfer::binary_if_offered;
    return policy;
}
std::string offers(const std::string& more)
{
    return "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-DSN\r\n" + more +
           "250 ENHANCEDSTATUSCODES\r\n";
}
const std::string offers_binary = offers("250-CHUNKING\r\n250-binarymime\r\n");
std::string mail_of(const std::string& bytes, const std::string& body)
{
    return "MAIL FROM:<relay@hopital.test> SIZE=" + std::to_string(bytes.size()) + " BODY=" + body +
           " RET=HDRS ENVID=abc\r\n";
}
const std::string accepted = "250 2.0.0 queued\r\n";
const turn sent_chunk{"BDAT " + std::to_string(in_binary.size()) + " LAST\r\n" + in_binary, accepted};
const turn reset{"RSET\r\n", "250 ok\r\n"};

std::vector<turn> with(const std::string& offered, std::vector<turn> rest)
{
    auto turns = up_to_tls();
    turns.push_back({"EHLO relay.test\r\n", offered});
    turns.insert(turns.end(), rest.begin(), rest.end());
    return turns;
}
turn envelope(const std::string& answer)
{
    return {mail_of(in_binary, "BINARYMIME") + rcpt_line, answer};
}
// The mail as it is kept, by DATA.
std::vector<turn> as_kept()
{
    return {{mail_of(kept, "7BIT") + rcpt_line + "DATA\r\n", "250 a\r\n250 b\r\n354 c\r\n"},
            {kept + ".\r\n", accepted}};
}
std::vector<turn> and_kept(std::vector<turn> first)
{
    for (turn& one : as_kept()) first.push_back(one);
    return first;
}

struct sent {
    attempt_outcome outcome;
    played how;
    bool refused;
};
sent send(const std::vector<turn>& turns, const std::string& bytes = kept, std::size_t step = 1000,
          client_policy policy = binary_policy())
{
    client_engine engine(std::move(policy));
    auto how = play(engine, engine.start(some_mail(bytes)), turns, step);
    return {engine.outcome(), std::move(how), engine.has_refused_binary()};
}
}

TEST_CASE("a sealed mail leaves decoded where CHUNKING and BINARYMIME are offered", "[smtp][engine][binary]")
{
    const auto step = GENERATE(std::size_t{1}, 1000U);
    auto done = send(with(offers_binary, {envelope("250 a\r\n250 b\r\n"), sent_chunk}), kept, step);
    CAPTURE(done.how.unexpected);
    CHECK(done.how.unexpected.empty());
    CHECK(done.how.how == ended::idle);
    CHECK(done.outcome.is_accepted());
    CHECK(done.outcome.octets_saved == kept.size() - in_binary.size());
    CHECK_FALSE(done.refused);
    const std::string one_by_one = "250-mx.test\r\n250-CHUNKING\r\n250 BINARYMIME\r\n";  // no SIZE, DSN, PIPELINING
    done = send(with(one_by_one, {{"MAIL FROM:<relay@hopital.test> BODY=BINARYMIME\r\n", "250 a\r\n"},
                                  {"RCPT TO:<medecin@mss.test>\r\n", "250 b\r\n"},
                                  sent_chunk}),
                kept, step);
    CHECK(done.how.unexpected.empty());
    CHECK(done.outcome.is_accepted());
}

TEST_CASE("it leaves as it is kept where that is not offered or not wanted", "[smtp][engine][binary]")
{
    const auto offered = GENERATE(values<std::string>(
        {offers(""), offers("250-CHUNKING\r\n"), offers("250-BINARYMIME\r\n"), offers("250-BINARYMIMEX\r\n")}));
    auto done = send(with(offered, as_kept()));
    CAPTURE(offered, done.how.unexpected);
    CHECK(done.how.unexpected.empty());
    CHECK(done.outcome.is_accepted());
    CHECK(done.outcome.octets_saved == 0);
    done = send(with(offers_binary, as_kept()), kept, 1000, {.helo_name = "relay.test"});
    CHECK(done.how.unexpected.empty());
    auto chunks = binary_policy();
    chunks.transfer = body_transfer::chunks_if_offered;
    done = send(with(offers_binary, {{mail_of(kept, "7BIT") + rcpt_line, "250 a\r\n250 b\r\n"},
                                     {"BDAT " + std::to_string(kept.size()) + " LAST\r\n" + kept, accepted}}),
                kept, 1000, chunks);
    CHECK(done.how.unexpected.empty());
    // Another mail: no base64 of ours.
    auto turns = happy();
    turns[4].answer = offers_binary;
    CHECK(send(turns, mail_bytes).how.unexpected.empty());
}

TEST_CASE("refused for its form it is said again as it is kept, once, on the same connection", "[smtp][engine][binary]")
{
    struct row {
        std::vector<turn> until_refused;
    };
    const auto tc = GENERATE(values<row>({
        {{envelope("554 5.6.3 no\r\n503 5.5.1 b\r\n")}},
        {{envelope("501 5.5.4 no\r\n503 5.5.1 b\r\n")}},
        {{envelope("555 no\r\n503 b\r\n")}},
        {{envelope("504 5.5.4 no\r\n503 b\r\n")}},
        {{envelope("250 a\r\n554 5.6.1 b\r\n"), reset}},
        {{envelope("250 a\r\n250 b\r\n"), {sent_chunk.expected, "554 5.6.3 no\r\n"}, reset}},
    }));
    const auto step = GENERATE(std::size_t{1}, 1000U);
    const auto done = send(with(offers_binary, and_kept(tc.until_refused)), kept, step);
    CAPTURE(tc.until_refused[0].answer, done.how.unexpected);
    CHECK(done.how.unexpected.empty());
    CHECK(done.how.how == ended::idle);
    CHECK(done.outcome.is_accepted());
    CHECK(done.outcome.octets_saved == 0);
    CHECK(done.refused);
}

TEST_CASE("a connection that refused the form gets the next mail as it is kept", "[smtp][engine][binary]")
{
    client_engine engine(binary_policy());
    const auto first = with(offers_binary, and_kept({envelope("555 no\r\n503 b\r\n")}));
    REQUIRE(play(engine, engine.start(some_mail(kept)), first, 1000).how == ended::idle);
    const auto next = play(engine, engine.next_transaction(some_mail(kept)), as_kept(), 1000);
    CHECK(next.unexpected.empty());
    CHECK(engine.outcome().is_accepted());
}

TEST_CASE("other refusals are of the mail, and the second one is final", "[smtp][engine][binary]")
{
    struct row {
        std::string answer;
        delivery_errc code;
    };
    const auto tc = GENERATE(values<row>({
        {"550 5.7.1 no\r\n503 b\r\n", delivery_errc::content_refused},
        {"451 4.6.3 later\r\n503 b\r\n", delivery_errc::temporary_refusal},
        {"250 a\r\n550 5.1.1 b\r\n", delivery_errc::mailbox_unknown},
    }));
    auto turns = with(offers_binary, {envelope(tc.answer)});
    if (tc.answer.starts_with("250")) turns.push_back(reset);
    auto done = send(turns);
    CAPTURE(tc.answer, done.how.unexpected);
    CHECK(done.how.unexpected.empty());
    CHECK(done.how.how == ended::idle);
    CHECK(done.outcome.ec == make_error_code(tc.code));
    CHECK_FALSE(done.refused);
    turns = with(offers_binary, and_kept({envelope("554 5.6.3 no\r\n503 b\r\n")}));
    turns.back().answer = "554 5.6.0 no\r\n";
    done = send(turns);
    CHECK(done.how.unexpected.empty());
    CHECK(done.how.how == ended::idle);
    CHECK(done.outcome.ec == make_error_code(delivery_errc::content_refused));
}

TEST_CASE("lost between the refusal of a form and the second time, nothing is refused and nothing uncertain",
          "[smtp][engine][binary]")
{
    const auto whole = with(
        offers_binary, and_kept({envelope("250 a\r\n250 b\r\n"), {sent_chunk.expected, "554 5.6.3 no\r\n"}, reset}));
    for (std::size_t last = 5; last < whole.size(); ++last) {
        for (std::size_t cut = 0; cut < whole[last].answer.size(); ++cut) {
            auto turns = std::vector<turn>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(last) + 1);
            turns.back().answer.resize(cut);
            const auto done = send(turns);
            CAPTURE(last, cut);
            CHECK(done.how.how == ended::finished);
            CHECK_FALSE(done.outcome.is_accepted());
            CHECK(done.outcome.ec == next_step::retry);
            CHECK(done.outcome.is_uncertain() == (last == 6 || last + 1 == whole.size()));
        }
    }
    // RSET is refused, or the peer closes in its place.
    for (const char* answer : {"500 what\r\n", "421 4.3.2 bye\r\n"}) {
        auto turns = std::vector<turn>(whole.begin(), whole.begin() + 8);
        turns.back().answer = answer;
        const auto done = send(turns);
        CHECK(done.how.how == ended::finished);
        CHECK_FALSE(done.outcome.is_accepted());
        CHECK(done.outcome.ec == next_step::retry);
        CHECK(done.refused);
    }
}

TEST_CASE("SIZE and its limit are of what leaves", "[smtp][engine][binary]")
{
    const auto limited = [](std::size_t most) {
        std::string all = offers_binary;
        return all.replace(all.find("1000"), 4, std::to_string(most));
    };
    REQUIRE(in_binary.size() < kept.size());
    const auto fits = send(with(limited(in_binary.size()), {envelope("250 a\r\n250 b\r\n"), sent_chunk}));
    CHECK(fits.how.unexpected.empty());
    CHECK(fits.outcome.is_accepted());
    const auto too_big = send(with(limited(in_binary.size() - 1), {}));
    CHECK(too_big.outcome.ec == make_error_code(delivery_errc::too_big));
    // As it is kept it is too big: that is told, and the connection is still good.
    const auto falls_back = send(with(limited(in_binary.size()), {envelope("554 5.6.3 no\r\n503 b\r\n")}));
    CHECK(falls_back.how.unexpected.empty());
    CHECK(falls_back.how.how == ended::idle);
    CHECK(falls_back.outcome.ec == make_error_code(delivery_errc::too_big));
}
