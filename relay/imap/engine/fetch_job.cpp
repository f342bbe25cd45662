// FETCH and UID FETCH (RFC 3501 §6.4.5). One message is in memory at a time. \Seen is stored only after the octets went
// out, once per batch: a connection that breaks in the middle leaves what was not sent unread, and a batch costs one
// commit.
#include <algorithm>
#include <functional>

#include "relay/imap/engine/selected.hpp"
#include "relay/imap/mailbox/content.hpp"
#include "relay/imap/mailbox/flags.hpp"
#include "relay/imap/wire/response.hpp"

namespace relay::imap {
namespace {
using pipeline::ports::mailbox_access;
using pipeline::ports::mailbox_errc;
using pipeline::ports::message_flag;
using pipeline::ports::message_row;
using pipeline::ports::message_structure;

bool is_header_of_message(const fetch_item& item)
{
    return item.kind == fetch_kind::content && item.what.part.empty() && item.what.text != section_text::all &&
           item.what.text != section_text::text;
}

bool uses_structure(const fetch_item& item)
{
    switch (item.kind) {
        case fetch_kind::envelope:
        case fetch_kind::body:
        case fetch_kind::body_structure: return true;
        case fetch_kind::content: return !item.what.part.empty() || is_header_of_message(item);
        default: return false;
    }
}

bool is_part_of(std::string_view octets, std::string_view message)
{
    const std::less_equal<const char*> not_after;
    return not_after(message.data(), octets.data()) &&
           not_after(octets.data() + octets.size(), message.data() + message.size());
}

class fetch_job final : public job {
public:
    fetch_job(selected_mailbox& mailbox, fetch_arguments arguments, addressing by, std::vector<std::size_t> places,
              const job_limits& limits)
        : mailbox_(mailbox), items_(std::move(arguments.items)), by_(by), places_(std::move(places)), limits_(limits)
    {
        const auto any = [this](auto&& wanted) { return std::any_of(items_.begin(), items_.end(), wanted); };
        uses_structure_ = any(uses_structure);
        sets_seen_ = mailbox.access == mailbox_access::read_write &&
                     any([](const fetch_item& item) { return item.effect == fetch_effect::sets_seen; });
        const bool names_uid = any([](const fetch_item& item) { return item.kind == fetch_kind::uid; });
        if (by == addressing::uids && !names_uid) {  // RFC 3501 §6.4.8
            fetch_item uid;
            uid.kind = fetch_kind::uid;
            uid.label = "UID";
            items_.insert(items_.begin(), std::move(uid));
        }
    }

    [[nodiscard]] addressing by() const override { return by_; }

    [[nodiscard]] progress step(output& out) override
    {
        if (out.lends()) return progress::flush;  // the message in memory is still being sent
        const bool batch_ends = next_ == places_.size() || next_ == batch_end_;
        if (batch_ends && !unmarked_.empty()) {
            if (!out.empty()) return progress::flush;
            mark_seen(out);
        }
        if (next_ == places_.size()) return progress::done;
        if (next_ == batch_end_) load_batch();
        write_message(out, places_[next_++]);
        return progress::more;
    }

    [[nodiscard]] std::string reply() const override
    {
        if (failed_) return "NO [UNAVAILABLE] Some messages could not be read, try again later";
        if (gone_) return "NO [EXPUNGEISSUED] Some of the messages no longer exist";
        return "OK FETCH completed";
    }

private:
    void note(const error_code& ec) { (ec == mailbox_errc::message_gone ? gone_ : failed_) = true; }

    void load_batch()
    {
        batch_end_ = std::min(places_.size(), next_ + limits_.structures_per_batch);
        batch_.clear();
        if (!uses_structure_) return;
        std::vector<std::uint32_t> uids;
        for (std::size_t i = next_; i < batch_end_; ++i) uids.push_back(mailbox_.messages.at(places_[i]).uid);
        auto loaded = mailbox_.store->load_structures(uids);
        if (loaded.has_value())
            batch_ = std::move(*loaded);
        else
            batch_error_ = loaded.error();
    }

    [[nodiscard]] const message_structure* structure_of(std::uint32_t uid) const
    {
        const auto found =
            std::find_if(batch_.begin(), batch_.end(), [uid](const auto& each) { return each.uid == uid; });
        return found == batch_.end() ? nullptr : &*found;
    }

    [[nodiscard]] bool needs_message(const message_structure* structure) const
    {
        const bool header_at_hand = structure != nullptr && !structure->header.empty();
        return std::any_of(items_.begin(), items_.end(), [header_at_hand](const fetch_item& item) {
            return item.kind == fetch_kind::content && !(header_at_hand && is_header_of_message(item));
        });
    }

    // Everything is loaded before the first octet of the response is written, so that a failure leaves no half
    // response.
    void write_message(output& out, std::size_t place)
    {
        const message_row& row = mailbox_.messages.at(place);
        const message_structure* structure = structure_of(row.uid);
        if (uses_structure_ && structure == nullptr) {
            note(batch_error_ ? batch_error_ : make_error_code(mailbox_errc::message_gone));
            return;
        }
        message_.clear();
        if (needs_message(structure)) {
            auto loaded = mailbox_.store->load_message(row.uid);
            if (loaded.has_error()) {
                note(loaded.error());
                return;
            }
            message_ = std::move(*loaded);
        }
        out.add("* " + std::to_string(place + 1) + " FETCH (");
        for (const auto& item : items_) {
            if (&item != &items_.front()) out.add(" ");
            write_item(out, item, row, structure);
        }
        out.add(")\r\n");
        if (sets_seen_ && !row.flags.has(message_flag::seen)) unmarked_.push_back(row.uid);
    }

    void write_item(output& out, const fetch_item& item, const message_row& row, const message_structure* structure)
    {
        std::string text = item.label + ' ';
        switch (item.kind) {
            case fetch_kind::envelope: text += structure->envelope; break;
            case fetch_kind::body: text += structure->body; break;
            case fetch_kind::body_structure: text += structure->body_structure; break;
            case fetch_kind::flags: append_flags(text, row.flags); break;
            case fetch_kind::internal_date: append_internal_date(text, row.internal_date); break;
            case fetch_kind::size: text += std::to_string(row.size_octets); break;
            case fetch_kind::uid: text += std::to_string(row.uid); break;
            case fetch_kind::content: write_content(out, std::move(text), item, structure); return;
        }
        out.add(text);
    }

    void write_content(output& out, std::string text, const fetch_item& item, const message_structure* structure)
    {
        message_source source{message_, {}, {}};
        if (structure != nullptr) {
            source.header = structure->header;
            source.sections = structure->sections;
        }
        const auto found = find_content(item.what, source);
        if (!found) {
            out.add(text + "NIL");  // no such part
            return;
        }
        const std::string_view octets =
            item.partial ? mime::message::partial_of(found->bytes(), item.partial->offset, item.partial->count)
                         : found->bytes();
        append_literal_head(text, octets.size());
        out.add(text);
        if (is_part_of(octets, message_))
            out.lend(octets);
        else
            out.add(octets);
    }

    void mark_seen(output& out)
    {
        pipeline::ports::flag_set seen;
        seen.add(message_flag::seen);
        const auto rows = mailbox_.store->store_flags(unmarked_, pipeline::ports::flag_operation::add, seen);
        unmarked_.clear();
        if (rows.has_error()) {
            failed_ = true;
            return;
        }
        std::string text;
        for (const auto& row : *rows) {
            mailbox_.messages.update(row);
            if (const auto place = mailbox_.messages.find(row.uid)) append_fetch_flags(text, mailbox_, *place, by_);
        }
        out.add(text);
    }

    selected_mailbox& mailbox_;
    std::vector<fetch_item> items_;
    addressing by_;
    std::vector<std::size_t> places_;
    job_limits limits_;
    bool uses_structure_ = false;
    bool sets_seen_ = false;

    std::size_t next_ = 0;
    std::size_t batch_end_ = 0;
    std::vector<message_structure> batch_;
    error_code batch_error_;
    std::string message_;                  // lent to the output until it is sent
    std::vector<std::uint32_t> unmarked_;  // sent, \Seen not yet stored
    bool gone_ = false;
    bool failed_ = false;
};
}

std::unique_ptr<job> make_fetch(selected_mailbox& mailbox, fetch_arguments arguments, addressing by,
                                std::vector<std::size_t> places, const job_limits& limits)
{
    return std::make_unique<fetch_job>(mailbox, std::move(arguments), by, std::move(places), limits);
}
}
