// relay/smtp/engine/server_engine.hpp: server side of SMTP and of submission without I/O (RFC 5321, RFC 6409; STARTTLS
// RFC 3207, implicit TLS RFC 8314; SIZE RFC 1870; 8BITMIME RFC 6152; PIPELINING RFC 2920; CHUNKING RFC 3030; AUTH RFC
// 4954; DSN parameters RFC 3461; enhanced codes RFC 2034 on every reply that may have one). The driver does what the
// returned action says and calls the on_x() that belongs to it, until `finished`. The engine adds no trace field: the
// storing side does (relay/pipeline/ports/mail_sink.hpp). No relaying is decided here: every recipient but the
// postmaster is put to check_recipient. Used on one strand. Views in an action are valid until the next call.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "relay/smtp/wire/command.hpp"
#include "relay/smtp/wire/mail_data.hpp"

namespace relay::smtp {
enum class server_tls { required, not_offered, implicit };  // required: before MAIL; implicit: before the greeting
enum class client_certificates { not_asked, optional, required };
enum class logins { none, required };  // required: before MAIL, and the sender is the account's own address

struct server_limits {
    std::size_t max_recipients = 100;            // RFC 5321 §4.5.3.1.8
    std::size_t max_errors = 10;                 // 5yz replies in one connection, then 421
    std::size_t max_idle_commands = 100;         // commands that bring no mail forward, then 421
    std::size_t max_mails = 1000;                // in one connection, then 421
    std::size_t max_failed_logins = 3;           // in one connection, then 421
    std::size_t max_line_octets = 512;           // with CRLF, RFC 5321 §4.5.3.1.4
    std::size_t max_path_line_octets = 1024;     // MAIL and RCPT with their parameters, RFC 3461 §4
    std::size_t max_login_line_octets = 12'288;  // AUTH and what follows it, RFC 4954 §4
    data_limits data{};
};
struct server_timeouts {  // RFC 5321 §4.5.3.2.7
    std::chrono::seconds command{300};
    std::chrono::seconds data_block{180};
};
struct server_policy {
    std::string host_name;  // ours, in the greeting
    server_tls tls = server_tls::required;
    client_certificates certificates = client_certificates::not_asked;
    smtp::logins logins = smtp::logins::none;
    std::string only_recipient{};  // if set: the one address beside the postmaster that is accepted
    server_limits limits{};
    server_timeouts timeouts{};
};

struct received_envelope {
    mail_arguments from;
    std::vector<rcpt_arguments> recipients;
};

enum class recipient_check {
    accepted,
    unknown,
    closed,
    full,
    not_local,
    untrusted_domain,
    no_route,
    refused,
    no_space,
    temporary_failure
};
enum class store_result {
    stored,
    duplicate,
    temporary_failure,
    no_space,
    mailbox_full,
    too_big,
    refused,
    unknown,
    looping,
    sender_refused,
    clear_refused
};
enum class login_check { accepted, refused, unavailable };
enum class tls_peer { without_certificate, with_certificate };
enum class session_end {
    quit,
    lost,
    bytes_behind_starttls,
    too_many_errors,
    too_many_commands,
    too_big,
    shutting_down,
    bad_chunk,
    too_slow,
    rate_limited,
    too_many_logins
};

// What is counted over all connections of one peer. The gate is asked when it happens, and may shut (peer_rates.hpp).
enum class rated { mail, unknown_recipient, refused_login };
enum class gate { open, shut };
using rate_gate = std::function<gate(rated)>;

class server_engine {
public:
    struct send {
        std::string_view bytes;
        std::chrono::seconds within;
    };
    struct receive {
        std::chrono::seconds within;
    };
    struct start_tls {};
    struct check_login {
        enum class mechanism { plain, external } by;
        std::string_view user;  // external: the identity asked for; empty: the certificate's own
        std::string_view password;
    };
    struct check_recipient {
        std::string_view address;
    };
    struct store_message {  // the message may be moved from
        const received_envelope* envelope;
        std::string* message;
    };
    struct finished {
        session_end why;
    };
    using action = std::variant<send, receive, start_tls, check_login, check_recipient, store_message, finished>;

    explicit server_engine(server_policy policy, rate_gate gate_of_peer = {})
        : policy_(std::move(policy)), gate_(std::move(gate_of_peer)), data_(policy_.limits.data)
    {
    }
    ~server_engine();
    server_engine(const server_engine&) = delete;
    server_engine& operator=(const server_engine&) = delete;

    [[nodiscard]] action start();
    // 421 and the end: we are draining, refusing, or the peer has too many connections.
    [[nodiscard]] action start_busy();
    [[nodiscard]] action on_received(std::string_view bytes);  // cut anywhere
    [[nodiscard]] action on_sent();
    [[nodiscard]] action on_tls_ready(tls_peer peer);
    [[nodiscard]] action on_login_checked(login_check verdict, std::string address);
    [[nodiscard]] action on_recipient_checked(recipient_check verdict);
    [[nodiscard]] action on_stored(store_result verdict);
    [[nodiscard]] action on_lost();
    [[nodiscard]] action on_too_slow();  // a wait ended: 421 and the end
    // Between two commands: 421 and the end. Inside a mail it waits for its end.
    void shut_down() noexcept { shutting_down_ = true; }

    [[nodiscard]] const std::string& helo() const noexcept { return helo_; }
    [[nodiscard]] const std::string& login() const noexcept { return login_; }  // address of the account, or ""
    [[nodiscard]] std::size_t failed_logins() const noexcept { return failed_logins_; }
    [[nodiscard]] std::size_t mails() const noexcept { return mails_; }
    // A mail is under way: cutting the connection now makes the peer send it again.
    [[nodiscard]] bool is_in_mail() const noexcept { return from_.has_value(); }
    // The bytes that come now are those of a mail, or the next of its chunks is awaited.
    [[nodiscard]] bool is_in_data() const noexcept { return in_data_ || in_chunk_ || chunk_state_ == chunks::begun; }

private:
    enum class waiting { nothing, login, recipient, store, tls };
    action next();
    void take_bytes();
    // lines and commands
    bool take_line();
    [[nodiscard]] bool begins(std::string_view word) const;  // what is at hand, in any case
    [[nodiscard]] bool may_be_login() const;
    [[nodiscard]] std::size_t line_limit() const;
    void on_line(std::string_view line);
    void on_command(const command& what);
    void on_hello(const command& what);
    void on_starttls(std::string_view argument);
    void on_idle_command();
    void say(std::string_view reply_line);
    void refuse(std::string_view reply_line);
    void refuse_syntax(error_code why);
    void close(std::string_view reply_line, session_end why);
    [[nodiscard]] gate ask_gate(rated what) const { return gate_ ? gate_(what) : gate::open; }
    // a mail (server_mail.cpp)
    void on_mail(std::string_view argument);
    void on_rcpt(std::string_view argument);
    void on_data(std::string_view argument);
    void end_of_data();
    void on_bdat(std::string_view argument);
    [[nodiscard]] std::string_view why_no_chunk() const;
    void end_of_chunk();
    void hand_over(std::optional<data_fault> fault, std::string message);
    void reset_mail();
    [[nodiscard]] bool is_postmaster(std::string_view address) const;
    // AUTH (server_login.cpp)
    void on_auth(std::string_view argument);
    void on_login_line(std::string_view line);
    void read_login(std::string_view base64);
    void refuse_login(std::string_view reply_line);

    server_policy policy_;
    rate_gate gate_;
    dot_reader data_;
    chunk_reader chunks_;
    std::string in_;   // not yet handled
    std::string out_;  // replies not yet sent
    std::string sending_;
    std::string helo_;
    std::string message_;
    std::string login_;
    std::string credentials_;  // decoded; wiped once checked
    std::optional<check_login::mechanism> mechanism_;
    std::optional<mail_arguments> from_;
    std::vector<rcpt_arguments> recipients_;
    received_envelope envelope_;
    rcpt_arguments candidate_;
    waiting waiting_ = waiting::nothing;
    std::optional<session_end> closing_;
    std::string chunk_refusal_;
    std::size_t errors_ = 0;
    std::size_t idle_commands_ = 0;
    std::size_t mails_ = 0;
    std::size_t failed_logins_ = 0;
    enum class chunks { none, begun, failed } chunk_state_ = chunks::none;
    bool extended_ = false;  // EHLO
    bool secured_ = false;
    bool has_certificate_ = false;
    bool in_data_ = false;
    bool in_chunk_ = false;
    bool last_chunk_ = false;
    bool in_login_ = false;  // the next line is the answer to 334
    bool skipping_line_ = false;
    bool shutting_down_ = false;
};
}
