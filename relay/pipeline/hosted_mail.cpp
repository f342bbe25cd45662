#include <algorithm>

#include "mime/message/address.hpp"
#include "mime/message/header.hpp"
#include "mime/text/ascii.hpp"
#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/causes.hpp"
#include "relay/pipeline/hosted_mail_parts.hpp"
#include "relay/pipeline/mail_content.hpp"

namespace relay::pipeline {
using mime::message::header_view;
using mime::report::dsn_action;
using ports::recipient_verdict;
using ports::store_verdict;

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

// A mailbox of another operator: only by a rule of the trust space, as for letters.
std::optional<recipient_verdict> hosted_mail::why_not_elsewhere(std::string_view domain) const
{
    if (!with_.routes.trusts(domain)) return recipient_verdict::untrusted_domain;
    const route_rule* rule = with_.routes.rule_for(domain);
    if (rule == nullptr || rule->profile == seal_profile::hold) return recipient_verdict::no_route;
    return std::nullopt;
}

recipient_verdict hosted_mail::check_recipient(std::string_view address, const ports::session_facts& from)
{
    if (is_postmaster(address)) return recipient_verdict::accepted;
    const std::string mailbox = mailbox_of(address);
    if (!is_here(domain_of(mailbox)))
        return from.login.empty() ? recipient_verdict::not_local
                                  : why_not_elsewhere(domain_of(mailbox)).value_or(recipient_verdict::accepted);
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
    return {options_.node_name, options_.report_from, options_.zone,
            [this](std::string_view domain) { return is_here(domain); }};
}

// The mail as it is kept and as it leaves: completed if it was submitted, with our trace field.
hosted_mail::arrival hosted_mail::received(const ports::mail_envelope& envelope, std::string_view message,
                                           const header_view* header, const ports::session_facts& from) const
{
    arrival mail{envelope, message, {}, {}, with_.clock.now()};
    mail.row.received_sha256 = mime::hex(mime::sha256(message));
    mail.row.received_at = mail.at;
    const auto id = header != nullptr ? header->find("Message-ID") : std::nullopt;
    if (id) mail.row.message_id = mime::message::read_message_id(*id).value_or("");
    mail.content = "Return-Path: <" + envelope.reverse_path + ">\r\n" +
                   ports::received_field(from, options_.node_name, base::random_token(), mail.at);
    if (from.login.empty() || header == nullptr) {
        mail.content += message;
    } else {
        // The same for the same bytes, so that a repeat is one.
        const std::string own =
            with_.vault.match_key("message-id", from.login + '\n' + mail.row.received_sha256).substr(0, 32);
        completion missing{own + "@" + options_.node_name, mime::message::write_date(date_of(mail.at, options_.zone))};
        mail.content += complete_submitted(message, *header, missing);
        if (!id) mail.row.message_id = missing.message_id;
    }
    mail.row.rfc822_size = mail.content.size();
    return mail;
}

bool hosted_mail::may_leave(std::string_view message) const
{
    return options_.clear == clear_text::to_trusted || content_of(message) != mail_content::clear;
}

// Each recipient once. Clear text is looked for only where there is somebody elsewhere.
hosted_mail::addressed hosted_mail::sort(const arrival& mail, const ports::session_facts& from) const
{
    addressed to;
    std::set<std::string, std::less<>> seen;
    std::optional<bool> may_go;
    for (const auto& one : mail.envelope.recipients) {
        const std::string mailbox = mailbox_of(one.address);
        if (!seen.insert(mime::lower(mailbox)).second) continue;
        ++to.all;
        const bool elsewhere = !from.login.empty() && !is_postmaster(one.address) && !is_here(domain_of(mailbox));
        if (!elsewhere) {
            (options_.server != nullptr && !mailbox.empty() ? to.beside : to.here).push_back(&one);
            continue;
        }
        if (!may_go) may_go = may_leave(mail.message);
        if (!*may_go)
            to.clear.push_back(&one);
        else if (why_not_elsewhere(domain_of(mailbox)))  // since RCPT
            to.untrusted.push_back(&one);
        else
            to.elsewhere.push_back(&one);
    }
    return to;
}

namespace {
void say_failed(std::vector<reported_recipient>& about, const std::vector<const ports::envelope_recipient*>& whom,
                mime::report::enhanced_status status, std::string_view text)
{
    for (const auto* to : whom)
        if (is_wanted(to->notify, dsn_action::failed))
            about.push_back({to->address, to->orcpt, dsn_action::failed, status, std::string(text), ""});
}
}

store_verdict hosted_mail::store(const ports::mail_envelope& envelope, std::string_view message,
                                 const ports::session_facts& from)
{
    const auto header = header_view::read(message);
    if (header.has_value() && is_looping(*header, options_.node_name)) return store_verdict::looping;
    if (!from.login.empty() && (!header.has_value() || !is_from(*header, from.login)))
        return store_verdict::sender_refused;
    arrival mail = received(envelope, message, header.has_value() ? &*header : nullptr, from);
    const addressed to = sort(mail, from);
    if (to.clear.size() == to.all) return store_verdict::clear_refused;  // the reply says it: no report
    tally done;
    if (const auto kept = serve(mail, to, done); !kept.has_value())
        return kept.error() == boost::system::errc::no_space_on_device ? store_verdict::no_space
                                                                       : store_verdict::temporary_failure;
    if (done.gone.size() == to.all) return store_verdict::mailbox_unknown;
    const std::size_t failed = done.gone.size() + to.clear.size() + to.untrusted.size();
    if (failed == to.all) return store_verdict::refused;
    std::vector<reported_recipient> about;
    say_failed(about, done.gone, facts_of(cause::no_mailbox).status, "550 5.1.1 no such mailbox any more");
    say_failed(about, to.clear, {5, 7, 1},
               "550 5.7.1 not encrypted: only mail sealed by S/MIME leaves for other operators");
    say_failed(about, to.untrusted, {5, 7, 1}, "550 5.7.1 this domain is not of the trust space any more");
    if (!report_failed(mail, about).has_value()) return store_verdict::temporary_failure;
    obs::info(obs::event::smtp_stored, "recipients={} elsewhere={} failed={} octets={} repeat={}", to.all,
              to.elsewhere.size(), failed, message.size(), done.newly == 0);
    if (done.newly > 0 && !from.login.empty()) obs::add(obs::counter::mails_submitted);
    if ((done.newly > 0 || failed > 0) && on_queued_) on_queued_();
    return done.newly > 0 ? store_verdict::stored : store_verdict::duplicate;
}

// One report for all of them.
result<void> hosted_mail::report_failed(const arrival& mail, const std::vector<reported_recipient>& about)
{
    const auto report = make_report(with_, reporting(), mail.envelope, mail.message, mail.at, about);
    if (!report) return {};
    return with_.store.write([&](ports::transaction& tx) { queue_report(tx, *report); });
}
}
