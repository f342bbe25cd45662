// relay/fetch/emptier.hpp: looks through a mailbox of a session and empties it (RFC 3501; UID EXPUNGE of RFC 4315):
// each mail goes to the returns' sink, by the same call as from the SMTP listener (mail_sink.hpp), and once it is
// durable there it is removed, never before. What is too large or not given stays, \Flagged, and is told to people
// once. A mail that the sink cannot take for now holds up none behind it, until several of one look tell of the node.
// Keeps in mind what a session stored and is not known to be gone, and takes it again in the next one. Errors: the
// session's, the record's, errc::not_stored. One thread, but taken() from any. The sink and record outlive this.
#pragma once

#include <atomic>
#include <map>

#include "relay/fetch/imap_session.hpp"
#include "relay/pipeline/ports/mail_sink.hpp"
#include "relay/pipeline/ports/polled_mailbox.hpp"

namespace relay::fetch {
struct emptier_options {
    std::string mailbox;    // for the record: server, user and folder
    std::string recipient;  // our own address, for the sink
    std::uint64_t mail_octets = 0;
};

struct looked {
    std::uint64_t left = 0;  // on the server, for people
    bool more = false;       // something came meanwhile that nobody will tell of: look again at once
};

class emptier {
public:
    emptier(pipeline::ports::mail_sink& sink, pipeline::ports::polled_mailboxes& record, emptier_options options);

    // A session was opened; `peer` is what the sink hears of it. A new UIDVALIDITY means that all is read anew: the
    // sink knows by the bytes what it has.
    [[nodiscard]] result<void> begin(const imap_session& from, pipeline::ports::session_facts peer);
    [[nodiscard]] result<looked> look(imap_session& from);
    [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }  // since the start

private:
    enum class fate { stored, left, put_off };
    using uids = std::vector<std::uint32_t>;
    result<std::uint32_t> step(imap_session& from, const std::vector<listed_mail>& listed);
    result<fate> take(imap_session& from, const listed_mail& mail);
    result<fate> leave(imap_session& from, const listed_mail& mail, pipeline::ports::left_because why);
    pipeline::ports::store_verdict store(const std::string& bytes);
    result<void> remove(imap_session& from, const uids& stored);
    result<void> remove_together(imap_session& from);
    enum class marks { ours, foreign };
    result<marks> look_for_marks(imap_session& from) const;
    result<void> remember();

    pipeline::ports::mail_sink& sink_;
    pipeline::ports::polled_mailboxes& record_;
    const emptier_options options_;
    pipeline::ports::session_facts peer_;
    pipeline::ports::mailbox_place place_, saved_;
    using sizes = std::map<std::uint32_t, std::uint64_t>;  // of mails as they were listed, by UID
    static bool knows(const sizes& of, const listed_mail& mail);
    sizes stored_;     // in this session, and not known to be gone from the server
    sizes too_large_;  // listed as small
    std::atomic<std::uint64_t> taken_{0};
    bool first_ = true;  // look of this session
    struct tally {       // of the look under way
        std::uint64_t left = 0;
        std::size_t stored = 0, put_off = 0;
        uids done;  // without UIDPLUS, removed together at the end
    } now_;
};
}
