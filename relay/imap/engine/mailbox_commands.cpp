// LIST, LSUB, STATUS, SELECT, EXAMINE, CLOSE, EXPUNGE, FETCH, STORE, SEARCH (RFC 3501 §6.3, §6.4).
#include <algorithm>

#include "relay/imap/engine/server_engine.hpp"
#include "relay/imap/mailbox/flags.hpp"
#include "relay/imap/mailbox/list_pattern.hpp"
#include "relay/imap/wire/cursor.hpp"
#include "relay/imap/wire/response.hpp"

namespace relay::imap {
namespace {
using pipeline::ports::mailbox_access;
using pipeline::ports::mailbox_errc;
using pipeline::ports::message_flag;

std::string_view failure_text(const error_code& ec)
{
    if (ec == mailbox_errc::mailbox_unknown) return "NO [NONEXISTENT] No such mailbox";
    if (ec == mailbox_errc::mailbox_read_only) return "NO [CANNOT] Mailbox is read-only";
    return "NO [UNAVAILABLE] Not possible now, try again later";
}

std::string status_text(status_item item, const pipeline::ports::mailbox_status& status)
{
    switch (item) {
        case status_item::messages: return "MESSAGES " + std::to_string(status.messages);
        case status_item::recent: return "RECENT 0";
        case status_item::uid_next: return "UIDNEXT " + std::to_string(status.uid_next);
        case status_item::uid_validity: return "UIDVALIDITY " + std::to_string(status.uid_validity);
        case status_item::unseen: return "UNSEEN " + std::to_string(status.unseen);
    }
    return "";
}

constexpr auto not_by_uid = addressing::sequence_numbers;

pipeline::ports::flag_operation operation_of(store_operation operation)
{
    switch (operation) {
        case store_operation::add: return pipeline::ports::flag_operation::add;
        case store_operation::remove: return pipeline::ports::flag_operation::remove;
        case store_operation::replace: break;
    }
    return pipeline::ports::flag_operation::replace;
}
}

// Every mailbox counts as subscribed, so LSUB answers as LIST does.
void server_engine::run_list(const command& asked)
{
    const auto& given = std::get<list_arguments>(asked.arguments);
    const std::string_view word = asked.name == verb::list ? "LIST" : "LSUB";
    const std::string prefix = "* " + std::string(word);
    if (given.pattern.empty()) {  // RFC 3501 §6.3.8: asks for the hierarchy delimiter
        if (asked.name == verb::list) say(prefix + " (\\Noselect) \"/\" \"\"");
    } else {
        const auto names = account_->names();
        if (names.has_error()) {
            answer(asked.tag, failure_text(names.error()));
            return;
        }
        std::string pattern = given.reference + given.pattern;
        if (equals_ignoring_case(pattern, "INBOX")) pattern = "INBOX";
        for (const auto& name : *names) {
            if (!matches_list_pattern(pattern, name)) continue;
            std::string line = prefix + " (\\NoInferiors) \"/\" ";
            append_astring(line, name);
            say(line);
        }
    }
    complete(asked.tag, std::string("OK ").append(word).append(" completed"), expunge_reports::allowed, not_by_uid);
}

void server_engine::run_status(const command& asked)
{
    const auto& given = std::get<status_arguments>(asked.arguments);
    const auto status = account_->status(given.mailbox);
    if (status.has_error()) {
        answer(asked.tag, failure_text(status.error()));
        return;
    }
    std::string line = "* STATUS ";
    append_astring(line, given.mailbox);
    line += " (";
    for (const auto item : given.items) line += status_text(item, *status) + ' ';
    line.back() = ')';
    say(line);
    complete(asked.tag, "OK STATUS completed", expunge_reports::allowed, not_by_uid);
}

void server_engine::run_select(const command& asked)
{
    selected_.reset();  // RFC 3501 §6.3.1: also when the new one cannot be opened
    const auto access = asked.name == verb::select ? mailbox_access::read_write : mailbox_access::read_only;
    auto opened = account_->open(std::get<mailbox_arguments>(asked.arguments).mailbox, access);
    if (opened.has_error()) {
        answer(asked.tag, failure_text(opened.error()));
        return;
    }
    auto snapshot = (*opened)->snapshot();
    if (snapshot.has_error()) {
        answer(asked.tag, failure_text(snapshot.error()));
        return;
    }
    const pipeline::ports::mailbox_status status = snapshot->status;
    selected_.emplace(selected_mailbox{std::move(*opened), message_list(std::move(*snapshot)), access});
    describe_selected(status);
    answer(asked.tag, access == mailbox_access::read_write ? "OK [READ-WRITE] SELECT completed"
                                                           : "OK [READ-ONLY] EXAMINE completed");
}

void server_engine::describe_selected(const pipeline::ports::mailbox_status& status)
{
    const message_list& messages = selected_->messages;
    const bool writable = selected_->access == mailbox_access::read_write;
    say("* FLAGS " + std::string(all_flags()));
    say("* " + std::to_string(messages.size()) + " EXISTS");
    say("* 0 RECENT");
    for (std::size_t place = 0; place < messages.size(); ++place) {
        if (messages.at(place).flags.has(message_flag::seen)) continue;
        say("* OK [UNSEEN " + std::to_string(place + 1) + "] First unseen message");
        break;
    }
    say("* OK [UIDVALIDITY " + std::to_string(status.uid_validity) + "] UIDs valid");
    say("* OK [UIDNEXT " + std::to_string(status.uid_next) + "] Predicted next UID");
    say("* OK [PERMANENTFLAGS " + std::string(writable ? all_flags() : "()") + "] Flags kept");
}

result<void> server_engine::expunge_deleted()
{
    std::vector<std::uint32_t> uids;
    for (std::size_t place = 0; place < selected_->messages.size(); ++place)
        if (selected_->messages.at(place).flags.has(message_flag::deleted))
            uids.push_back(selected_->messages.at(place).uid);
    if (uids.empty()) return {};
    const auto removed = selected_->store->expunge(uids);
    if (removed.has_error()) return removed.error();
    return {};
}

void server_engine::run_close(const command& asked)
{
    if (selected_->access == mailbox_access::read_write) {
        // What another connection marked meanwhile goes too (RFC 3501 §6.4.2), so look once more.
        output unsaid;
        append_updates(unsaid, *selected_, expunge_reports::allowed, not_by_uid);
        if (const auto done = expunge_deleted(); done.has_error()) {
            answer(asked.tag, failure_text(done.error()));
            return;
        }
    }
    selected_.reset();
    answer(asked.tag, "OK CLOSE completed");
}

void server_engine::run_expunge(const command& asked)
{
    if (selected_->access == mailbox_access::read_only) {
        answer(asked.tag, failure_text(mailbox_errc::mailbox_read_only));
        return;
    }
    append_updates(out_, *selected_, expunge_reports::allowed, not_by_uid);
    const auto done = expunge_deleted();
    complete(asked.tag, done.has_error() ? failure_text(done.error()) : "OK EXPUNGE completed",
             expunge_reports::allowed, not_by_uid);
}

void server_engine::run_fetch(command& asked)
{
    auto& given = std::get<fetch_arguments>(asked.arguments);
    auto places = selected_->messages.resolve(given.messages, asked.by, numbers_beyond::refused);
    if (!places) {
        bad(asked.tag, "No such message number");
        return;
    }
    job_tag_ = asked.tag;
    job_ = make_fetch(*selected_, std::move(given), asked.by, std::move(*places), limits_.jobs);
}

void server_engine::run_search(command& asked)
{
    job_tag_ = asked.tag;
    job_ = make_search(*selected_, std::move(std::get<search_arguments>(asked.arguments)), asked.by, limits_.jobs);
}

void server_engine::run_store(const command& asked)
{
    const auto& given = std::get<store_arguments>(asked.arguments);
    const auto places = selected_->messages.resolve(given.messages, asked.by, numbers_beyond::refused);
    if (!places) {
        bad(asked.tag, "No such message number");
        return;
    }
    if (selected_->access == mailbox_access::read_only) {
        answer(asked.tag, failure_text(mailbox_errc::mailbox_read_only));
        return;
    }
    std::vector<std::uint32_t> uids;
    for (const auto place : *places) uids.push_back(selected_->messages.at(place).uid);
    const auto rows = selected_->store->store_flags(uids, operation_of(given.operation), read_flags(given.flags));
    if (rows.has_error()) {
        answer(asked.tag, failure_text(rows.error()));
        return;
    }
    std::string text;
    for (const auto& row : *rows) {
        selected_->messages.update(row);
        if (given.reply == store_reply::silent) continue;
        if (const auto place = selected_->messages.find(row.uid))
            append_fetch_flags(text, *selected_, *place, asked.by);
    }
    out_.add(text);
    const bool all = rows->size() == uids.size() || asked.by == addressing::uids;
    complete(asked.tag, all ? "OK STORE completed" : "NO [EXPUNGEISSUED] Some of the messages no longer exist",
             asked.by == addressing::uids ? expunge_reports::allowed : expunge_reports::withheld, asked.by);
}
}
