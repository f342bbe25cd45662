#include "relay/pipeline/idle_mailboxes.hpp"

#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"
#include "relay/pipeline/content_purge_parts.hpp"
#include "relay/pipeline/hosted_mail_parts.hpp"
#include "relay/pipeline/notice_mail.hpp"
#include "relay/pipeline/outbound_parts.hpp"
#include "relay/pipeline/ports/worklist.hpp"

namespace relay::pipeline {
namespace {
constexpr std::size_t looked_at_once = 200;
constexpr std::size_t mails_at_once = 100;  // others wait no longer than for these

std::string french_day(instant at, const mime::zone& zone)
{
    return mime::format_local(at, zone, mime::local_format::date_text);
}

std::string words_for(const ports::mailbox_use& one, instant until, const mime::zone& zone)
{
    return "Bonjour,\n\nLa boîte " + one.address + " n'a pas été consultée depuis le " +
           french_day(one.life.last_use, zone) + ".\n\nSans connexion avant le " + french_day(until, zone) +
           ", elle sera fermée : elle ne recevra plus de courriels, et ceux qu'elle contient seront ensuite "
           "détruits.\n\nPour la garder, il suffit de s'y connecter avec un logiciel de messagerie ; si vous venez de "
           "le faire pour lire ce message, rien d'autre n'est nécessaire.\n\nCe message est automatique : il est "
           "inutile d'y répondre.\n";
}

result<ports::new_message> make_warning(const services& with, const idle_options& options,
                                        const ports::mailbox_use& one, instant now)
{
    notice what;
    what.from = options.from;
    what.to = one.address;
    what.subject = "Votre boîte n'est plus consultée et sera fermée";
    what.text = words_for(one, closing_at(one.life, now, options.policy), options.zone);
    what.message_id = "idle-" + base::random_token() + "@" + options.node;
    const auto bytes = write_notice(what, date_of(now, options.zone));
    if (!bytes.has_value()) return bytes.error();
    const std::string content = "Return-Path: <>\r\n" + *bytes;
    ports::new_message mail;
    mail.address = one.address;
    mail.message_id = what.message_id;
    mail.received_sha256 = mime::hex(mime::sha256(*bytes));
    mail.received_at = now;
    mail.rfc822_size = content.size();
    mail.content = with.vault.seal(content);
    compute_view(mail, content);
    return mail;
}

// Of people's acts and of ours, by the number of the mailbox alone: the ledger outlives the account.
event about_mailbox(instant now, event_kind kind, std::int64_t account)
{
    event next = about(now, kind);
    next.facts.flags = "mailbox=" + std::to_string(account);
    return next;
}

enum class done_by_unit { yes, no };  // not due any more

// A step that is due, with what `act` makes of its life in the same unit, unless a login came before.
result<done_by_unit> take_step(const services& with, const idle_policy& policy, const ports::mailbox_use& one,
                               instant now, const std::function<void(ports::transaction&, mailbox_life&)>& act)
{
    const idle_step due = step_of(one.life, now, policy);
    auto how = done_by_unit::no;
    const auto written = with.store.write([&](ports::transaction& tx) {
        auto found = tx.work().mailbox_uses().use_of(one.user);
        how = found && step_of(found->life, now, policy) == due ? done_by_unit::yes : done_by_unit::no;
        if (how == done_by_unit::no) return;
        act(tx, found->life);
        tx.work_changes().mailbox_use_changes().save_life(found->account, found->life);
        tx.append(about_mailbox(now, due == idle_step::warn ? event_kind::mailbox_warned : event_kind::mailbox_closed,
                                found->account));
    });
    if (!written.has_value()) return written.error();
    return how;
}

result<done_by_unit> warn(const services& with, const idle_options& options, const ports::mailbox_use& one, instant now)
{
    const auto mail = make_warning(with, options, one, now);
    if (!mail.has_value()) {  // it is not closed without one, and holds no other up
        obs::error(obs::event::purge_failed, "step=warning mailbox={} code={}", one.account, mail.error().message());
        return done_by_unit::no;
    }
    return take_step(with, options.policy, one, now, [&](ports::transaction& tx, mailbox_life& life) {
        (void)tx.add_message(*mail);  // its Message-ID is new
        life.warned_at = now;
    });
}

result<done_by_unit> close(const services& with, const idle_policy& policy, const ports::mailbox_use& one, instant now)
{
    return take_step(with, policy, one, now, [now](ports::transaction&, mailbox_life& life) { life.closed_at = now; });
}

// Is there something in it, and may all of it go?
bool is_to_empty(ports::reader& store, const ports::mailbox_use& one, instant now, const idle_policy& policy)
{
    if (!one.life.closed_at) return false;
    const auto youngest = store.work().mailbox_uses().youngest_mail(one.account);
    return youngest && may_empty(one.life, *youngest, now, policy);
}

struct emptied_page {
    std::size_t mails = 0;
    std::uint64_t octets = 0;
};

emptied_page empty_page(ports::transaction& tx, std::int64_t account, instant now)
{
    tx.retention_changes().erase_thoroughly();
    std::string lines;
    std::uint64_t octets = 0;
    const auto contents = tx.work_changes().mailbox_use_changes().take_mails(account, mails_at_once);
    for (const blob_id& id : contents) {
        const auto gone = remove_object(tx, id);
        if (!gone) continue;
        lines += gone->line;
        octets += gone->octets;
    }
    event done = about(now, event_kind::content_purged);
    done.facts.flags = "mailbox=" + std::to_string(account) + " mails=" + std::to_string(contents.size()) +
                       " octets=" + std::to_string(octets);
    done.facts.evidence = mime::hex(mime::sha256(lines));
    tx.append(done);
    return {contents.size(), octets};
}

result<std::size_t> empty(const services& with, const idle_policy& policy, const ports::mailbox_use& one, instant now,
                          const std::function<bool()>& going)
{
    std::size_t all = 0;
    bool more = false;
    const auto read = with.store.read([&](ports::reader& store) { more = is_to_empty(store, one, now, policy); });
    if (!read.has_value()) return read.error();
    while (more && going()) {
        emptied_page page;
        const auto written = with.store.write([&](ports::transaction& tx) {
            const auto found = tx.work().mailbox_uses().use_of(one.user);
            more = found && is_to_empty(tx, *found, now, policy);
            page = more ? empty_page(tx, one.account, now) : emptied_page();
        });
        if (!written.has_value()) return written.error();
        if (more)
            obs::info(obs::event::content_purged, "mailbox={} mails={} octets={}", one.account, page.mails,
                      page.octets);
        all += page.mails;
    }
    return result<std::size_t>(boost::system::in_place_value, all);
}

// Nothing used since then can be due, but closed ones are: their last use is longer ago still.
std::vector<ports::mailbox_use> page_of(ports::reader& store, instant now, const idle_policy& policy,
                                        std::int64_t after)
{
    return store.work().mailbox_uses().used_until(now - (policy.term - policy.warned), after, looked_at_once);
}

result<void> end_one(const services& with, const idle_options& options, const ports::mailbox_use& one, instant now,
                     const std::function<bool()>& going, idle_counts& counts)
{
    if (one.life.closed_at) {
        const auto mails = empty(with, options.policy, one, now, going);
        if (!mails.has_value()) return mails.error();
        counts.mails += *mails;
        return {};
    }
    const idle_step due = step_of(one.life, now, options.policy);
    if (due == idle_step::none) return {};
    const auto done = due == idle_step::warn ? warn(with, options, one, now) : close(with, options.policy, one, now);
    if (!done.has_value()) return done.error();
    if (*done == done_by_unit::yes) ++(due == idle_step::warn ? counts.warned : counts.closed);
    return {};
}
}

result<idle_counts> end_idle_mailboxes(const services& with, const idle_options& options,
                                       const std::function<bool()>& going)
{
    const instant now = with.clock.now();
    idle_counts counts;
    std::int64_t last = 0;
    std::optional<error_code> first_failure;  // it holds no other up
    for (std::size_t count = looked_at_once; count == looked_at_once && going();) {
        std::vector<ports::mailbox_use> page;
        const auto read =
            with.store.read([&](ports::reader& store) { page = page_of(store, now, options.policy, last); });
        if (!read.has_value()) return read.error();
        count = page.size();
        for (const ports::mailbox_use& one : page) {
            if (!going()) return counts;
            last = one.account;
            const auto done = end_one(with, options, one, now, going, counts);
            if (done.has_value()) continue;
            obs::error(obs::event::purge_failed, "step=idle mailbox={} code={}", one.account, done.error().message());
            if (!first_failure) first_failure = done.error();
        }
    }
    if (first_failure) return *first_failure;
    return counts;
}

idle_counts idle_plan(ports::reader& store, instant now, const idle_policy& policy)
{
    idle_counts counts;
    std::int64_t last = 0;
    for (auto page = page_of(store, now, policy, last); !page.empty(); page = page_of(store, now, policy, last))
        for (const ports::mailbox_use& one : page) {
            last = one.account;
            const idle_step due = step_of(one.life, now, policy);
            if (due == idle_step::warn) ++counts.warned;
            if (due == idle_step::close) ++counts.closed;
            if (is_to_empty(store, one, now, policy)) ++counts.emptied;
        }
    return counts;
}

void note_mailbox_use(ports::store& store, std::string_view user, instant now)
{
    std::optional<ports::mailbox_use> known;
    const auto read = store.read([&](ports::reader& rows) { known = rows.work().mailbox_uses().use_of(user); });
    if (!read.has_value() || !known || !is_new_use(known->life, now)) return;
    store.write(
        [name = std::string(user), now](ports::transaction& tx) {
            const auto found = tx.work().mailbox_uses().use_of(name);
            if (!found || !is_new_use(found->life, now)) return;
            tx.work_changes().mailbox_use_changes().save_life(found->account, {now, std::nullopt, std::nullopt});
        },
        [](const result<void>& done) {
            if (!done.has_value())
                obs::error(obs::event::store_failed, "step=mailbox_use code={}", done.error().message());
        });
}

result<reopening> reopen_mailbox(ports::store& store, std::string_view user, instant now)
{
    reopening how = reopening::unknown;
    const auto written = store.write([&](ports::transaction& tx) {
        const auto found = tx.work().mailbox_uses().use_of(user);
        how = !found ? reopening::unknown : found->life.closed_at ? reopening::done : reopening::not_closed;
        if (how != reopening::done) return;
        tx.work_changes().mailbox_use_changes().save_life(found->account, {now, std::nullopt, std::nullopt});
        tx.append(about_mailbox(now, event_kind::mailbox_reopened, found->account));
    });
    if (!written.has_value()) return written.error();
    return how;
}
}
