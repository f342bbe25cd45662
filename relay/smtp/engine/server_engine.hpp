// relay/smtp/engine/server_engine.hpp: server side of SMTP without I/O (RFC 5321; STARTTLS RFC 3207; SIZE RFC 1870;
// 8BITMIME RFC 6152; PIPELINING RFC 2920; DSN parameters RFC 3461; enhanced codes RFC 2034 on every reply that may have
// one). The driver does what the returned action says and calls the on_x() that belongs to it, until `finished`. The
// engine adds no trace field: the storing side does (relay/pipeline/ports/mail_sink.hpp). No relaying is decided here:
// every recipient but the postmaster is put to check_recipient. Used on one strand. Views in an action are valid until
// the next call.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "relay/smtp/wire/command.hpp"
#include "relay/smtp/wire/mail_data.hpp"

namespace relay::smtp {
enum class server_tls { required, not_offered };  // required: before MAIL
enum class client_certificates { not_asked, required };
enum class accepted_senders { any, null_only };  // null_only: reports (MAIL FROM:<>) and nothing else

struct server_limits {
    std::size_t max_recipients = 100;         // RFC 5321 §4.5.3.1.8
    std::size_t max_errors = 10;              // 5yz replies in one connection, then 421
    std::size_t max_idle_commands = 100;      // commands that bring no mail forward, then 421
    std::size_t max_mails = 1000;             // in one connection, then 421
    std::size_t max_line_octets = 512;        // with CRLF, RFC 5321 §4.5.3.1.4
    std::size_t max_path_line_octets = 1024;  // MAIL and RCPT with their parameters, RFC 3461 §4
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
    accepted_senders senders = accepted_senders::any;
    std::string only_recipient{};  // if set: the one address beside the postmaster that is accepted
    server_limits limits{};
    server_timeouts timeouts{};
};

struct received_envelope {
    mail_arguments from;
    std::vector<rcpt_arguments> recipients;
};

enum class recipient_check { accepted, unknown, closed, full, not_local, temporary_failure };
enum class store_result { stored, duplicate, temporary_failure, no_space, mailbox_full, too_big, refused };
enum class tls_peer { without_certificate, with_certificate };
enum class session_end {
    quit,
    lost,
    bytes_behind_starttls,
    too_many_errors,
    too_many_commands,
    too_big,
    shutting_down
};

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
    using action = std::variant<send, receive, start_tls, check_recipient, store_message, finished>;

    explicit server_engine(server_policy policy) : policy_(std::move(policy)), data_(policy_.limits.data) {}
    server_engine(const server_engine&) = delete;
    server_engine& operator=(const server_engine&) = delete;

    [[nodiscard]] action start();
    [[nodiscard]] action start_busy();                         // 421 and the end: we are draining or refusing
    [[nodiscard]] action on_received(std::string_view bytes);  // cut anywhere
    [[nodiscard]] action on_sent();
    [[nodiscard]] action on_tls_ready(tls_peer peer);
    [[nodiscard]] action on_recipient_checked(recipient_check verdict);
    [[nodiscard]] action on_stored(store_result verdict);
    [[nodiscard]] action on_lost();
    // Between two commands: 421 and the end. Inside a mail it waits for its end.
    void shut_down() noexcept { shutting_down_ = true; }

    [[nodiscard]] const std::string& helo() const noexcept { return helo_; }
    [[nodiscard]] std::size_t mails() const noexcept { return mails_; }
    // A mail is under way: cutting the connection now makes the peer send it again.
    [[nodiscard]] bool is_in_mail() const noexcept { return from_.has_value(); }

private:
    enum class waiting { nothing, recipient, store, tls };
    action next();
    bool take_line();
    void on_line(std::string_view line);
    void on_command(const command& what);
    void on_hello(const command& what);
    void on_starttls(std::string_view argument);
    void on_mail(std::string_view argument);
    void on_rcpt(std::string_view argument);
    void on_data(std::string_view argument);
    void end_of_data();
    void on_idle_command();
    void say(std::string_view reply_line);
    void refuse(std::string_view reply_line);
    void refuse_syntax(error_code why);
    void close(std::string_view reply_line, session_end why);
    void reset_mail();
    [[nodiscard]] bool is_postmaster(std::string_view address) const;

    server_policy policy_;
    dot_reader data_;
    std::string in_;   // not yet handled
    std::string out_;  // replies not yet sent
    std::string sending_;
    std::string helo_;
    std::string message_;
    std::optional<mail_arguments> from_;
    std::vector<rcpt_arguments> recipients_;
    received_envelope envelope_;
    rcpt_arguments candidate_;
    waiting waiting_ = waiting::nothing;
    std::optional<session_end> closing_;
    std::size_t errors_ = 0;
    std::size_t idle_commands_ = 0;
    std::size_t mails_ = 0;
    bool extended_ = false;  // EHLO
    bool secured_ = false;
    bool has_certificate_ = false;
    bool in_data_ = false;
    bool skipping_line_ = false;
    bool shutting_down_ = false;
};
}
