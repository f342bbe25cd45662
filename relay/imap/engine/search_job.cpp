// SEARCH and UID SEARCH (RFC 3501 §6.4.4), some messages per step.
#include <optional>

#include "mime/message/header.hpp"
#include "relay/imap/engine/selected.hpp"
#include "relay/imap/mailbox/search.hpp"

namespace relay::imap {
namespace {
using pipeline::ports::mailbox_errc;

// The message under consideration, loaded when a key asks for it and kept for the keys after that.
class stored_text final : public message_text {
public:
    stored_text(pipeline::ports::open_mailbox& store, std::uint32_t uid) : store_(store), uid_(uid) {}

    [[nodiscard]] result<std::string_view> header() override
    {
        if (whole_) return header_of_whole();
        if (!header_) {
            const std::uint32_t uids[] = {uid_};
            auto loaded = store_.load_structures(uids);
            if (loaded.has_error()) return loaded.error();
            if (loaded->empty()) return make_error_code(mailbox_errc::message_gone);
            header_ = std::move(loaded->front().header);
        }
        if (!header_->empty()) return std::string_view(*header_);
        const auto octets = whole();
        return octets.has_error() ? octets : header_of_whole();
    }

    [[nodiscard]] result<std::string_view> whole() override
    {
        if (!whole_) {
            auto loaded = store_.load_message(uid_);
            if (loaded.has_error()) return loaded.error();
            whole_ = std::move(*loaded);
        }
        return std::string_view(*whole_);
    }

    [[nodiscard]] bool loaded() const { return whole_ || header_; }

private:
    [[nodiscard]] result<std::string_view> header_of_whole() const
    {
        return std::string_view(*whole_).substr(0, mime::message::header_octets(*whole_));
    }

    pipeline::ports::open_mailbox& store_;
    std::uint32_t uid_;
    std::optional<std::string> header_;
    std::optional<std::string> whole_;
};

class search_job final : public job {
public:
    search_job(selected_mailbox& mailbox, search_arguments arguments, addressing by, const job_limits& limits)
        : mailbox_(mailbox), key_(std::move(arguments.key)), by_(by), limits_(limits)
    {
        prepare_search(key_, mailbox_.messages);
    }

    [[nodiscard]] addressing by() const override { return by_; }

    [[nodiscard]] progress step(output& out) override
    {
        std::size_t loads = 0;
        for (std::size_t looked = 0; next_ < mailbox_.messages.size(); ++looked) {
            if (looked == limits_.searched_per_step || loads == limits_.loads_per_step) return progress::pause;
            if (look_at(next_++)) ++loads;
        }
        out.add(found_ + "\r\n");
        return progress::done;
    }

    [[nodiscard]] std::string reply() const override
    {
        return failed_ ? "NO [UNAVAILABLE] Some messages could not be read, try again later" : "OK SEARCH completed";
    }

private:
    // True if the message had to be loaded.
    bool look_at(std::size_t place)
    {
        const auto& row = mailbox_.messages.at(place);
        const auto number = static_cast<std::uint32_t>(place + 1);
        stored_text text(*mailbox_.store, row.uid);
        const auto match = matches(key_, row, number, text);
        if (match.has_error()) {
            if (match.error() != mailbox_errc::message_gone) failed_ = true;
        } else if (*match) {
            found_ += ' ' + std::to_string(by_ == addressing::uids ? row.uid : number);
        }
        return text.loaded();
    }

    selected_mailbox& mailbox_;
    search_key key_;
    addressing by_;
    job_limits limits_;
    std::size_t next_ = 0;
    std::string found_ = "* SEARCH";
    bool failed_ = false;
};
}

std::unique_ptr<job> make_search(selected_mailbox& mailbox, search_arguments arguments, addressing by,
                                 const job_limits& limits)
{
    return std::make_unique<search_job>(mailbox, std::move(arguments), by, limits);
}
}
