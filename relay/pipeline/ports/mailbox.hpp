// relay/pipeline/ports/mailbox.hpp: what the IMAP server needs of the mailbox store (RFC 3501 §2.3, RFC 7162 for
// mod-sequences). Implemented by relay/store, joined in relay/app; tests use a mailbox in memory.
//
// Every call may block (SQL, vault, argon2id): call on a worker thread, never on an I/O thread. `mailbox_accounts` is
// safe from any thread; an `account_mailboxes` or `open_mailbox` belongs to one connection and is used by one thread at
// a time, and may outlive neither the `mailbox_accounts` it came from nor the store. Invariants: a change is durable
// before the call returns. UIDs only grow, UIDVALIDITY changes only if they cannot be kept. The mod-sequence is per
// mailbox and grows with each delivery, flag change and removal, in the same transaction. Errors: mailbox_errc below,
// or whatever the store itself reports (then the client is told to try again later).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "relay/base/clock.hpp"
#include "relay/base/result.hpp"

namespace relay::pipeline::ports {
enum class mailbox_errc {
    credentials_refused = 1,  // unknown user, wrong password or account switched off: never told apart
    mailbox_unknown,
    mailbox_read_only,
    message_gone,     // expunged meanwhile by another connection
    message_damaged,  // the vault object does not match its recorded length or SHA-256
};

// RFC 3501 §2.3.2. System flags only: keywords are not kept, and \Recent is never set (see relay/imap/README.md).
enum class message_flag : std::uint8_t { seen = 1, answered = 2, flagged = 4, deleted = 8, draft = 16 };

// A set of flags; `bits` is what the store keeps (the values of message_flag, or-ed).
struct flag_set {
    std::uint8_t bits = 0;
    [[nodiscard]] constexpr bool has(message_flag flag) const { return (bits & static_cast<std::uint8_t>(flag)) != 0; }
    constexpr void add(message_flag flag) { bits = static_cast<std::uint8_t>(bits | static_cast<std::uint8_t>(flag)); }
    friend constexpr bool operator==(flag_set, flag_set) = default;
};

enum class flag_operation { replace, add, remove };
enum class mailbox_access { read_write, read_only };

struct mailbox_status {
    std::uint32_t messages = 0;
    std::uint32_t unseen = 0;  // how many messages lack \Seen
    std::uint32_t uid_next = 1;
    std::uint32_t uid_validity = 1;
    std::uint64_t highest_modseq = 1;
};

// What is kept in memory per message of an open mailbox: small on purpose.
struct message_row {
    std::uint32_t uid = 0;
    flag_set flags;
    std::uint64_t modseq = 0;
    std::uint64_t size_octets = 0;  // of the message as FETCH BODY[] gives it
    base::instant internal_date;
};

// Computed once at delivery (mime/message/imap_view.hpp) and stored encrypted beside the message.
struct message_structure {
    std::uint32_t uid = 0;
    std::string envelope;        // the parenthesised list of RFC 3501 §7.4.2, ready to send
    std::string body;            // BODY, without extension data
    std::string body_structure;  // BODYSTRUCTURE
    std::string sections;        // offsets of the parts, in the written form of imap_view.hpp
    std::string
        header;  // the message's own header with its empty line; may be left empty: then the message is loaded for it
};

struct mailbox_snapshot {
    mailbox_status status;
    std::vector<message_row> messages;  // ascending UID
};

// What happened after a given mod-sequence.
struct mailbox_changes {
    std::uint64_t highest_modseq = 0;  // pass it to the next refresh
    std::uint32_t uid_next = 1;
    std::vector<message_row> changed;     // new messages and changed flags, ascending UID
    std::vector<std::uint32_t> expunged;  // ascending UID; may name UIDs the caller never saw
};

// A mailbox in the selected state.
class open_mailbox {
public:
    virtual ~open_mailbox() = default;

    [[nodiscard]] virtual result<mailbox_snapshot> snapshot() = 0;

    // Cheap when nothing changed: called at the end of nearly every command.
    [[nodiscard]] virtual result<mailbox_changes> refresh(std::uint64_t since_modseq) = 0;

    // In the order of `uids`; messages gone meanwhile are left out. The caller bounds the batch.
    [[nodiscard]] virtual result<std::vector<message_structure>> load_structures(
        std::span<const std::uint32_t> uids) = 0;

    // The whole message, CRLF line ends, verified against its recorded SHA-256. message_gone, message_damaged.
    [[nodiscard]] virtual result<std::string> load_message(std::uint32_t uid) = 0;

    // All in one transaction. Gives the new rows in ascending UID, also those whose flags were so already; messages
    // gone meanwhile are left out. A row whose flags do not change keeps its mod-sequence. mailbox_read_only.
    [[nodiscard]] virtual result<std::vector<message_row>> store_flags(std::span<const std::uint32_t> uids,
                                                                       flag_operation operation, flag_set flags) = 0;

    // Removes those of `uids` that carry \Deleted now, and gives the UIDs removed, ascending. mailbox_read_only.
    [[nodiscard]] virtual result<std::vector<std::uint32_t>> expunge(std::span<const std::uint32_t> uids) = 0;
};

// The mailboxes of one authenticated account.
class account_mailboxes {
public:
    virtual ~account_mailboxes() = default;

    // Names as IMAP writes them (modified UTF-7, RFC 3501 §5.1.3); "INBOX" is always there, in capitals.
    [[nodiscard]] virtual result<std::vector<std::string>> names() = 0;
    [[nodiscard]] virtual result<mailbox_status> status(std::string_view mailbox) = 0;  // mailbox_unknown
    [[nodiscard]] virtual result<std::unique_ptr<open_mailbox>> open(std::string_view mailbox,
                                                                     mailbox_access access) = 0;
};

class mailbox_accounts {
public:
    virtual ~mailbox_accounts() = default;

    // Checks against argon2id and takes as long for an unknown user as for a known one. The password is read, not kept.
    [[nodiscard]] virtual result<std::unique_ptr<account_mailboxes>> authenticate(std::string_view user,
                                                                                  std::string_view password) = 0;
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"  // error_category has none by design: categories are never deleted
class mailbox_category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "mailbox"; }
    [[nodiscard]] std::string message(int code) const override
    {
        switch (static_cast<mailbox_errc>(code)) {
            case mailbox_errc::credentials_refused: return "user or password refused";
            case mailbox_errc::mailbox_unknown: return "no such mailbox";
            case mailbox_errc::mailbox_read_only: return "mailbox is read-only";
            case mailbox_errc::message_gone: return "message was expunged";
            case mailbox_errc::message_damaged: return "stored message does not match its checksum";
        }
        return "unknown mailbox error";
    }
};
#pragma GCC diagnostic pop

[[nodiscard]] inline const boost::system::error_category& mailbox_errors() noexcept
{
    static const mailbox_category category;
    return category;
}

[[nodiscard]] inline error_code make_error_code(mailbox_errc code) noexcept
{
    return {static_cast<int>(code), mailbox_errors()};
}
}

template <>
struct boost::system::is_error_code_enum<relay::pipeline::ports::mailbox_errc> : std::true_type {
};
