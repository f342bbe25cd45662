// relay/smtp/engine/client_engine.hpp: client side of SMTP without I/O (RFC 5321; STARTTLS RFC 3207; SIZE RFC 1870;
// implicit TLS RFC 8314; AUTH RFC 4954; 8BITMIME RFC 6152; PIPELINING RFC 2920; CHUNKING, BINARYMIME RFC 3030; DSN RFC
// 3461; enhanced codes RFC 2034). One engine per connection, several mails one after the other, one recipient each
// (design.md §3.6). Nothing is said about a mail, and no credential, before TLS.
// The driver does what the returned action says and calls the on_x() that belongs to it, until `idle` (the mail is
// done, outcome() tells; next: next_transaction() or quit()) or `finished` (close the connection; outcome() tells).
// Used on one strand. Borrows the mail's bytes until idle or finished.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "mime/message/binary_form.hpp"
#include "relay/pipeline/evidence.hpp"
#include "relay/smtp/wire/command.hpp"
#include "relay/smtp/wire/mail_data.hpp"
#include "relay/smtp/wire/reply.hpp"
#include "relay/smtp/wire/sasl.hpp"

namespace relay::smtp {
using pipeline::delivery_errc;
using pipeline::next_step;
using pipeline::stage;

// One mail to one recipient. `size_octets` and parameters are said only if the peer offers them.
struct outgoing_mail {
    std::string reverse_path;  // empty is <>
    std::string recipient;
    notify_set notify{};
    std::string orcpt{};  // "rfc822;local@domain"
    return_content ret = return_content::not_said;
    std::string envid{};
    body_type body = body_type::seven_bit;
    std::shared_ptr<const std::string> bytes{};  // whole lines, CRLF; without dots added
};

// What became of one attempt. No error: accepted by a 2yz to the final dot.
struct attempt_outcome {
    error_code ec;  // delivery_errc: its cause and next step are in pipeline/evidence.hpp
    stage where = stage::connect;
    int code = 0;  // 0: no reply
    std::optional<enhanced_status> enhanced;
    peer_text text;
    bool peer_reports = false;  // accepted by a peer that offers DSN: reports are its duty from here on (RFC 3461 §5.2)
    std::size_t octets_saved = 0;  // accepted in its binary form: so much less than `bytes` has left
    [[nodiscard]] bool is_accepted() const noexcept { return !ec; }
    [[nodiscard]] bool is_uncertain() const noexcept { return ec == make_error_code(delivery_errc::reply_lost); }
};

enum class tls_policy {
    required,     // STARTTLS, verified, or no mail
    implicit,     // TLS from the first byte (RFC 8314 §3.3), verified
    clear_tests,  // no TLS: for tests on loopback only; settings never offer it
};

struct client_timeouts {  // RFC 5321 §4.5.3.2
    std::chrono::seconds greeting{300};
    std::chrono::seconds command{300};  // EHLO, MAIL, RCPT, RSET
    std::chrono::seconds data_start{120};
    std::chrono::seconds data_block{180};
    std::chrono::seconds data_end{600};
    std::chrono::seconds quit{5};  // nothing depends on it
};

// One response of SASL, base64; wiped as soon as it was sent.
struct sasl_login {
    sasl_mechanism mechanism = sasl_mechanism::plain;
    std::string response;
};

// How a mail's bytes go. DATA is the default, and what is done where the peer offers less; why stands in README.md.
enum class body_transfer {
    data,
    chunks_if_offered,  // BDAT (RFC 3030 §2)
    binary_if_offered,  // a sealed mail in its binary form (mime/message/binary_form.hpp), by BDAT (RFC 3030 §3)
};

struct client_policy {
    std::string helo_name;  // ours
    tls_policy tls = tls_policy::required;
    client_timeouts timeouts{};
    reply_limits replies{};
    std::optional<sasl_login> login{};
    body_transfer transfer = body_transfer::data;
};

enum class loss { closed, timed_out, cancelled, tls_refused, tls_failed, certificate_untrusted };

struct capabilities {
    bool starttls = false;
    bool pipelining = false;
    bool eight_bit_mime = false;
    bool dsn = false;
    bool chunking = false;
    bool binary_mime = false;
    bool plain = false;    // AUTH PLAIN
    bool xoauth2 = false;  // AUTH XOAUTH2
    bool size = false;
    std::uint64_t max_octets = 0;  // 0: no limit said
};

class client_engine {
public:
    struct send {
        std::string_view bytes;  // valid until the next call
        std::chrono::seconds within;
    };
    struct receive {
        std::chrono::seconds within;  // of the whole reply, however it comes
        std::size_t reply = 0;        // its number: the same one is still being waited for, another one begins
    };
    struct start_tls {
        std::chrono::seconds within;
    };
    struct idle {};
    struct finished {};
    using action = std::variant<send, receive, start_tls, idle, finished>;

    explicit client_engine(client_policy policy) : policy_(std::move(policy)), replies_(policy_.replies) {}
    ~client_engine();
    client_engine(const client_engine&) = delete;
    client_engine& operator=(const client_engine&) = delete;

    [[nodiscard]] action start(outgoing_mail mail);             // once, on a new connection
    [[nodiscard]] action next_transaction(outgoing_mail mail);  // after idle
    [[nodiscard]] action quit();                                // after idle
    [[nodiscard]] action on_received(std::string_view bytes);   // cut anywhere
    [[nodiscard]] action on_sent();
    [[nodiscard]] action on_tls_ready();
    [[nodiscard]] action on_lost(loss why);  // also for a failed send or handshake

    [[nodiscard]] const attempt_outcome& outcome() const noexcept { return outcome_; }
    // A mail failed on a connection used before, and the peer answered nothing to it: it had closed the connection
    // while idle. The mail may be tried at once on a new one.
    [[nodiscard]] bool was_stale() const noexcept { return stale_; }
    // The peer has answered MAIL: from there on another address of the same next hop is not tried with this mail.
    [[nodiscard]] bool has_answered_mail() const noexcept { return answered_; }
    // It offered BINARYMIME and took none: on this connection no mail leaves in that form any more.
    [[nodiscard]] bool has_refused_binary() const noexcept { return binary_refused_; }

private:
    // What the next reply answers.
    enum class awaited { greeting, ehlo, starttls, auth, mail, rcpt, data, final_dot, rset, quit };
    action begin_transaction();
    action send_text(std::string text, std::initializer_list<awaited> replies);
    action send_piece();
    action begin_chunk();
    action send_chunk();
    [[nodiscard]] bool is_sending_body() const noexcept;
    action receive_next();
    action on_reply(const reply& answer);
    action answer_to(awaited what, const reply& answer);
    action on_greeting(const reply& answer);
    action on_ehlo(const reply& answer);
    action on_auth(const reply& answer);
    action on_mail(const reply& answer);
    action on_rcpt(const reply& answer);
    action on_data(const reply& answer);
    action on_final(const reply& answer);
    action say_hello();
    action log_in();
    action send_secret(std::string text);
    void forget_login() noexcept;
    void forget_sent_secret() noexcept;
    action close_with(stage at, delivery_errc why);
    [[nodiscard]] std::string rcpt_line() const;
    [[nodiscard]] bool uses_chunks() const noexcept;
    [[nodiscard]] std::size_t octets_to_send() const noexcept;
    void choose_form();
    action end_of_replies();
    action end_of_mail();
    void read_capabilities(const reply& answer);
    [[nodiscard]] error_code check_mail() const;
    void refuse(stage at, const reply& answer);
    void fail(stage at, const reply& answer);
    action fail_and_finish(stage at, delivery_errc why);
    action finish();
    [[nodiscard]] stage current_stage() const noexcept;

    client_policy policy_;
    reply_reader replies_;
    outgoing_mail mail_;
    std::optional<dot_writer> writer_;  // DATA under way
    std::string_view piece_;            // handed out by writer_, or what is left of a chunk, and not sent yet
    bool chunk_ = false;                // BDAT under way
    std::optional<mime::message::binary_form> binary_;  // what the mail goes as, if not as its bytes are
    std::deque<awaited> awaited_;
    std::string out_;
    std::size_t replies_taken_ = 0;
    bool out_is_secret_ = false;
    capabilities offered_;
    attempt_outcome outcome_;
    bool secured_ = false;  // TLS is on
    bool greeted_ = false;
    bool login_said_ = false;   // our SASL response was sent
    bool login_ended_ = false;  // and a second challenge answered
    bool decided_ = false;      // outcome_ of the current mail is final
    bool mail_open_ = false;    // MAIL accepted and not ended: RSET before the next one
    bool dot_sent_ = false;     // the final dot line was handed out
    bool binary_refused_ = false;
    bool again_ = false;        // the mail was refused for its form, and goes as its bytes are once the peer is ready
    bool end_empty_ = false;    // DATA was accepted though the recipient was not: nothing but a dot follows
    bool used_before_ = false;  // a mail was done on this connection
    bool answered_ = false;     // a reply came to the current mail
    bool stale_ = false;
    bool done_ = false;
};
}
