// The intent: bytes, ids and an attempt that are durable before anything is sent (design.md §3.2).
#include <algorithm>

#include "mime/text/ascii.hpp"
#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/outbound_parts.hpp"
#include "relay/pipeline/reception.hpp"
#include "relay/pipeline/watch_desk.hpp"

namespace relay::pipeline {
result<std::optional<prepared_mail>> outbound::prepare(const delivery_id& id)
{
    std::optional<delivery_row> row;
    bool on_hold = false;
    const auto read = with_.store.read([&](ports::reader& store) {
        row = store.delivery(id);
        on_hold = row && store.is_on_hold(row->domain);
    });
    if (!read.has_value()) return read.error();
    const bool is_due = row && (row->state == delivery_state::queued ||
                                (may_be_sent(row->state) && row->next_try <= with_.clock.now()));
    if (!is_due || on_hold) return std::optional<prepared_mail>();
    const auto opened = with_.vault.open_field(field::recipient, row->recipient);
    if (!opened.has_value()) return opened.error();
    if (row->mail.empty()) return prepare_new(*row, read_recipient(*opened));
    auto mail = prepare_sealed(*row, envelope_of(*row, *opened));
    if (!mail.has_value() || !*mail || (*mail)->kind != delivery_kind::report ||
        !is_here(domain_of((*mail)->recipient)))
        return mail;
    if (auto left = leave_here(**mail); !left.has_value()) return left.error();
    return std::optional<prepared_mail>();
}

bool outbound::is_here(std::string_view domain) const
{
    return options_.hosted != nullptr && options_.hosted->is_here(domain);
}

// MAIL and RCPT with what they ask for, by the kind of mail; without bytes and next hop.
prepared_mail outbound::envelope_of(const delivery_row& row, const std::string& opened) const
{
    prepared_mail mail{row.id, row.lease + 1, row.kind, {}, {}, {}, row.envid, nullptr};
    mail.arrived = row.created_at;
    if (row.kind == delivery_kind::mail) {
        ports::mail_envelope said = read_envelope(opened);
        ports::envelope_recipient& to = said.recipients.front();
        mail.reverse_path = std::move(said.reverse_path);
        mail.recipient = std::move(to.address);
        mail.envid = std::move(said.envid);
        mail.notify = to.notify;
        mail.ret = said.ret;
        mail.orcpt = std::move(to.orcpt);
        return mail;
    }
    mail.recipient = read_recipient(opened).address;
    if (row.kind == delivery_kind::letter)
        ask_for_all_reports(mail);
    else
        mail.notify.never = true;  // reports about reports never end
    return mail;
}

void outbound::ask_for_all_reports(prepared_mail& mail) const
{
    if (options_.composer) mail.reverse_path = options_.composer->address;
    mail.notify.success = mail.notify.failure = mail.notify.delay = true;
    mail.ret = ports::return_wish::headers;
    mail.orcpt = "rfc822;" + mail.recipient;
}

// A report for a mailbox of this server: intent, act and outcome as for any other mail. After a crash in between it is
// found to be a repeat.
result<void> outbound::leave_here(const prepared_mail& mail)
{
    const auto done = options_.hosted->deliver_here(mail.recipient, *mail.bytes);
    attempt_result outcome;
    if (!done.has_value()) {
        outcome.why = cause::peer_down;
    } else if (*done == hosted_mail::served::gone) {
        outcome.end = attempt_end::permanent;
        outcome.why = cause::no_mailbox;
    } else {
        outcome.end = attempt_end::accepted;
    }
    return finish(mail, outcome);
}

// The same ids and bytes again, whatever changed in the directory since.
result<std::optional<prepared_mail>> outbound::prepare_sealed(const delivery_row& row, prepared_mail mail)
{
    std::optional<ports::sealed_object> object;
    if (auto read = with_.store.read([&](ports::reader& store) { object = store.blob(row.mail); }); !read.has_value())
        return read.error();
    if (!object) return boost::system::errc::make_error_code(boost::system::errc::no_such_file_or_directory);
    auto bytes = with_.vault.open(*object);
    if (!bytes.has_value()) return bytes.error();
    // The settings may be stricter than when it was taken.
    if (row.kind == delivery_kind::mail && options_.hosted != nullptr && !options_.hosted->may_leave(*bytes)) {
        if (auto refused = refuse_submitted(row); !refused.has_value()) return refused.error();
        return std::optional<prepared_mail>();
    }
    const std::string domain = domain_of(mail.recipient);
    const bool leaves = row.kind != delivery_kind::report || !is_here(domain);
    const route_rule* rule = with_.routes.rule_for(row.kind == delivery_kind::letter ? row.domain : domain);
    if (rule != nullptr && rule->profile == seal_profile::hold) rule = nullptr;  // put on hold after the sealing
    if (rule != nullptr) mail.to = hop_for(*rule, domain);
    if (row.kind == delivery_kind::mail && std::any_of(bytes->begin(), bytes->end(), mime::is_8bit))
        mail.body = ports::mail_envelope::body_type::eight_bit_mime;
    mail.bytes = std::make_shared<const std::string>(std::move(*bytes));
    bool started = false;
    const auto written = change_delivery(with_.store, row.id, [&](ports::transaction& tx, delivery_row& now) {
        if (!may_be_sent(now.state) || now.lease != row.lease) return;
        if (rule == nullptr && leaves) {  // the domain lost its rule: wait for it
            now.next_try = with_.clock.now() + options_.retry.most;
            record(tx, now, about(with_.clock.now(), event_kind::deferred, cause::untrusted_domain));
            return;
        }
        now.lease = mail.lease;
        record(tx, now, about(with_.clock.now(), event_kind::attempt_started));
        started = true;
    });
    if (!written.has_value()) return written.error();
    if (!started) return std::optional<prepared_mail>();
    return std::optional(std::move(mail));
}

result<std::optional<prepared_mail>> outbound::prepare_new(const delivery_row& row, const recipient& to)
{
    const instant now = with_.clock.now();
    if (!options_.composer) return boost::system::errc::make_error_code(boost::system::errc::operation_not_supported);
    const route_decision decision = decide_route(to, with_.directory, with_.routes, with_.anchors, now);
    if (const cause* why = std::get_if<cause>(&decision)) {
        if (auto held = hold(row.id, *why); !held.has_value()) return held.error();
        return std::optional<prepared_mail>();
    }
    const auto& found = std::get<route_found>(decision);
    if (!found.certificate) return boost::system::errc::make_error_code(boost::system::errc::operation_not_supported);
    std::optional<letter_row> letter;
    mail_role role;
    std::vector<std::optional<ports::sealed_object>> objects;
    const auto read = with_.store.read([&](ports::reader& store) {
        letter = store.letter(row.letter);
        if (!letter) return;
        role = role_of_mail(store, with_.vault, *letter, row);
        const auto carried = role.carried == letter->id ? letter : store.letter(role.carried);
        if (!carried) return;
        objects.push_back(store.blob(carried->document));
        for (const letter_document_row& further : store.further_documents(carried->id))
            objects.push_back(store.blob(further.document));
    });
    if (!read.has_value()) return read.error();
    if (role.what == mail_role::kind::nothing_to_delete) {
        if (auto closed = close_deletion(row.id); !closed.has_value()) return closed.error();
        return std::optional<prepared_mail>();
    }
    if (!letter || objects.empty() || std::any_of(objects.begin(), objects.end(), [](const auto& one) { return !one; }))
        return boost::system::errc::make_error_code(boost::system::errc::no_such_file_or_directory);
    std::vector<std::string> documents;
    for (const auto& object : objects) {
        auto document = with_.vault.open(*object);
        if (!document.has_value()) return document.error();
        documents.push_back(std::move(*document));
    }
    const auto details = with_.vault.open_field(field::letter_details, letter->details);
    if (!details.has_value()) return details.error();

    const letter_details said = read_details(*details);
    const std::string message_id = base::random_token() + "@" + options_.node_name;
    const composition what{
        {documents.begin(), documents.end()}, said, to, found.address, *found.certificate, message_id, now, role};
    auto composed = compose_letter(what, *options_.composer);
    if (!composed.has_value()) {
        obs::error(obs::event::letter_failed, "id={} step=compose code={}", letter->id.text(),
                   composed.error().message());
        // Only the document itself is beyond repair: any other fault is tried again while the clock runs (design.md
        // §5).
        if (composed.error() != compose_errc::document_unreadable) return composed.error();
        if (auto refused = refuse(row.id, cause::unknown); !refused.has_value()) return refused.error();
        return std::optional<prepared_mail>();
    }
    if (composed->size() > options_.max_sealed_octets) {
        if (auto refused = refuse(row.id, cause::too_big); !refused.has_value()) return refused.error();
        return std::optional<prepared_mail>();
    }
    const ports::sealed_object sealed = with_.vault.seal(*composed);
    prepared_mail mail{row.id,
                       row.lease + 1,
                       row.kind,
                       found.to,
                       options_.composer->address,
                       found.address,
                       base::random_token(),
                       std::make_shared<const std::string>(std::move(*composed))};
    ask_for_all_reports(mail);
    recipient addressed = to;
    addressed.address = found.address;
    const std::string recipient_field = with_.vault.seal_field(field::recipient, write_recipient(addressed));
    // An address that was found by the doctor's number is his.
    const auto listed =
        to.address.empty() ? std::vector<ports::directory_entry>() : with_.directory.by_address(to.address);
    bool started = false;
    const auto written = change_delivery(with_.store, row.id, [&](ports::transaction& tx, delivery_row& current) {
        started = may_be_sent(current.state) && current.lease == row.lease && current.mail.empty() &&
                  role_of_mail(tx, with_.vault, *letter, current) == role;  // else it is decided again
        if (!started) return;
        tx.add_blob(sealed);
        current.mail = sealed.id;
        current.octets = mail.bytes->size();
        current.sealed_sha256 = mime::hex(sealed.sha256);
        current.message_id = message_id;
        current.envid = mail.envid;
        current.domain = found.domain;
        current.recipient = recipient_field;
        current.recipient_key = recipient_key(with_.vault, addressed);
        current.lease = mail.lease;
        event about_sealing = about(now, event_kind::sealed);
        about_sealing.delivery = row.id;
        tx.append(about_sealing);
        note_binding(tx, current, to, listed, now);
        record(tx, current, about(now, event_kind::attempt_started));
    });
    if (!written.has_value()) return written.error();
    if (!started) return std::optional<prepared_mail>();
    obs::add(obs::counter::letters_sealed);
    obs::info(obs::event::letter_sealed, "id={} delivery={} octets={}", letter->id.text(), row.id.text(),
              mail.bytes->size());
    return std::optional(std::move(mail));
}

result<void> outbound::hold(const delivery_id& id, cause why)
{
    return change_delivery(with_.store, id, [&](ports::transaction& tx, delivery_row& row) {
        if (row.state == delivery_state::deferred) row.next_try = with_.clock.now() + options_.retry.most;
        record(tx, row, about(with_.clock.now(), event_kind::held, why));
    });
}

// The mail before it came to nothing after all: there is nothing to delete there.
result<void> outbound::close_deletion(const delivery_id& id)
{
    return change_delivery(with_.store, id, [&](ports::transaction& tx, delivery_row& row) {
        event next = about(with_.clock.now(), event_kind::cancelled);
        next.facts.flags = flag_nothing_to_delete;
        record(tx, row, std::move(next));
    });
}

result<void> outbound::refuse(const delivery_id& id, cause why)
{
    return change_delivery(with_.store, id, [&](ports::transaction& tx, delivery_row& row) {
        record(tx, row, about(with_.clock.now(), event_kind::refused, why));
        if (options_.composer)
            queue_reception(tx, with_, row, with_.clock.now(), failure_without_reply(why), options_.composer->zone);
    });
}
}
