// Where a mail goes: into mailboxes here and the queue, in one unit; to the mailbox server beside us.
#include "mime/message/imap_view.hpp"
#include "mime/text/ascii.hpp"
#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/hosted_mail_parts.hpp"

namespace relay::pipeline {
using mime::report::dsn_action;
namespace {
// Copies in memory at once; those of a mail for more mailboxes go in several units, the queue's rows with the last.
constexpr std::size_t max_unit_octets = 64U << 20U;
}

void compute_view(ports::new_message& row, std::string_view content)
{
    const mime::message::imap_view view = mime::message::make_imap_view(content);
    row.envelope = view.envelope;
    row.body = view.body;
    row.body_structure = view.body_structure;
    row.sections = view.sections.write_text();
}

// A failure half-way is answered 4yz, and those served already know the repeat.
result<void> hosted_mail::serve(arrival& mail, const addressed& to, tally& done)
{
    for (const auto* one : to.beside) {
        const auto how = hand_over(mail, *one);
        if (!how.has_value()) return how.error();
        if (*how == served::newly) ++done.newly;
        if (*how == served::gone) done.gone.push_back(one);
    }
    if (!to.here.empty()) compute_view(mail.row, mail.content);
    std::vector<mailbox_copy> copies;
    std::size_t octets = 0;
    for (const auto* one : to.here) {
        if (octets >= max_unit_octets) {
            if (auto kept = keep_in_one_unit(mail, copies, {}, done); !kept.has_value()) return kept;
            copies.clear();
            octets = 0;
        }
        copies.push_back(copy_for(mail, *one));
        octets += mail.content.size();
    }
    if (copies.empty() && to.elsewhere.empty()) return {};
    return keep_in_one_unit(mail, copies, to.elsewhere, done);
}

hosted_mail::mailbox_copy hosted_mail::copy_for(const arrival& mail, const ports::envelope_recipient& to) const
{
    mailbox_copy copy{&to, mail.row, report_delivered(mail, to)};
    copy.row.address = mailbox_of(to.address);
    copy.row.content = with_.vault.seal(mail.content);  // an object of a mailbox has one owner
    return copy;
}

namespace {
// The same mail once more is a repeat of one that may still arrive or has; one that failed is sent anew.
bool is_on_its_way(ports::reader& store, const std::string& delivery)
{
    const auto row = store.delivery(delivery_id(delivery));
    return row && (is_open(row->state) || is_accepted(row->state));
}
}

result<void> hosted_mail::keep_in_one_unit(const arrival& mail, const std::vector<mailbox_copy>& copies,
                                           const recipients& elsewhere, tally& done)
{
    ports::sealed_object shared;
    if (!elsewhere.empty()) shared = with_.vault.seal(mail.traced());
    tally here;
    const auto written = with_.store.write([&](ports::transaction& tx) {
        here = {};
        for (const mailbox_copy& copy : copies) {
            const served how = keep(tx, mail, copy);
            if (how == served::newly) ++here.newly;
            if (how == served::gone) here.gone.push_back(copy.to);
        }
        bool is_added = false;
        for (const auto* to : elsewhere) {
            const std::string key = known_by("submitted", mail, to->address);
            if (const auto before = tx.answered(key); before && is_on_its_way(tx, before->answer)) continue;
            if (!std::exchange(is_added, true)) tx.add_blob(shared);
            tx.add_answer(key, {{}, queue_submitted(tx, with_, mail.envelope, *to, shared).text()});
            ++here.newly;
        }
    });
    if (!written.has_value()) return written;
    done.newly += here.newly;
    done.gone.insert(done.gone.end(), here.gone.begin(), here.gone.end());
    return {};
}

hosted_mail::served hosted_mail::keep(ports::transaction& tx, const arrival& mail, const mailbox_copy& copy) const
{
    const auto account =
        copy.row.address.empty() ? std::optional<ports::account_row>() : tx.account_by_address(copy.row.address);
    const bool is_kept = account && account->enabled;
    if (!is_kept && is_postmaster(copy.to->address)) {
        const auto kept =
            keep_for_people(tx, with_, mail.message, "POSTMASTER", "courriel au postmaster : à lire par une personne");
        return kept == ports::stored_as::new_message ? served::newly : served::before;
    }
    if (!is_kept) return served::gone;
    if (tx.add_message(copy.row) == ports::stored_as::duplicate) return served::before;
    if (copy.delivered) queue_report(tx, *copy.delivered);
    return served::newly;
}

// What a repeat is known by where no mailbox of ours knows it: the same recipient, Message-ID and bytes.
std::string hosted_mail::known_by(std::string_view way, const arrival& mail, std::string_view address) const
{
    return std::string(way) + ":" +
           with_.vault.match_key(way,
                                 mime::lower(address) + '\n' + mail.row.message_id + '\n' + mail.row.received_sha256);
}

result<hosted_mail::served> hosted_mail::hand_over(const arrival& mail, const ports::envelope_recipient& to)
{
    const auto ended = [](served how) { return result<served>(boost::system::in_place_value, how); };
    const std::string address = mailbox_of(to.address);
    const std::string key = known_by("lmtp", mail, address);
    bool known = false;
    if (const auto read = with_.store.read([&](ports::reader& rows) { known = rows.answered(key).has_value(); });
        !read.has_value())
        return result<served>(boost::system::in_place_error, read.error());
    if (known) return ended(served::before);
    const ports::mailbox_reply said = options_.server->deliver(mail.envelope.reverse_path, address, mail.traced());
    if (said.is_permanent()) return ended(served::gone);
    if (!said.is_positive())
        return result<served>(boost::system::in_place_error,
                              make_error_code(boost::system::errc::resource_unavailable_try_again));
    const auto report = report_delivered(mail, to);
    const auto written = with_.store.write([&](ports::transaction& tx) {
        if (tx.answered(key)) return;  // the same mail on two connections at once
        tx.add_answer(key, {});
        if (report) queue_report(tx, *report);
    });
    if (!written.has_value()) return result<served>(boost::system::in_place_error, written.error());
    return ended(served::newly);
}

std::optional<made_report> hosted_mail::report_delivered(const arrival& mail, const ports::envelope_recipient& to) const
{
    if (!is_wanted(to.notify, dsn_action::delivered)) return std::nullopt;
    return make_report(
        with_, reporting(), mail.envelope, mail.message, mail.at,
        {{mailbox_of(to.address), to.orcpt, dsn_action::delivered, {2, 1, 5}, "250 2.1.5 delivered", ""}});
}

result<hosted_mail::served> hosted_mail::deliver_here(std::string_view address, std::string_view message)
{
    ports::mail_envelope envelope;  // from <>
    envelope.recipients.push_back({std::string(address), {.never = true}, ""});
    const auto header = mime::message::header_view::read(message);
    arrival mail = received(envelope, message, header.has_value() ? &*header : nullptr, {});
    mail.content = "Return-Path: <>\r\n" + std::string(message);  // it came from nowhere
    mail.row.rfc822_size = mail.content.size();
    addressed to;
    (options_.server != nullptr ? to.beside : to.here).push_back(&envelope.recipients.front());
    tally done;
    if (const auto kept = serve(mail, to, done); !kept.has_value())
        return result<served>(boost::system::in_place_error, kept.error());
    return result<served>(boost::system::in_place_value, done.gone.empty() ? served::newly : served::gone);
}
}
