#include "relay/pipeline/hosted_mail.hpp"

#include <algorithm>

#include "mime/message/address.hpp"
#include "mime/message/header.hpp"
#include "mime/message/imap_view.hpp"
#include "mime/text/ascii.hpp"
#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/causes.hpp"

namespace relay::pipeline {
using mime::message::header_view;
using mime::report::dsn_action;
using ports::recipient_verdict;
using ports::store_verdict;

struct hosted_mail::arrival {
    const ports::mail_envelope& envelope;
    std::string_view message;  // as received
    std::string content;       // with our trace fields
    ports::new_message row;    // but for its mailbox and object
    instant at;
};

namespace {
// "by <own name>" of one Received field, RFC 5321 §4.4.
bool names_us(std::string_view received, std::string_view own_name)
{
    for (std::size_t at = received.find("by "); at != received.npos; at = received.find("by ", at + 3)) {
        const std::string_view rest = mime::trim(received.substr(at + 3));
        const bool begins = at == 0 || mime::is_wsp(received[at - 1]) || received[at - 1] == '\n';
        if (begins && mime::starts_with_text(rest, own_name) &&
            (rest.size() == own_name.size() || mime::is_wsp(rest[own_name.size()]) || rest[own_name.size()] == ';' ||
             rest[own_name.size()] == '\r'))
            return true;
    }
    return false;
}

// Exactly one author, and that is the account (RFC 6409 §8.1 leaves it to us; a mailbox here is a person or service).
bool is_from(const header_view& header, std::string_view address)
{
    const auto fields = header.find_all("From");
    if (fields.size() != 1) return false;
    const auto authors = mime::message::read_mailboxes(fields.front());
    return authors.has_value() && authors->size() == 1 && mime::same_text(authors->front().address, address);
}
}

bool is_looping(std::string_view message, std::string_view own_name, const loop_limits& limits)
{
    const auto header = header_view::read(message);
    return header.has_value() && is_looping(*header, own_name, limits);
}

bool is_looping(const header_view& header, std::string_view own_name, const loop_limits& limits)
{
    std::size_t all = 0;
    std::size_t own = 0;
    for (const auto& field : header.fields()) {
        if (!mime::same_text(field.name, "Received")) continue;
        ++all;
        if (names_us(field.value, own_name)) ++own;
    }
    return all > limits.max_received || own > limits.max_own;
}

// RFC 5321 §4.5.1: "postmaster" alone, at a hosted domain or at this node, whatever its case; always accepted.
bool hosted_mail::is_postmaster(std::string_view address) const
{
    const auto at = address.rfind('@');
    return mime::lower(address.substr(0, at)) == "postmaster" &&
           (at == std::string_view::npos || options_.domains.contains(domain_of(address)) ||
            mime::same_text(domain_of(address), options_.node_name));
}

hosted_mail::hosted_mail(services with, hosted_mail_options options, std::function<void()> on_queued)
    : with_(with), options_(std::move(options)), on_queued_(std::move(on_queued))
{
}

std::string hosted_mail::mailbox_of(std::string_view address) const
{
    const auto at = address.rfind('@');
    if (is_postmaster(address)) return options_.postmaster;
    return std::string(address.substr(0, at + 1)) + domain_of(address);
}

recipient_verdict hosted_mail::check_recipient(std::string_view address, const ports::session_facts&)
{
    if (is_postmaster(address)) return recipient_verdict::accepted;
    const std::string mailbox = mailbox_of(address);
    if (!options_.domains.contains(domain_of(mailbox))) return recipient_verdict::not_local;
    if (options_.server != nullptr) {
        const ports::mailbox_reply said = options_.server->check(mailbox);
        if (said.is_positive()) return recipient_verdict::accepted;
        if (!said.is_permanent()) return recipient_verdict::temporary_failure;
        return said.enhanced_status == "5.2.1" ? recipient_verdict::mailbox_closed : recipient_verdict::mailbox_unknown;
    }
    std::optional<ports::account_row> account;
    if (!with_.store.read([&](ports::reader& store) { account = store.account_by_address(mailbox); }).has_value())
        return recipient_verdict::temporary_failure;
    if (!account) return recipient_verdict::mailbox_unknown;
    return account->enabled ? recipient_verdict::accepted : recipient_verdict::mailbox_closed;
}

reporting_options hosted_mail::reporting() const
{
    return {options_.node_name, options_.report_from, options_.zone};
}

store_verdict hosted_mail::store(const ports::mail_envelope& envelope, std::string_view message,
                                 const ports::session_facts& from)
{
    const auto header = header_view::read(message);
    if (header.has_value() && is_looping(*header, options_.node_name)) return store_verdict::looping;
    arrival mail{envelope, message, {}, {}, with_.clock.now()};
    if (!from.login.empty() && (!header.has_value() || !is_from(*header, from.login)))
        return store_verdict::sender_refused;
    if (header.has_value())
        mail.row.message_id =
            mime::message::read_message_id(header->find("Message-ID").value_or(std::string())).value_or("");
    mail.content = "Return-Path: <" + envelope.reverse_path + ">\r\n" +
                   ports::received_field(from, options_.node_name, base::random_token(), mail.at);
    mail.content += message;
    mail.row.received_sha256 = mime::hex(mime::sha256(message));
    mail.row.rfc822_size = mail.content.size();
    mail.row.received_at = mail.at;
    if (options_.server == nullptr) {  // the mailboxes are ours, and IMAP serves them
        const mime::message::imap_view view = mime::message::make_imap_view(mail.content);
        mail.row.envelope = view.envelope;
        mail.row.body = view.body;
        mail.row.body_structure = view.body_structure;
        mail.row.sections = view.sections.write_text();
    }
    // One mailbox after the other: a failure half-way is answered 4yz, and those served already know the repeat.
    bool any_new = false;
    std::vector<ports::envelope_recipient> gone;
    std::set<std::string, std::less<>> seen;
    for (const auto& to : envelope.recipients) {
        if (!seen.insert(mime::lower(mailbox_of(to.address))).second) continue;
        const auto done = serve(mail, to);
        if (!done.has_value())
            return done.error() == boost::system::errc::no_space_on_device ? store_verdict::no_space
                                                                           : store_verdict::temporary_failure;
        any_new = any_new || *done == served::newly;
        if (*done == served::gone) gone.push_back(to);
    }
    if (gone.size() == seen.size()) return store_verdict::mailbox_unknown;  // the reply says it: no report
    if (!report_gone(mail, gone).has_value()) return store_verdict::temporary_failure;
    obs::info(obs::event::smtp_stored, "recipients={} gone={} octets={} repeat={}", seen.size(), gone.size(),
              message.size(), !any_new);
    if (any_new && !from.login.empty()) obs::add(obs::counter::mails_submitted);
    if ((any_new || !gone.empty()) && on_queued_) on_queued_();
    return any_new ? store_verdict::stored : store_verdict::duplicate;
}

result<hosted_mail::served> hosted_mail::serve(const arrival& mail, const ports::envelope_recipient& to)
{
    const bool hosted_elsewhere = options_.server != nullptr && !mailbox_of(to.address).empty();
    return hosted_elsewhere ? hand_over(mail, to) : keep_here(mail, to);
}

result<hosted_mail::served> hosted_mail::keep_here(const arrival& mail, const ports::envelope_recipient& to)
{
    ports::new_message row = mail.row;
    row.address = mailbox_of(to.address);
    row.content = with_.vault.seal(mail.content);  // an object has one owner
    served done = served::before;
    const auto written = with_.store.write([&](ports::transaction& tx) {
        const auto account =
            row.address.empty() ? std::optional<ports::account_row>() : tx.account_by_address(row.address);
        if (!account && is_postmaster(to.address)) {
            const auto kept = keep_for_people(tx, with_, mail.message, "POSTMASTER",
                                              "courriel au postmaster : à lire par une personne");
            done = kept == ports::stored_as::new_message ? served::newly : served::before;
            return;
        }
        if (!account || !account->enabled) {
            done = served::gone;
            return;
        }
        if (tx.add_message(row) == ports::stored_as::duplicate) return;
        done = served::newly;
        report_delivered(tx, mail, to);
    });
    if (!written.has_value()) return result<served>(boost::system::in_place_error, written.error());
    return result<served>(boost::system::in_place_value, done);
}

result<hosted_mail::served> hosted_mail::hand_over(const arrival& mail, const ports::envelope_recipient& to)
{
    const auto ended = [](served how) { return result<served>(boost::system::in_place_value, how); };
    const std::string address = mailbox_of(to.address);
    const std::string key = "lmtp:" + with_.vault.match_key("lmtp", mime::lower(address) + '\n' + mail.row.message_id +
                                                                        '\n' + mail.row.received_sha256);
    bool known = false;
    if (const auto read = with_.store.read([&](ports::reader& rows) { known = rows.answered(key).has_value(); });
        !read.has_value())
        return result<served>(boost::system::in_place_error, read.error());
    if (known) return ended(served::before);
    // It writes Return-Path itself, at final delivery (RFC 5321 §4.4).
    const std::string_view traced = std::string_view(mail.content).substr(mail.content.find("\r\n") + 2);
    const ports::mailbox_reply said = options_.server->deliver(mail.envelope.reverse_path, address, traced);
    if (said.is_permanent()) return ended(served::gone);
    if (!said.is_positive())
        return result<served>(boost::system::in_place_error,
                              make_error_code(boost::system::errc::resource_unavailable_try_again));
    const auto written = with_.store.write([&](ports::transaction& tx) {
        if (tx.answered(key)) return;  // the same mail on two connections at once
        tx.add_answer(key, {});
        report_delivered(tx, mail, to);
    });
    if (!written.has_value()) return result<served>(boost::system::in_place_error, written.error());
    return ended(served::newly);
}

void hosted_mail::report_delivered(ports::transaction& tx, const arrival& mail,
                                   const ports::envelope_recipient& to) const
{
    if (!is_wanted(to.notify, dsn_action::delivered)) return;
    queue_report(tx, with_, reporting(), mail.envelope, mail.message, mail.at,
                 {{mailbox_of(to.address), to.orcpt, dsn_action::delivered, {2, 1, 5}, "250 2.1.5 delivered", ""}});
}

// One report for all of them.
result<void> hosted_mail::report_gone(const arrival& mail, const std::vector<ports::envelope_recipient>& gone)
{
    std::vector<reported_recipient> about;
    for (const auto& to : gone)
        if (is_wanted(to.notify, dsn_action::failed))
            about.push_back({mailbox_of(to.address), to.orcpt, dsn_action::failed, facts_of(cause::no_mailbox).status,
                             "550 5.1.1 no such mailbox any more", ""});
    if (about.empty() || mail.envelope.reverse_path.empty()) return {};
    return with_.store.write([&](ports::transaction& tx) {
        queue_report(tx, with_, reporting(), mail.envelope, mail.message, mail.at, about);
    });
}
}
