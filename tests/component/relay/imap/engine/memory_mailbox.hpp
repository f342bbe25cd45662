// A mailbox store in memory for IMAP tests: one account "docteur" / "mot de passe", one INBOX. Several connections may
// share it.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>

#include "mime/message/header.hpp"
#include "mime/message/imap_view.hpp"
#include "relay/pipeline/ports/mailbox.hpp"

namespace tests {
namespace ports = relay::pipeline::ports;

inline constexpr std::string_view test_user = "docteur";
inline constexpr std::string_view test_password = "mot de passe";

struct memory_store {
    struct message {
        ports::message_row row;
        std::string bytes;
    };
    std::mutex mutex;
    std::map<std::uint32_t, message> messages;
    std::map<std::uint32_t, std::uint64_t> expunged;  // UID to mod-sequence
    std::uint32_t uid_next = 1;
    std::uint64_t modseq = 1;
    std::size_t loads = 0;    // of whole messages
    std::size_t commits = 0;  // of flags
    std::map<std::uint32_t, relay::error_code> load_errors;
    std::optional<relay::error_code> login_error;
    bool keeps_header = true;

    std::uint32_t deliver(std::string bytes,
                          relay::base::instant when = relay::base::instant{std::chrono::seconds{1767225600}})
    {
        const std::lock_guard lock(mutex);
        message one;
        one.row.uid = uid_next++;
        one.row.modseq = ++modseq;
        one.row.size_octets = bytes.size();
        one.row.internal_date = when;
        one.bytes = std::move(bytes);
        const auto uid = one.row.uid;
        messages.emplace(uid, std::move(one));
        return uid;
    }

    void set_flags(std::uint32_t uid, ports::flag_set flags)
    {
        const std::lock_guard lock(mutex);
        messages.at(uid).row.flags = flags;
        messages.at(uid).row.modseq = ++modseq;
    }

    void remove(std::uint32_t uid)
    {
        const std::lock_guard lock(mutex);
        messages.erase(uid);
        expunged[uid] = ++modseq;
    }

    ports::mailbox_status status() const
    {
        ports::mailbox_status out;
        out.messages = static_cast<std::uint32_t>(messages.size());
        for (const auto& [uid, each] : messages)
            if (!each.row.flags.has(ports::message_flag::seen)) ++out.unseen;
        out.uid_next = uid_next;
        out.uid_validity = 77;
        out.highest_modseq = modseq;
        return out;
    }
};

class memory_mailbox final : public ports::open_mailbox {
public:
    memory_mailbox(memory_store& store, ports::mailbox_access access) : store_(store), access_(access) {}

    relay::result<ports::mailbox_snapshot> snapshot() override
    {
        const std::lock_guard lock(store_.mutex);
        ports::mailbox_snapshot out{store_.status(), {}};
        for (const auto& [uid, each] : store_.messages) out.messages.push_back(each.row);
        return out;
    }

    relay::result<ports::mailbox_changes> refresh(std::uint64_t since) override
    {
        const std::lock_guard lock(store_.mutex);
        ports::mailbox_changes out;
        out.highest_modseq = store_.modseq;
        out.uid_next = store_.uid_next;
        for (const auto& [uid, each] : store_.messages)
            if (each.row.modseq > since) out.changed.push_back(each.row);
        for (const auto& [uid, modseq] : store_.expunged)
            if (modseq > since) out.expunged.push_back(uid);
        return out;
    }

    relay::result<std::vector<ports::message_structure>> load_structures(std::span<const std::uint32_t> uids) override
    {
        const std::lock_guard lock(store_.mutex);
        std::vector<ports::message_structure> out;
        for (const auto uid : uids) {
            const auto found = store_.messages.find(uid);
            if (found == store_.messages.end()) continue;
            const std::string& bytes = found->second.bytes;
            const auto view = mime::message::make_imap_view(bytes);
            ports::message_structure one{uid, view.envelope, view.body, view.body_structure, view.sections.write_text(),
                                         {}};
            if (store_.keeps_header) one.header = bytes.substr(0, mime::message::header_octets(bytes));
            out.push_back(std::move(one));
        }
        return out;
    }

    relay::result<std::string> load_message(std::uint32_t uid) override
    {
        const std::lock_guard lock(store_.mutex);
        ++store_.loads;
        if (const auto error = store_.load_errors.find(uid); error != store_.load_errors.end()) return error->second;
        const auto found = store_.messages.find(uid);
        if (found == store_.messages.end()) return make_error_code(ports::mailbox_errc::message_gone);
        return found->second.bytes;
    }

    relay::result<std::vector<ports::message_row>> store_flags(std::span<const std::uint32_t> uids,
                                                               ports::flag_operation operation,
                                                               ports::flag_set flags) override
    {
        const std::lock_guard lock(store_.mutex);
        if (access_ == ports::mailbox_access::read_only) return make_error_code(ports::mailbox_errc::mailbox_read_only);
        ++store_.commits;
        std::vector<ports::message_row> out;
        for (const auto uid : uids) {
            const auto found = store_.messages.find(uid);
            if (found == store_.messages.end()) continue;
            auto& row = found->second.row;
            const auto before = row.flags;
            if (operation == ports::flag_operation::replace) row.flags = flags;
            if (operation == ports::flag_operation::add)
                row.flags.bits = static_cast<std::uint8_t>(row.flags.bits | flags.bits);
            if (operation == ports::flag_operation::remove)
                row.flags.bits = static_cast<std::uint8_t>(row.flags.bits & ~flags.bits);
            if (!(row.flags == before)) row.modseq = ++store_.modseq;
            out.push_back(row);
        }
        return out;
    }

    relay::result<std::vector<std::uint32_t>> expunge(std::span<const std::uint32_t> uids) override
    {
        const std::lock_guard lock(store_.mutex);
        std::vector<std::uint32_t> out;
        for (const auto uid : uids) {
            const auto found = store_.messages.find(uid);
            if (found == store_.messages.end() || !found->second.row.flags.has(ports::message_flag::deleted)) continue;
            store_.messages.erase(found);
            store_.expunged[uid] = ++store_.modseq;
            out.push_back(uid);
        }
        return out;
    }

private:
    memory_store& store_;
    ports::mailbox_access access_;
};

class memory_account final : public ports::account_mailboxes {
public:
    explicit memory_account(memory_store& store) : store_(store) {}
    relay::result<std::vector<std::string>> names() override { return std::vector<std::string>{"INBOX"}; }
    relay::result<ports::mailbox_status> status(std::string_view mailbox) override
    {
        const std::lock_guard lock(store_.mutex);
        if (mailbox != "INBOX") return make_error_code(ports::mailbox_errc::mailbox_unknown);
        return store_.status();
    }
    relay::result<std::unique_ptr<ports::open_mailbox>> open(std::string_view mailbox,
                                                             ports::mailbox_access access) override
    {
        if (mailbox != "INBOX") return make_error_code(ports::mailbox_errc::mailbox_unknown);
        return std::unique_ptr<ports::open_mailbox>(std::make_unique<memory_mailbox>(store_, access));
    }

private:
    memory_store& store_;
};

class memory_accounts final : public ports::mailbox_accounts {
public:
    explicit memory_accounts(memory_store& store) : store_(store) {}
    relay::result<std::unique_ptr<ports::account_mailboxes>> authenticate(std::string_view user,
                                                                          std::string_view password) override
    {
        if (store_.login_error) return *store_.login_error;
        if (user != test_user || password != test_password)
            return make_error_code(ports::mailbox_errc::credentials_refused);
        return std::unique_ptr<ports::account_mailboxes>(std::make_unique<memory_account>(store_));
    }

private:
    memory_store& store_;
};

// Two parts, a file name and an encoded word.
inline std::string sample_message(std::string_view subject = "Lettre de liaison", std::size_t attachment_octets = 40)
{
    std::string out = "From: Service <service@hopital.test>\r\nTo: docteur@cabinet.test\r\nSubject: ";
    out += subject;
    out +=
        "\r\nDate: Sat, 31 Jan 2026 23:30:00 -0200\r\nMessage-ID: <un@hopital.test>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=limite\r\n\r\n--limite\r\nContent-Type: text/plain; "
        "charset=utf-8\r\n\r\n"
        "Bonjour\r\n--limite\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    for (std::size_t i = 0; i < attachment_octets; i += 76)
        out += std::string(std::min<std::size_t>(76, attachment_octets - i), 'A') + "\r\n";
    out += "--limite--\r\n";
    return out;
}
}
