#include "relay/store/mailbox_rows.hpp"

#include <algorithm>

#include <boost/system/system_error.hpp>

#include "mime/text/ascii.hpp"
#include "relay/store/errc.hpp"
#include "relay/store/facts.hpp"
#include "relay/store/rows.hpp"
#include "relay/store/sealing.hpp"

namespace relay::store {
namespace {
using namespace pipeline::ports;
// Fields of the sealed structure: kept for ever, never reuse a number.
enum tag : unsigned char { tag_envelope = 1, tag_body, tag_body_structure, tag_sections };

std::string structure_context(std::string_view blob)
{
    return "message.structure:" + std::string(blob);
}

message_row read_message(const cursor& row)
{
    message_row message;
    message.uid = static_cast<std::uint32_t>(row.integer(0));
    message.modseq = static_cast<std::uint64_t>(row.integer(1));
    message.flags.bits = static_cast<std::uint8_t>(row.integer(2));
    message.size_octets = static_cast<std::uint64_t>(row.integer(3));
    message.internal_date = row.when(4);
    return message;
}
#define LIAISON_MESSAGE "SELECT uid, modseq, flags, size, received_at FROM message WHERE mailbox = ?"

std::int64_t next_modseq(connection& database, mailbox_number mailbox)
{
    database.run("UPDATE mailbox SET highest_modseq = highest_modseq + 1 WHERE id = ?", mailbox);
    auto row = database.query("SELECT highest_modseq FROM mailbox WHERE id = ?", mailbox);
    if (!row.next()) throw boost::system::system_error(make_error_code(store_errc::mailbox_unknown));
    return row.integer(0);
}

flag_set applied(flag_set old, flag_operation operation, flag_set flags)
{
    switch (operation) {
        case flag_operation::replace: return flags;
        case flag_operation::add: return {static_cast<std::uint8_t>(old.bits | flags.bits)};
        case flag_operation::remove: return {static_cast<std::uint8_t>(old.bits & ~flags.bits)};
    }
    return old;
}

std::vector<std::uint32_t> ascending(std::span<const std::uint32_t> uids)
{
    std::vector<std::uint32_t> sorted(uids.begin(), uids.end());
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    return sorted;
}

std::optional<message_row> find_message(connection& database, mailbox_number mailbox, std::uint32_t uid)
{
    auto row = database.query(LIAISON_MESSAGE " AND uid = ?", mailbox, uid);
    if (!row.next()) return std::nullopt;
    return read_message(row);
}

std::optional<pipeline::blob_id> content_of(connection& database, mailbox_number mailbox, std::uint32_t uid)
{
    auto row = database.query("SELECT content FROM message WHERE mailbox = ? AND uid = ?", mailbox, uid);
    if (!row.next()) return std::nullopt;
    return row.id<pipeline::blob_id>(0);
}

void expunge_row(connection& database, mailbox_number mailbox, std::int64_t modseq, std::uint32_t uid)
{
    database.run("DELETE FROM message WHERE mailbox = ? AND uid = ?", mailbox, uid);
    database.run("DELETE FROM message_structure WHERE mailbox = ? AND uid = ?", mailbox, uid);
    database.run("INSERT INTO expunged (mailbox, modseq, uid) VALUES (?, ?, ?)", mailbox, modseq, uid);
}
}

std::optional<mailbox_number> find_inbox(connection& database, const vault& vault, std::string_view address)
{
    const std::string key = vault.match_key("account.address", mime::lower(address));
    auto row = database.query(
        "SELECT mailbox.id FROM account JOIN mailbox ON mailbox.account = account.id AND mailbox.name = 'INBOX'"
        " WHERE account.address_key = ?",
        key);
    if (!row.next()) return std::nullopt;
    return row.integer(0);
}

std::optional<mailbox_number> find_mailbox(connection& database, std::int64_t account, std::string_view name)
{
    // RFC 3501 §5.1: INBOX in any case is the same mailbox.
    const std::string wanted = mime::lower(name) == "inbox" ? "INBOX" : std::string(name);
    auto row = database.query("SELECT id FROM mailbox WHERE account = ? AND name = ?", account, wanted);
    if (!row.next()) return std::nullopt;
    return row.integer(0);
}

std::vector<std::string> mailbox_names(connection& database, std::int64_t account)
{
    std::vector<std::string> names;
    auto rows = database.query("SELECT name FROM mailbox WHERE account = ? ORDER BY id", account);
    while (rows.next()) names.push_back(rows.text(0));
    return names;
}

bool remember_received(connection& database, const vault& vault, mailbox_number mailbox, const new_message& message)
{
    const std::string key = vault.match_key("message.message_id", message.message_id);
    return database.run(
               "INSERT INTO received (mailbox, message_id_key, sha256, at) VALUES (?, ?, ?, ?)"
               " ON CONFLICT DO NOTHING",
               mailbox, key, message.received_sha256, message.received_at) != 0;
}

void insert_message(connection& database, const vault& vault, mailbox_number mailbox, const new_message& message)
{
    const std::int64_t modseq = next_modseq(database, mailbox);
    std::int64_t uid = 0;
    {
        auto row = database.query("SELECT uid_next FROM mailbox WHERE id = ?", mailbox);
        if (!row.next()) throw boost::system::system_error(make_error_code(store_errc::mailbox_unknown));
        uid = row.integer(0);
    }
    database.run("UPDATE mailbox SET uid_next = uid_next + 1 WHERE id = ?", mailbox);
    database.run(
        "INSERT INTO message (mailbox, uid, modseq, flags, size, received_at, content)"
        " VALUES (?, ?, ?, 0, ?, ?, ?)",
        mailbox, uid, modseq, static_cast<std::int64_t>(message.rfc822_size), message.received_at, message.content.id);
    std::string structure;
    put_field(structure, tag_envelope, message.envelope);
    put_field(structure, tag_body, message.body);
    put_field(structure, tag_body_structure, message.body_structure);
    put_field(structure, tag_sections, message.sections);
    const std::string sealed = vault.seal_field(structure_context(message.content.id.text()), structure);
    database.run("INSERT INTO message_structure (mailbox, uid, structure) VALUES (?, ?, ?)", mailbox, uid,
                 as_blob{sealed});
}

mailbox_status load_status(connection& database, mailbox_number mailbox)
{
    mailbox_status status;
    {
        auto row = database.query("SELECT uid_validity, uid_next, highest_modseq FROM mailbox WHERE id = ?", mailbox);
        if (!row.next()) throw boost::system::system_error(mailbox_errc::mailbox_unknown);
        status.uid_validity = static_cast<std::uint32_t>(row.integer(0));
        status.uid_next = static_cast<std::uint32_t>(row.integer(1));
        status.highest_modseq = static_cast<std::uint64_t>(row.integer(2));
    }
    auto row = database.query("SELECT count(*), total(flags & 1 = 0) FROM message WHERE mailbox = ?", mailbox);
    if (row.next()) {
        status.messages = static_cast<std::uint32_t>(row.integer(0));
        status.unseen = static_cast<std::uint32_t>(row.integer(1));
    }
    return status;
}

std::vector<message_row> load_messages(connection& database, mailbox_number mailbox)
{
    std::vector<message_row> messages;
    auto rows = database.query(LIAISON_MESSAGE " ORDER BY uid", mailbox);
    while (rows.next()) messages.push_back(read_message(rows));
    return messages;
}

mailbox_changes load_changes(connection& database, mailbox_number mailbox, std::uint64_t since_modseq)
{
    mailbox_changes changes;
    const auto since = static_cast<std::int64_t>(since_modseq);
    {
        auto row = database.query("SELECT uid_next, highest_modseq FROM mailbox WHERE id = ?", mailbox);
        if (!row.next()) throw boost::system::system_error(mailbox_errc::mailbox_unknown);
        changes.uid_next = static_cast<std::uint32_t>(row.integer(0));
        changes.highest_modseq = static_cast<std::uint64_t>(row.integer(1));
    }
    if (changes.highest_modseq <= since_modseq) return changes;
    auto rows = database.query(LIAISON_MESSAGE " AND modseq > ? ORDER BY uid", mailbox, since);
    while (rows.next()) changes.changed.push_back(read_message(rows));
    auto gone =
        database.query("SELECT uid FROM expunged WHERE mailbox = ? AND modseq > ? ORDER BY uid", mailbox, since);
    while (gone.next()) changes.expunged.push_back(static_cast<std::uint32_t>(gone.integer(0)));
    return changes;
}

std::optional<message_structure> load_structure(connection& database, const vault& vault, mailbox_number mailbox,
                                                std::uint32_t uid)
{
    auto row = database.query(
        "SELECT message.content, structure FROM message JOIN message_structure USING (mailbox, uid)"
        " WHERE message.mailbox = ? AND message.uid = ?",
        mailbox, uid);
    if (!row.next()) return std::nullopt;
    const std::string fields = opened(vault, structure_context(row.text(0)), row.text(1));
    message_structure structure;
    structure.uid = uid;
    std::string_view in = fields;
    unsigned char which = 0;
    std::string_view value;
    while (take_field(in, which, value)) {
        if (which == tag_envelope) structure.envelope = value;
        if (which == tag_body) structure.body = value;
        if (which == tag_body_structure) structure.body_structure = value;
        if (which == tag_sections) structure.sections = value;
    }
    return structure;
}

std::optional<sealed_object> load_content(connection& database, mailbox_number mailbox, std::uint32_t uid)
{
    const auto id = content_of(database, mailbox, uid);
    if (!id) return std::nullopt;
    auto content = find_blob(database, *id);
    if (!content) throw boost::system::system_error(mailbox_errc::message_damaged);  // a row without its blob
    return content;
}

std::vector<message_row> change_flags(connection& database, mailbox_number mailbox, std::span<const std::uint32_t> uids,
                                      flag_operation operation, flag_set flags)
{
    std::vector<message_row> rows;
    std::int64_t modseq = 0;  // one for all that change here: RFC 7162 §3.1 allows it
    for (const std::uint32_t uid : ascending(uids)) {
        auto message = find_message(database, mailbox, uid);
        if (!message) continue;
        const flag_set wanted = applied(message->flags, operation, flags);
        if (wanted != message->flags) {
            if (modseq == 0) modseq = next_modseq(database, mailbox);
            message->flags = wanted;
            message->modseq = static_cast<std::uint64_t>(modseq);
            database.run("UPDATE message SET flags = ?, modseq = ? WHERE mailbox = ? AND uid = ?", int{wanted.bits},
                         modseq, mailbox, uid);
        }
        rows.push_back(*message);
    }
    return rows;
}

std::vector<std::uint32_t> expunge_deleted(connection& database, transaction& transaction, mailbox_number mailbox,
                                           std::span<const std::uint32_t> uids)
{
    std::vector<std::uint32_t> removed;
    std::int64_t modseq = 0;
    for (const std::uint32_t uid : ascending(uids)) {
        const auto message = find_message(database, mailbox, uid);
        if (!message || !message->flags.has(message_flag::deleted)) continue;
        if (modseq == 0) modseq = next_modseq(database, mailbox);
        if (const auto content = content_of(database, mailbox, uid)) transaction.remove_blob(*content);
        expunge_row(database, mailbox, modseq, uid);
        removed.push_back(uid);
    }
    return removed;
}

std::vector<pipeline::blob_id> take_messages(connection& database, std::int64_t account, std::size_t limit)
{
    struct place {
        mailbox_number mailbox;
        std::uint32_t uid;
        pipeline::blob_id content;
    };
    const auto oldest =
        all(database.query("SELECT mailbox, uid, content FROM message WHERE mailbox IN (SELECT id FROM mailbox"
                           " WHERE account = ?) ORDER BY mailbox, uid LIMIT ?",
                           account, limit_of(limit)),
            [](const cursor& row) {
                return place{row.integer(0), static_cast<std::uint32_t>(row.integer(1)), row.id<pipeline::blob_id>(2)};
            });
    std::vector<pipeline::blob_id> contents;
    for (const place& one : oldest) {
        expunge_row(database, one.mailbox, next_modseq(database, one.mailbox), one.uid);
        contents.push_back(one.content);
    }
    return contents;
}

std::optional<base::instant> youngest_message(connection& database, std::int64_t account)
{
    auto row = database.query(
        "SELECT max(received_at) FROM message WHERE mailbox IN (SELECT id FROM mailbox WHERE account = ?)", account);
    if (!row.next()) return std::nullopt;
    return row.maybe_when(0);
}
}
