#include <catch2/catch.hpp>

#include "memory_mailbox.hpp"
#include "mime/text/base64.hpp"
#include "relay/imap/engine/server_engine.hpp"

using namespace relay::imap;
namespace ports = relay::pipeline::ports;
using tests::memory_accounts;
using tests::memory_store;
using tests::sample_message;

namespace {
// Plays the driver: feeds bytes when the engine asks for some, follows every other action, and keeps what was sent.
class scripted_peer {
public:
    explicit scripted_peer(memory_store& store, tls_policy tls = tls_policy::already_on,
                           const server_limits& limits = {})
        : accounts_(store), engine_(accounts_, tls, limits)
    {
        follow(engine_.start());
    }

    // Everything sent since the last call.
    std::string talk(std::string_view bytes)
    {
        if (!over()) follow(engine_.on_received(bytes));
        return std::exchange(sent_, {});
    }

    std::string log_in_and_select(std::string_view how = "SELECT")
    {
        talk("l LOGIN docteur \"mot de passe\"\r\n");
        return talk("s " + std::string(how) + " INBOX\r\n");
    }

    void follow(action next)
    {
        for (;;) {
            if (const auto* out = std::get_if<send>(&next)) {
                REQUIRE_FALSE(out->bytes.empty());
                sent_ += out->bytes;
                largest_ = std::max(largest_, out->bytes.size());
                next = engine_.on_sent();
            } else if (std::holds_alternative<start_tls>(next)) {
                ++tls_starts;
                next = engine_.on_tls_ready();
            } else if (const auto* pause = std::get_if<wait>(&next)) {
                waited += pause->time;
                ++pauses;
                next = engine_.on_waited();
            } else if (const auto* done = std::get_if<finished>(&next)) {
                end = *done;
                return;
            } else {
                within = std::get<receive>(next).within;
                return;
            }
        }
    }

    [[nodiscard]] bool over() const { return end.has_value(); }
    std::string take_sent() { return std::exchange(sent_, {}); }
    server_engine& engine() { return engine_; }
    [[nodiscard]] std::size_t largest_send() const { return largest_; }

    int tls_starts = 0;
    int pauses = 0;
    std::chrono::milliseconds waited{0};
    std::chrono::seconds within{0};
    std::optional<finished> end;

private:
    memory_accounts accounts_;
    server_engine engine_;
    std::string sent_;
    std::size_t largest_ = 0;
};

ports::flag_set flags_of(std::initializer_list<ports::message_flag> all)
{
    ports::flag_set out;
    for (const auto flag : all) out.add(flag);
    return out;
}
}

TEST_CASE("a session reads the same however it is cut", "[imap][engine]")
{
    const std::string script =
        "a LOGIN {7}\r\ndocteur {12}\r\nmot de passe\r\nb LIST \"\" *\r\nc SELECT inbox\r\nd FETCH 1:* (FLAGS UID)\r\n"
        "e UID STORE 2 +FLAGS (\\Deleted)\r\nf FETCH 1 BODY[HEADER.FIELDS (Subject)]\r\ng SEARCH SEEN\r\nh EXPUNGE\r\n"
        "i STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT)\r\nj CLOSE\r\nk LOGOUT\r\n";
    const std::string expected =
        "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] Liaison IMAP4rev1 ready\r\n"
        "+ Ready for the literal\r\n+ Ready for the literal\r\na OK [CAPABILITY IMAP4rev1] Logged in\r\n"
        "* LIST (\\NoInferiors) \"/\" INBOX\r\nb OK LIST completed\r\n"
        "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n* 2 EXISTS\r\n* 0 RECENT\r\n"
        "* OK [UNSEEN 1] First unseen message\r\n* OK [UIDVALIDITY 77] UIDs valid\r\n* OK [UIDNEXT 3] Predicted next "
        "UID\r\n"
        "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)] Flags kept\r\n"
        "c OK [READ-WRITE] SELECT completed\r\n"
        "* 1 FETCH (FLAGS () UID 1)\r\n* 2 FETCH (FLAGS () UID 2)\r\nd OK FETCH completed\r\n"
        "* 2 FETCH (UID 2 FLAGS (\\Deleted))\r\ne OK STORE completed\r\n"
        "* 1 FETCH (BODY[HEADER.FIELDS (Subject)] {30}\r\nSubject: Lettre de liaison\r\n\r\n)\r\n"
        "* 1 FETCH (FLAGS (\\Seen))\r\nf OK FETCH completed\r\n"
        "* SEARCH 1\r\ng OK SEARCH completed\r\n"
        "* 2 EXPUNGE\r\nh OK EXPUNGE completed\r\n"
        "* STATUS INBOX (MESSAGES 1 UIDNEXT 3 UIDVALIDITY 77 UNSEEN 0 RECENT 0)\r\ni OK STATUS completed\r\n"
        "j OK CLOSE completed\r\n* BYE Logging out\r\nk OK LOGOUT completed\r\n";
    for (std::size_t cut = 0; cut <= script.size(); ++cut) {
        CAPTURE(cut);
        memory_store store;
        store.deliver(sample_message());
        store.deliver(sample_message());
        scripted_peer peer(store);
        std::string said = peer.talk(std::string_view(script).substr(0, cut));
        said += peer.talk(std::string_view(script).substr(cut));
        REQUIRE(said == expected);
        REQUIRE(peer.over());
        CHECK(peer.end->reason == end_reason::logout);
    }
    memory_store store;
    store.deliver(sample_message());
    store.deliver(sample_message());
    scripted_peer peer(store);
    std::string said;
    for (const char c : script) said += peer.talk({&c, 1});
    CHECK(said == expected);
}

TEST_CASE("before TLS only four commands work, and LOGIN is not advertised", "[imap][engine]")
{
    memory_store store;
    scripted_peer peer(store, tls_policy::starttls_required);
    CHECK(peer.take_sent() == "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Liaison IMAP4rev1 ready\r\n");
    for (const std::string command :
         {"LOGIN docteur \"mot de passe\"", "AUTHENTICATE PLAIN", "SELECT INBOX", "LOGIN {7}", "APPEND x {3}"}) {
        CAPTURE(command);
        CHECK(peer.talk("a " + command + "\r\n") == "a NO [PRIVACYREQUIRED] Use STARTTLS first\r\n");
    }
    CHECK(peer.talk("a NOOP\r\n") == "a OK NOOP completed\r\n");
    CHECK(peer.talk("a STARTTLS\r\n") == "a OK Begin TLS negotiation now\r\n");
    CHECK(peer.tls_starts == 1);
    CHECK(peer.talk("b STARTTLS\r\n") == "b BAD TLS is already on\r\n");
    CHECK(peer.talk("c CAPABILITY\r\n") ==
          "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\nc OK CAPABILITY completed\r\n");
    CHECK(peer.talk("d LOGIN docteur \"mot de passe\"\r\n") == "d OK [CAPABILITY IMAP4rev1] Logged in\r\n");
}

TEST_CASE("bytes behind STARTTLS end the connection before TLS", "[imap][engine]")
{
    memory_store store;
    scripted_peer peer(store, tls_policy::starttls_required);
    peer.talk("a STARTTLS\r\nb");
    REQUIRE(peer.over());
    CHECK(peer.end->reason == end_reason::plaintext_behind_starttls);
    CHECK(peer.tls_starts == 0);
}

TEST_CASE("AUTHENTICATE PLAIN, with and without initial response", "[imap][engine]")
{
    using namespace std::string_literals;
    const auto plain = [](const std::string& text) { return mime::base64_encode(text); };
    const std::string good = plain("\0docteur\0mot de passe"s);
    memory_store store;
    {
        scripted_peer peer(store);
        peer.take_sent();
        CHECK(peer.talk("a AUTHENTICATE plain\r\n") == "+ \r\n");
        CHECK(peer.talk(good + "\r\n") == "a OK [CAPABILITY IMAP4rev1] Logged in\r\n");
        CHECK(peer.talk("b AUTHENTICATE PLAIN\r\n") == "b BAD Already logged in\r\n");
    }
    struct row {
        std::string response;
        std::string_view answer;
    };
    const auto tc = GENERATE_COPY(values<row>({{good, "a OK"},
                                               {plain("docteur\0docteur\0mot de passe"s), "a OK"},
                                               {plain("autre\0docteur\0mot de passe"s), "a NO [AUTHORIZATIONFAILED]"},
                                               {plain("\0docteur\0faux"s), "a NO [AUTHENTICATIONFAILED]"},
                                               {plain("\0docteur"s), "a BAD"},
                                               {plain("\0a\0b\0c"s), "a BAD"},
                                               {"=", "a BAD"},
                                               {"!!", "a BAD"}}));
    CAPTURE(tc.answer);
    scripted_peer peer(store);
    peer.take_sent();
    CHECK(peer.talk("a AUTHENTICATE PLAIN " + tc.response + "\r\n").starts_with(tc.answer));
    scripted_peer cancelling(store);
    cancelling.talk("a AUTHENTICATE PLAIN\r\n");
    CHECK(cancelling.talk("*\r\n") == "a BAD AUTHENTICATE cancelled\r\n");
    CHECK(cancelling.talk("a AUTHENTICATE CRAM-MD5\r\n") == "a NO [CANNOT] Mechanism not supported\r\n");
}

TEST_CASE("failed logins wait longer each time, then end the connection", "[imap][engine]")
{
    memory_store store;
    scripted_peer peer(store);
    peer.take_sent();
    const std::string_view refused = "a NO [AUTHENTICATIONFAILED] User or password refused\r\n";
    CHECK(peer.talk("a LOGIN docteur x\r\n") == refused);
    CHECK(peer.waited == std::chrono::seconds(2));
    CHECK(peer.talk("a LOGIN inconnu x\r\n") == refused);
    CHECK(peer.waited == std::chrono::seconds(6));
    CHECK_FALSE(peer.over());
    CHECK(peer.talk("a LOGIN docteur y\r\n") == std::string(refused) + "* BYE Too many failed logins\r\n");
    REQUIRE(peer.over());
    CHECK(peer.end->reason == end_reason::login_failures);
}

TEST_CASE("the last permitted login may succeed; a broken store is not a refusal", "[imap][engine]")
{
    memory_store store;
    scripted_peer peer(store);
    store.login_error = make_error_code(boost::system::errc::io_error);
    CHECK(peer.talk("a LOGIN docteur \"mot de passe\"\r\n").find("a NO [UNAVAILABLE]") != std::string::npos);
    store.login_error.reset();
    CHECK(peer.waited == std::chrono::seconds(0));
    peer.talk("a LOGIN docteur x\r\na LOGIN docteur x\r\n");
    CHECK(peer.talk("a LOGIN docteur \"mot de passe\"\r\n") == "a OK [CAPABILITY IMAP4rev1] Logged in\r\n");
    CHECK(peer.within == std::chrono::minutes(30));
}

TEST_CASE("commands in the wrong state", "[imap][engine]")
{
    memory_store store;
    scripted_peer peer(store);
    peer.take_sent();
    CHECK(peer.within == std::chrono::seconds(60));
    CHECK(peer.talk("a SELECT INBOX\r\n") == "a BAD Log in first\r\n");
    CHECK(peer.talk("a FETCH 1 FLAGS\r\n") == "a BAD Log in first\r\n");
    CHECK(peer.talk("a CREATE x\r\n") == "a BAD Log in first\r\n");
    peer.talk("a LOGIN docteur \"mot de passe\"\r\n");
    CHECK(peer.talk("a FETCH 1 FLAGS\r\n") == "a BAD Select a mailbox first\r\n");
    CHECK(peer.talk("a EXPUNGE\r\n") == "a BAD Select a mailbox first\r\n");
    CHECK(peer.talk("a SELECT Sent\r\n") == "a NO [NONEXISTENT] No such mailbox\r\n");
    CHECK(peer.talk("a STATUS Sent (MESSAGES)\r\n") == "a NO [NONEXISTENT] No such mailbox\r\n");
    peer.talk("a SELECT INBOX\r\n");
    CHECK(peer.talk("a SELECT Sent\r\n") == "a NO [NONEXISTENT] No such mailbox\r\n");
    CHECK(peer.talk("a CHECK\r\n") == "a BAD Select a mailbox first\r\n");
}

TEST_CASE("commands that are not carried out say so, APPEND before its message is sent", "[imap][engine]")
{
    memory_store store;
    scripted_peer peer(store);
    peer.log_in_and_select();
    const std::string_view cannot = "a NO [CANNOT] Not supported by this server\r\n";
    for (const std::string command :
         {"CREATE x", "DELETE x", "RENAME x y", "SUBSCRIBE x", "UNSUBSCRIBE x", "COPY 1 x", "UID COPY 1 x",
          "APPEND INBOX {310}", "append INBOX (\\Seen) {99999999999}", "APPEND INBOX {70000}"}) {
        CAPTURE(command);
        CHECK(peer.talk("a " + command + "\r\n") == cannot);
    }
    CHECK(peer.talk("b CREATE {3}\r\n") == "+ Ready for the literal\r\n");
    CHECK(peer.talk("abc\r\n") == "b NO [CANNOT] Not supported by this server\r\n");
    CHECK(peer.talk("b XYZZY\r\n") == "b BAD Unknown command\r\n");
    CHECK(peer.talk("b NOOP\r\n") == "b OK NOOP completed\r\n");
}

TEST_CASE("literal abuse and long lines", "[imap][engine]")
{
    memory_store store;
    server_limits limits;
    SECTION("before login literals are small")
    {
        scripted_peer peer(store);
        peer.take_sent();
        CHECK(peer.talk("a LOGIN {4096}\r\n") == "+ Ready for the literal\r\n");
        scripted_peer other(store);
        other.take_sent();
        CHECK(other.talk("a LOGIN {4097}\r\n") == "a BAD Literal too long\r\n");
        CHECK(other.talk("a NOOP {3}\r\n") == "a BAD Log in first\r\n");
        CHECK_FALSE(other.over());
    }
    SECTION("after login they may be larger")
    {
        scripted_peer peer(store);
        peer.log_in_and_select();
        CHECK(peer.talk("a SEARCH TEXT {65536}\r\n") == "+ Ready for the literal\r\n");
        CHECK(peer.talk(std::string(65536, 'x') + "\r\n") == "* SEARCH\r\na OK SEARCH completed\r\n");
        CHECK(peer.talk("a SEARCH TEXT {65537}\r\n") == "a BAD Literal too long\r\n");
    }
    SECTION("a literal nobody asked for ends the connection: its octets are no commands")
    {
        scripted_peer peer(store);
        peer.take_sent();
        CHECK(peer.talk("a LOGIN {7+}\r\nb NOOP\r\n") == "* BYE Non-synchronizing literals are not supported\r\n");
        CHECK(peer.end->reason == end_reason::oversized);
    }
    SECTION("a line at the limit and one past it")
    {
        scripted_peer peer(store);
        peer.take_sent();
        const std::string line = "a NOOP" + std::string(8192 - 6, ' ');
        CHECK(peer.talk(line + "\r\n") == "a BAD Unexpected text after the command\r\n");
        CHECK(peer.talk(line + " ") == "* BYE Command too long\r\n");
        CHECK(peer.end->reason == end_reason::oversized);
    }
    SECTION("too many invalid commands, one after the other")
    {
        limits.max_bad_commands = 3;
        scripted_peer peer(store, tls_policy::already_on, limits);
        peer.talk("x\r\nx\r\na NOOP\r\nx\r\nx\r\n");
        CHECK_FALSE(peer.over());
        CHECK(peer.talk("x\r\n") == "* BAD Invalid tag\r\n* BYE Too many invalid commands\r\n");
        CHECK(peer.end->reason == end_reason::bad_commands);
    }
}

TEST_CASE("FETCH of everything a client asks for", "[imap][engine]")
{
    memory_store store;
    const std::string message = sample_message();
    store.deliver(message);
    scripted_peer peer(store);
    peer.log_in_and_select();
    const std::string size = std::to_string(message.size());
    CHECK(peer.talk("a FETCH 1 (UID RFC822.SIZE INTERNALDATE)\r\n") ==
          "* 1 FETCH (UID 1 RFC822.SIZE " + size +
              " INTERNALDATE \"01-Jan-2026 00:00:00 +0000\")\r\na OK FETCH completed\r\n");
    const std::string full = peer.talk("a FETCH 1 FULL\r\n");
    CHECK(full.find("ENVELOPE (\"Sat, 31 Jan 2026 23:30:00 -0200\" \"Lettre de liaison\"") != std::string::npos);
    CHECK(full.find(" BODY ((\"") != std::string::npos);
    CHECK(peer.talk("a FETCH 1 BODYSTRUCTURE\r\n").find("\"limite\")") != std::string::npos);
    CHECK(store.loads == 0);
    CHECK(peer.talk("a FETCH 1 BODY.PEEK[HEADER.FIELDS (To)]\r\n") ==
          "* 1 FETCH (BODY[HEADER.FIELDS (To)] {28}\r\nTo: docteur@cabinet.test\r\n\r\n)\r\na OK FETCH completed\r\n");
    CHECK(store.loads == 0);
    CHECK(peer.talk("a FETCH 1 BODY.PEEK[1]\r\n") == "* 1 FETCH (BODY[1] {7}\r\nBonjour)\r\na OK FETCH completed\r\n");
    CHECK(peer.talk("a FETCH 1 BODY.PEEK[1]<3.2>\r\n") ==
          "* 1 FETCH (BODY[1]<3> {2}\r\njo)\r\na OK FETCH completed\r\n");
    CHECK(peer.talk("a FETCH 1 BODY.PEEK[1]<9.2>\r\n") == "* 1 FETCH (BODY[1]<9> {0}\r\n)\r\na OK FETCH completed\r\n");
    CHECK(peer.talk("a FETCH 1 BODY.PEEK[9]\r\n") == "* 1 FETCH (BODY[9] NIL)\r\na OK FETCH completed\r\n");
    CHECK(store.commits == 0);
    CHECK(peer.talk("a FETCH 1 RFC822\r\n") == "* 1 FETCH (RFC822 {" + size + "}\r\n" + message +
                                                   ")\r\n* 1 FETCH (FLAGS (\\Seen))\r\na OK FETCH completed\r\n");
    CHECK(store.commits == 1);
    CHECK(peer.talk("a UID FETCH 1 BODY[TEXT]<0.3>\r\n") ==
          "* 1 FETCH (UID 1 BODY[TEXT]<0> {3}\r\n--l)\r\na OK FETCH completed\r\n");
    CHECK(store.commits == 1);
    CHECK(peer.talk("a FETCH 2 FLAGS\r\n") == "a BAD No such message number\r\n");
    CHECK(peer.talk("a UID FETCH 2 FLAGS\r\n") == "a OK FETCH completed\r\n");
}

TEST_CASE("a header that was not kept is cut from the message", "[imap][engine]")
{
    memory_store store;
    store.keeps_header = false;
    store.deliver(sample_message());
    scripted_peer peer(store);
    peer.log_in_and_select();
    CHECK(peer.talk("a FETCH 1 BODY.PEEK[HEADER.FIELDS (To)]\r\n") ==
          "* 1 FETCH (BODY[HEADER.FIELDS (To)] {28}\r\nTo: docteur@cabinet.test\r\n\r\n)\r\na OK FETCH completed\r\n");
    CHECK(peer.talk("a SEARCH SUBJECT liaison\r\n") == "* SEARCH 1\r\na OK SEARCH completed\r\n");
    CHECK(store.loads == 2);
}

TEST_CASE("large messages go out in chunks, one in memory, marked as seen only after they were sent", "[imap][engine]")
{
    memory_store store;
    std::vector<std::string> messages;
    for (int i = 0; i < 3; ++i) messages.push_back(sample_message("Lettre", 200'000));
    for (const auto& each : messages) store.deliver(each);
    memory_accounts accounts(store);
    server_engine engine(accounts, tls_policy::already_on);
    std::string sent;
    std::size_t largest = 0;
    const auto drain = [&](action next) {
        while (const auto* out = std::get_if<send>(&next)) {
            sent += out->bytes;
            largest = std::max(largest, out->bytes.size());
            const std::size_t begun = sent.find("a OK FETCH") != std::string::npos ? 3 : store.loads;
            CHECK(begun * 200'000 <= sent.size() + 200'000);  // never ahead by more than one message
            if (sent.find("FLAGS (\\Seen)") == std::string::npos && sent.find(")\r\na OK") == std::string::npos)
                CHECK(store.commits == 0);
            next = engine.on_sent();
        }
        CHECK(std::holds_alternative<receive>(next));
    };
    drain(engine.start());
    drain(engine.on_received("l LOGIN docteur \"mot de passe\"\r\ns SELECT INBOX\r\n"));
    sent.clear();
    drain(engine.on_received("a UID FETCH 1:* (UID BODY[])\r\n"));
    std::string expected;
    for (std::size_t i = 0; i < 3; ++i) {
        const std::string number = std::to_string(i + 1);
        expected += "* " + number + " FETCH (UID " + number + " BODY[] {" + std::to_string(messages[i].size()) +
                    "}\r\n" + messages[i] + ")\r\n";
    }
    for (const auto* number : {"1", "2", "3"})
        expected += "* " + std::string(number) + " FETCH (UID " + number + " FLAGS (\\Seen))\r\n";
    CHECK(sent == expected + "a OK FETCH completed\r\n");
    CHECK(largest <= output::max_chunk_octets);
    CHECK(store.commits == 1);
}

TEST_CASE("a connection lost while sending leaves the message unread", "[imap][engine]")
{
    memory_store store;
    store.deliver(sample_message("Lettre", 200'000));
    memory_accounts accounts(store);
    server_engine engine(accounts, tls_policy::already_on);
    action next = engine.start();
    const auto to_end = [&] {
        while (std::holds_alternative<send>(next)) next = engine.on_sent();
    };
    to_end();
    next = engine.on_received("l LOGIN docteur \"mot de passe\"\r\ns SELECT INBOX\r\n");
    to_end();
    next = engine.on_received("a FETCH 1 BODY[]\r\n");
    REQUIRE(std::holds_alternative<send>(next));
    next = engine.on_sent();
    next = engine.on_lost(make_error_code(boost::system::errc::connection_reset));
    REQUIRE(std::holds_alternative<finished>(next));
    CHECK(std::get<finished>(next).reason == end_reason::lost);
    CHECK(store.commits == 0);
}

TEST_CASE("EXAMINE changes nothing", "[imap][engine]")
{
    memory_store store;
    store.deliver(sample_message());
    scripted_peer peer(store);
    CHECK(peer.log_in_and_select("EXAMINE").find("[PERMANENTFLAGS ()]") != std::string::npos);
    CHECK(peer.talk("a FETCH 1 BODY[1]\r\n") == "* 1 FETCH (BODY[1] {7}\r\nBonjour)\r\na OK FETCH completed\r\n");
    CHECK(peer.talk("a STORE 1 +FLAGS (\\Deleted)\r\n") == "a NO [CANNOT] Mailbox is read-only\r\n");
    CHECK(peer.talk("a EXPUNGE\r\n") == "a NO [CANNOT] Mailbox is read-only\r\n");
    CHECK(peer.talk("a CLOSE\r\n") == "a OK CLOSE completed\r\n");
    CHECK(store.commits == 0);
    CHECK(store.messages.size() == 1);
}

TEST_CASE("what other connections do is told when it may be told", "[imap][engine]")
{
    memory_store store;
    for (int i = 0; i < 3; ++i) store.deliver(sample_message());
    scripted_peer peer(store);
    peer.log_in_and_select();
    store.remove(1);
    store.set_flags(3, flags_of({ports::message_flag::flagged}));
    store.deliver(sample_message());
    CHECK(peer.talk("a FETCH 2 FLAGS\r\n") ==
          "* 2 FETCH (FLAGS ())\r\n* 4 EXISTS\r\n* 3 FETCH (FLAGS (\\Flagged))\r\na OK FETCH completed\r\n");
    CHECK(peer.talk("a FETCH 1 BODY.PEEK[]\r\n") == "a NO [EXPUNGEISSUED] Some of the messages no longer exist\r\n");
    CHECK(peer.talk("a STORE 1:2 +FLAGS.SILENT (\\Seen)\r\n") ==
          "a NO [EXPUNGEISSUED] Some of the messages no longer exist\r\n");
    CHECK(peer.talk("a SEARCH FLAGGED\r\n") == "* SEARCH 3\r\na OK SEARCH completed\r\n");
    CHECK(peer.talk("a NOOP\r\n") == "* 1 EXPUNGE\r\na OK NOOP completed\r\n");
    CHECK(peer.talk("a SEARCH FLAGGED\r\n") == "* SEARCH 2\r\na OK SEARCH completed\r\n");
    store.remove(2);
    CHECK(peer.talk("a UID SEARCH FLAGGED\r\n") == "* SEARCH 3\r\n* 1 EXPUNGE\r\na OK SEARCH completed\r\n");
}

TEST_CASE("STORE, EXPUNGE and CLOSE", "[imap][engine]")
{
    memory_store store;
    for (int i = 0; i < 4; ++i) store.deliver(sample_message());
    scripted_peer peer(store);
    peer.log_in_and_select();
    CHECK(peer.talk("a STORE 1:2 FLAGS (\\Seen $Keyword)\r\n") ==
          "* 1 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (FLAGS (\\Seen))\r\na OK STORE completed\r\n");
    CHECK(peer.talk("a STORE 1 -FLAGS (\\Seen)\r\n") == "* 1 FETCH (FLAGS ())\r\na OK STORE completed\r\n");
    CHECK(peer.talk("a STORE 1,3:4 +FLAGS.SILENT (\\Deleted)\r\n") == "a OK STORE completed\r\n");
    CHECK(peer.talk("a EXPUNGE\r\n") == "* 1 EXPUNGE\r\n* 2 EXPUNGE\r\n* 2 EXPUNGE\r\na OK EXPUNGE completed\r\n");
    CHECK(peer.talk("a STORE 1 +FLAGS.SILENT (\\Deleted)\r\n") == "a OK STORE completed\r\n");
    CHECK(peer.talk("a CLOSE\r\n") == "a OK CLOSE completed\r\n");
    CHECK(store.messages.empty());
    CHECK(peer.talk("a LIST \"\" \"\"\r\n") == "* LIST (\\Noselect) \"/\" \"\"\r\na OK LIST completed\r\n");
    CHECK(peer.talk("a LSUB \"\" \"%\"\r\n") == "* LSUB (\\NoInferiors) \"/\" INBOX\r\na OK LSUB completed\r\n");
    CHECK(peer.talk("a LIST \"\" inbox\r\n") == "* LIST (\\NoInferiors) \"/\" INBOX\r\na OK LIST completed\r\n");
    CHECK(peer.talk("a LIST \"\" x*\r\n") == "a OK LIST completed\r\n");
}

TEST_CASE("messages that cannot be read are skipped and reported", "[imap][engine]")
{
    memory_store store;
    for (int i = 0; i < 3; ++i) store.deliver(sample_message());
    store.load_errors[2] = make_error_code(ports::mailbox_errc::message_damaged);
    scripted_peer peer(store);
    peer.log_in_and_select();
    const std::string said = peer.talk("a FETCH 1:3 (UID BODY.PEEK[1])\r\n");
    CHECK(said ==
          "* 1 FETCH (UID 1 BODY[1] {7}\r\nBonjour)\r\n* 3 FETCH (UID 3 BODY[1] {7}\r\nBonjour)\r\n"
          "a NO [UNAVAILABLE] Some messages could not be read, try again later\r\n");
    CHECK(peer.talk("a SEARCH BODY bonjour\r\n") ==
          "* SEARCH 1 3\r\na NO [UNAVAILABLE] Some messages could not be read, try again later\r\n");
}

TEST_CASE("a long SEARCH lets others have the worker", "[imap][engine]")
{
    memory_store store;
    for (int i = 0; i < 40; ++i) store.deliver(sample_message());
    server_limits limits;
    limits.jobs.loads_per_step = 16;
    scripted_peer peer(store, tls_policy::already_on, limits);
    peer.log_in_and_select();
    const std::string said = peer.talk("a SEARCH TEXT bonjour 39:40\r\nb SEARCH TEXT bonjour\r\n");
    CHECK(said.starts_with("* SEARCH 39 40\r\n"));
    CHECK(peer.pauses == 1);  // and once more while the first answer was sent
    CHECK(store.loads == 42);
    CHECK(peer.talk("c SEARCH CHARSET KOI8-R ALL\r\n") ==
          "c NO [BADCHARSET (US-ASCII UTF-8)] Charset not supported\r\n");
}

TEST_CASE("silence and shutdown end with BYE", "[imap][engine]")
{
    memory_store store;
    scripted_peer idle(store);
    idle.take_sent();
    idle.follow(idle.engine().on_timeout());
    CHECK(idle.take_sent() == "* BYE Autologout, idle for too long\r\n");
    CHECK(idle.end->reason == end_reason::autologout);
    scripted_peer stopped(store);
    stopped.take_sent();
    stopped.follow(stopped.engine().on_shutdown());
    CHECK(stopped.take_sent() == "* BYE Server is shutting down\r\n");
    CHECK(stopped.end->reason == end_reason::shutdown);
}
