#include "relay/pipeline/outbound.hpp"

#include <algorithm>
#include <random>

#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"
#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/reception.hpp"

namespace relay::pipeline {
namespace {
event about(instant at, event_kind kind, cause why = cause::none)
{
    event next;
    next.at = at;
    next.kind = kind;
    next.facts.why = why;
    return next;
}

bool may_be_sent(delivery_state state)
{
    return state == delivery_state::queued || state == delivery_state::deferred || state == delivery_state::uncertain;
}

// Runs `change` on a delivery that is still there, in one unit.
template <class Change>
result<void> change_delivery(ports::store& store, const delivery_id& id, Change change)
{
    return store.write([&](ports::transaction& tx) {
        if (auto row = tx.delivery(id)) change(tx, *row);
    });
}
}

double random_unit()
{
    thread_local std::minstd_rand engine{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

std::chrono::milliseconds retry_policy::delay(int attempts, double jitter) const noexcept
{
    double seconds = static_cast<double>(first.count());
    for (int i = 1; i < attempts && seconds < static_cast<double>(most.count()); ++i) seconds *= 2;
    seconds = std::min(seconds, static_cast<double>(most.count()));
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * (0.8 + 0.4 * jitter) * 1000));
}

outbound::outbound(services with, outbound_options options) : with_(with), options_(std::move(options)) {}

result<std::size_t> outbound::recover()
{
    std::vector<delivery_row> unanswered;
    if (auto read = with_.store.read(
            [&](ports::reader& store) { unanswered = store.deliveries_in(delivery_state::sending, 1'000'000); });
        !read.has_value())
        return read.error();
    const instant now = with_.clock.now();
    if (!unanswered.empty()) {
        const auto written = with_.store.write([&](ports::transaction& tx) {
            for (delivery_row& row : unanswered) {
                row.next_try = now;
                record(tx, row, about(now, event_kind::reply_lost, cause::reply_lost));
            }
        });
        if (!written.has_value()) return written.error();
    }
    return unanswered.size();
}

result<std::vector<delivery_id>> outbound::due(std::size_t limit)
{
    std::vector<delivery_id> ids;
    const auto read = with_.store.read([&](ports::reader& store) {
        for (const delivery_row& row : store.due_deliveries(with_.clock.now(), limit)) ids.push_back(row.id);
    });
    if (!read.has_value()) return read.error();
    return ids;
}

result<std::optional<instant>> outbound::next_due()
{
    std::optional<instant> at;
    const auto read = with_.store.read([&](ports::reader& store) { at = store.next_due(); });
    if (!read.has_value()) return read.error();
    return at;
}

result<std::optional<prepared_mail>> outbound::prepare(const delivery_id& id)
{
    std::optional<delivery_row> row;
    if (auto read = with_.store.read([&](ports::reader& store) { row = store.delivery(id); }); !read.has_value())
        return read.error();
    if (!row || !may_be_sent(row->state)) return std::optional<prepared_mail>();
    const auto opened = with_.vault.open_field(field::recipient, row->recipient);
    if (!opened.has_value()) return opened.error();
    const recipient to = read_recipient(*opened);
    return row->mail.empty() ? prepare_new(*row, to) : prepare_sealed(*row, to);
}

// The same ids and bytes again, whatever changed in the directory since.
result<std::optional<prepared_mail>> outbound::prepare_sealed(const delivery_row& row, const recipient& to)
{
    std::optional<ports::sealed_object> object;
    if (auto read = with_.store.read([&](ports::reader& store) { object = store.blob(row.mail); }); !read.has_value())
        return read.error();
    if (!object) return boost::system::errc::make_error_code(boost::system::errc::no_such_file_or_directory);
    auto bytes = with_.vault.open(*object);
    if (!bytes.has_value()) return bytes.error();
    const route_rule* rule = row.kind == delivery_kind::letter ? with_.routes.rule_for(row.domain)
                                                               : with_.routes.rule_for(domain_of(to.address));
    if (rule != nullptr && rule->profile == seal_profile::hold) rule = nullptr;  // put on hold after the sealing
    prepared_mail mail{row.id, row.lease + 1, row.kind, {}, {}, to.address, row.envid, nullptr};
    if (rule != nullptr) mail.to = hop_for(*rule, domain_of(to.address));
    if (row.kind == delivery_kind::letter && options_.composer) mail.reverse_path = options_.composer->address;
    mail.bytes = std::make_shared<const std::string>(std::move(*bytes));
    bool started = false;
    const auto written = change_delivery(with_.store, row.id, [&](ports::transaction& tx, delivery_row& now) {
        if (!may_be_sent(now.state) || now.lease != row.lease) return;
        if (rule == nullptr) {  // the domain lost its rule: wait for it
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
    recipient addressed = to;
    addressed.address = found.address;
    const std::string recipient_field = with_.vault.seal_field(field::recipient, write_recipient(addressed));
    bool started = false;
    const auto written = change_delivery(with_.store, row.id, [&](ports::transaction& tx, delivery_row& current) {
        started = may_be_sent(current.state) && current.lease == row.lease && current.mail.empty() &&
                  role_of_mail(tx, with_.vault, *letter, current) == role;  // else it is decided again
        if (!started) return;
        tx.add_blob(sealed);
        current.mail = sealed.id;
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
        record(tx, current, about(now, event_kind::attempt_started));
    });
    if (!written.has_value()) return written.error();
    if (!started) return std::optional<prepared_mail>();
    obs::info(obs::event::letter_sealed, "id={} delivery={} octets={}", letter->id.text(), row.id.text(),
              mail.bytes->size());
    return std::optional(std::move(mail));
}

result<void> outbound::finish(const prepared_mail& mail, const attempt_result& outcome)
{
    const instant now = with_.clock.now();
    event next = about(now, event_kind::accepted, outcome.why);
    switch (outcome.end) {
        case attempt_end::accepted: next.kind = event_kind::accepted; break;
        case attempt_end::temporary: next.kind = event_kind::deferred; break;
        case attempt_end::permanent: next.kind = event_kind::refused; break;
        case attempt_end::uncertain: next.kind = event_kind::reply_lost; break;
    }
    next.facts.smtp_code = outcome.smtp_code;
    next.facts.enhanced_status = outcome.enhanced_status;
    next.facts.peer = outcome.peer;
    next.facts.tls = outcome.tls;
    next.facts.peer_text = outcome.peer_text;
    delivery_state reached = delivery_state::sending;
    const auto written = change_delivery(with_.store, mail.id, [&](ports::transaction& tx, delivery_row& row) {
        if (row.lease != mail.lease) return;  // fencing: somebody else holds it now (design.md §5)
        row.next_try = now + options_.retry.delay(row.attempts, random_unit());
        record(tx, row, next);
        reached = row.state;
        if (row.state == delivery_state::failed && row.kind == delivery_kind::letter && options_.composer)
            queue_reception(tx, with_, row, now,
                            reception_failure{outcome.smtp_code == 0 ? std::nullopt : std::optional(outcome.smtp_code),
                                              outcome.enhanced_status},
                            options_.composer->zone);
        if (row.kind == delivery_kind::report && is_accepted(row.state)) {  // a report has nothing more to prove
            tx.remove_blob(row.mail);
            row.mail = {};
            tx.save_delivery(row);
        }
    });
    obs::info(obs::event::smtp_attempt, "delivery={} state={} code={} cause={}", mail.id.text(), name(reached),
              outcome.smtp_code, name(outcome.why));
    return written;
}

result<std::size_t> outbound::expire()
{
    std::size_t count = 0;
    for (const delivery_state state :
         {delivery_state::held, delivery_state::queued, delivery_state::deferred, delivery_state::uncertain})
        for (;;) {
            const auto given_up = expire_some(state);
            if (!given_up.has_value()) return given_up.error();
            count += *given_up;
            if (*given_up == 0) break;
        }
    return count;
}

// A few at a time, the oldest first: memory must not grow with the queue.
result<std::size_t> outbound::expire_some(delivery_state state)
{
    constexpr std::size_t at_once = 200;
    const instant now = with_.clock.now();
    std::vector<delivery_row> late;
    const auto read = with_.store.read([&](ports::reader& store) { late = store.deliveries_in(state, at_once); });
    if (!read.has_value()) return read.error();
    std::erase_if(late, [&](const delivery_row& row) { return row.created_at > now - options_.retry.give_up; });
    std::size_t count = 0;
    for (const delivery_row& row : late) {
        const auto written = change_delivery(with_.store, row.id, [&](ports::transaction& tx, delivery_row& current) {
            if (current.state != state) return;
            record(tx, current,
                   about(now, event_kind::undeliverable, current.why == cause::none ? cause::expired : current.why));
            if (current.kind == delivery_kind::letter && options_.composer)
                queue_reception(tx, with_, current, now, failure_at_deadline(current.why), options_.composer->zone);
            ++count;
        });
        if (!written.has_value()) return written.error();
    }
    return count;
}

namespace {
// A newer version goes to the same mailbox, or the document was deleted: sending this one after it would turn the order
// round.
bool is_overtaken(ports::transaction& tx, const delivery_row& row)
{
    if (row.set_key.empty()) return false;
    for (const letter_row& letter : tx.letters_of_set(row.set_key)) {
        if (turn_of(letter.version, letter.operation) <= row.turn) continue;
        if (letter.operation == letter_operation::remove) return true;
        for (const delivery_row& newer : tx.deliveries_of_letter(letter.id))
            if (newer.recipient_key == row.recipient_key && newer.state != delivery_state::cancelled) return true;
    }
    return false;
}
}

result<bool> outbound::requeue(const delivery_id& id)
{
    bool done = false;
    const auto written = change_delivery(with_.store, id, [&](ports::transaction& tx, delivery_row& row) {
        if (row.state == delivery_state::sending || row.state == delivery_state::superseded || is_accepted(row.state))
            return;
        if (is_overtaken(tx, row)) return;
        row.next_try = row.created_at = with_.clock.now();  // a person gives it a new day
        record(tx, row, about(with_.clock.now(), event_kind::requeued));
        done = row.state == delivery_state::queued;
    });
    if (!written.has_value()) return result<bool>(boost::system::in_place_error, written.error());
    return result<bool>(boost::system::in_place_value, done);
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
            queue_reception(tx, with_, row, with_.clock.now(),
                            reception_failure{why == cause::too_big ? std::optional(523) : std::nullopt, ""},
                            options_.composer->zone);
    });
}
}
