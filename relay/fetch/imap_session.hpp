// relay/fetch/imap_session.hpp: what reading and emptying a mailbox asks of an IMAP server (RFC 3501), by libetpan over
// server_stream: login by SASL with all said at once (RFC 4959), IDLE (RFC 2177), UIDPLUS (RFC 4315). One mailbox, one
// thread, blocking; every call ends within its own time. After an error that is none of errc::command_refused,
// mail_missing the session is of no use.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "relay/fetch/server_stream.hpp"

struct mailimap;

namespace relay::fetch {
enum class server_tls { implicit, starttls };

struct login_words {
    std::string mechanism;  // "PLAIN", "XOAUTH2", "EXTERNAL": the client certificate says who we are
    std::string response;   // base64; a secret, wiped once said
};

struct server_access {
    io::host_port at;
    server_tls tls = server_tls::implicit;
    std::shared_ptr<io::tls_context> context;    // client role
    std::string server_name;                     // what the certificate must show
    std::function<result<login_words>()> login;  // read anew for each session
    std::string mailbox = "INBOX";
};

struct session_limits {
    std::chrono::seconds command{60};
    std::uint64_t mail_octets = 30U << 20U;  // of one mail as the server gives it
    std::uint64_t octets_per_second = 16U
                                      << 10U;  // a mail may take the time of a command, and on top that of this rate
};

struct listed_mail {
    std::uint32_t uid = 0;
    std::uint64_t octets = 0;  // as the server says
    bool deleted = false, flagged = false;
};
enum class mail_flag { deleted, flagged };

class imap_session {
public:
    imap_session(server_stream& stream, session_limits limits);
    ~imap_session();
    imap_session(const imap_session&) = delete;
    imap_session& operator=(const imap_session&) = delete;

    // Connection, TLS, login, mailbox.
    [[nodiscard]] result<void> open(const server_access& access);
    [[nodiscard]] std::uint32_t uid_validity() const;
    [[nodiscard]] std::uint32_t count() const;  // of mails, as last heard
    [[nodiscard]] bool offers(const char* capability) const { return capabilities_.count(capability) != 0; }

    // By place in the mailbox, from 1; each once, ascending UID. At most 1 000 at a time.
    [[nodiscard]] result<std::vector<listed_mail>> list(std::uint32_t first, std::uint32_t last);
    [[nodiscard]] result<std::string> load(std::uint32_t uid, std::uint64_t listed_octets);
    [[nodiscard]] result<void> mark(const std::vector<std::uint32_t>& uids, mail_flag flag);
    [[nodiscard]] result<void> expunge(const std::vector<std::uint32_t>& uids);  // UIDPLUS
    [[nodiscard]] result<void> expunge_all();                                    // whatever carries \Deleted
    [[nodiscard]] result<void> look();                                           // NOOP
    // IDLE until something comes, or that time. The stream may be stopped meanwhile. command_refused: not now.
    [[nodiscard]] result<void> idle(io::clock::time_point until);

private:
    [[nodiscard]] result<void> shake_hands(const server_access& access);
    [[nodiscard]] result<void> log_in(const server_access& access);
    [[nodiscard]] result<void> learn_capabilities();
    [[nodiscard]] bool send(std::string_view command);
    [[nodiscard]] int say(std::string_view command);
    enum class news { none, some };
    [[nodiscard]] result<news> begin_idle();
    [[nodiscard]] news note(std::string_view untagged);
    [[nodiscard]] result<void> answered(int code, errc refused) const;
    void begin();

    server_stream& stream_;
    session_limits limits_;
    struct free_session {
        void operator()(mailimap* session) const noexcept;
    };
    std::unique_ptr<mailimap, free_session> session_;
    std::set<std::string, std::less<>> capabilities_;  // in capitals
};
}
