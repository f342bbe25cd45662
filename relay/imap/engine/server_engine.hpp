// relay/imap/engine/server_engine.hpp: server side of IMAP4rev1 (RFC 3501), with the initial response of RFC 4959 and
// the response codes of RFC 5530. No sockets and no Asio: it eats bytes and says what to do next.
//
// It calls the mailbox port, whose calls block, from within on_received(), on_sent() and on_waited(): while may_block()
// is true the driver runs these on a worker thread. One thread at a time. The accounts outlive the engine. Mail
// passwords and letters never go over a connection without TLS: before it, only CAPABILITY, STARTTLS, NOOP and LOGOUT
// work. Limits: reader_limits and command_limits of the wire; server_limits below. Memory: one message, one command, 64
// kB of text.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "relay/imap/engine/action.hpp"
#include "relay/imap/engine/output.hpp"
#include "relay/imap/engine/selected.hpp"
#include "relay/imap/wire/command.hpp"
#include "relay/imap/wire/command_reader.hpp"
#include "relay/pipeline/ports/mailbox.hpp"

namespace relay::imap {
enum class tls_policy { already_on, starttls_required };

struct server_limits {
    reader_limits before_login{8 * 1024, 4 * 1024, 16 * 1024};
    reader_limits after_login;
    command_limits commands;
    job_limits jobs;
    std::size_t max_failed_logins = 3;                   // then the connection ends
    std::chrono::milliseconds failed_login_delay{2000};  // times the failures so far
    std::size_t max_bad_commands = 20;                   // one after the other, then the connection ends
    std::chrono::seconds login_time{60};                 // the driver also bounds the whole time before login by this
    std::chrono::seconds idle_time{30 * 60};             // RFC 3501 §5.4 asks for 30 minutes at least
};

class server_engine {
public:
    server_engine(pipeline::ports::mailbox_accounts& accounts, tls_policy tls, const server_limits& limits = {});

    [[nodiscard]] action start();
    [[nodiscard]] action on_received(std::string_view bytes);  // cut anywhere
    [[nodiscard]] action on_sent();
    [[nodiscard]] action on_tls_ready();
    [[nodiscard]] action on_waited();
    [[nodiscard]] action on_timeout();   // of a receive
    [[nodiscard]] action on_shutdown();  // instead of going on with a receive or a wait
    [[nodiscard]] action on_lost(error_code why);

    [[nodiscard]] bool authenticated() const { return account_ != nullptr; }
    [[nodiscard]] bool may_block() const { return !closing_ && !sends_next_; }  // the next on_x() may call the port
    [[nodiscard]] std::size_t failed_logins() const { return failed_logins_; }

private:
    struct sasl_exchange {
        std::string tag;
    };

    action advance();
    std::optional<action> read_input();
    std::optional<action> run_job();
    action send_chunk();
    void say(std::string_view line);  // untagged or tagged line, CRLF added
    void answer(const std::string& tag, std::string_view text);
    void complete(const std::string& tag, std::string_view text, expunge_reports reports, addressing by);
    void bad(const std::string& tag, std::string_view text);
    void close(end_reason reason, std::string_view bye);

    void on_command(std::string text);
    void on_literal();
    void on_literal_too_long();
    void on_sasl_line(std::string_view line);
    [[nodiscard]] std::optional<std::string_view> refusal(verb name) const;  // of a command in this state
    void run(command& asked);
    void run_in_mailbox(command& asked);

    [[nodiscard]] std::string capabilities() const;
    void run_starttls(const command& asked);
    void run_logout(const command& asked);
    void run_authenticate(const command& asked);
    void check_plain(const std::string& tag, std::string_view base64);
    void log_in(const std::string& tag, std::string_view user, std::string_view password);
    void refuse_login(const std::string& tag, std::string_view text);
    void run_list(const command& asked);
    void run_status(const command& asked);
    void run_select(const command& asked);
    void describe_selected(const pipeline::ports::mailbox_status& status);
    void run_close(const command& asked);
    void run_expunge(const command& asked);
    void run_fetch(command& asked);
    void run_store(const command& asked);
    void run_search(command& asked);
    [[nodiscard]] result<void> expunge_deleted();

    pipeline::ports::mailbox_accounts& accounts_;
    server_limits limits_;
    tls_policy policy_;
    bool secure_;
    command_reader reader_;
    output out_;

    std::unique_ptr<pipeline::ports::account_mailboxes> account_;
    std::optional<selected_mailbox> selected_;
    std::unique_ptr<job> job_;  // after selected_: it refers to it
    std::string job_tag_;
    std::optional<sasl_exchange> sasl_;

    std::optional<finished> closing_;                   // once everything is sent
    std::optional<std::chrono::milliseconds> pausing_;  // once everything is sent
    std::string after_pause_;                           // said then
    bool tls_next_ = false;                             // once everything is sent
    bool sends_next_ = false;                           // the next step only hands out octets that are ready
    std::size_t failed_logins_ = 0;
    std::size_t bad_commands_ = 0;
};
}
