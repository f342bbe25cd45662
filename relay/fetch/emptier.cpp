#include "relay/fetch/emptier.hpp"

#include <algorithm>
#include <utility>

#include "mime/message/address.hpp"
#include "mime/message/header.hpp"
#include "mime/text/ascii.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

namespace relay::fetch {
using pipeline::ports::left_because;
using pipeline::ports::recipient_verdict;
using pipeline::ports::store_verdict;
namespace {
constexpr std::size_t put_off_at_most = 10;  // in one look: then it is the node, not a mail

// What the server that delivered it wrote down of the envelope (RFC 5321 §4.4).
std::string reverse_path_of(const std::string& bytes)
{
    const auto header = mime::message::header_view::read(bytes);
    const auto said = header.has_value() ? header->find("Return-Path") : std::nullopt;
    if (!said) return {};
    std::string_view path = mime::trim(*said);
    if (path.starts_with('<') && path.ends_with('>')) path = path.substr(1, path.size() - 2);
    return mime::message::read_address(path).has_value() ? std::string(path) : std::string();
}

// Mail goes on with CRLF, whatever the server keeps.
std::string with_crlf(std::string bytes)
{
    const auto bare = [&](std::size_t at) { return bytes[at] == '\n' && (at == 0 || bytes[at - 1] != '\r'); };
    std::size_t first = 0;
    while (first < bytes.size() && !bare(first)) ++first;
    if (first == bytes.size()) return bytes;
    std::string out = bytes.substr(0, first);
    for (std::size_t at = first; at < bytes.size(); ++at) {
        if (bare(at)) out += '\r';
        out += bytes[at];
    }
    return out;
}

// The session goes on after these.
bool is_about_one_mail(const error_code& why)
{
    return why == errc::command_refused || why == errc::mail_missing;
}
}

emptier::emptier(pipeline::ports::mail_sink& sink, pipeline::ports::polled_mailboxes& record, emptier_options options)
    : sink_(sink), record_(record), options_(std::move(options))
{
}

result<void> emptier::begin(const imap_session& from, pipeline::ports::session_facts peer)
{
    const auto known = record_.place(options_.mailbox);
    if (!known.has_value()) return known.error();
    peer_ = std::move(peer);
    saved_ = known->value_or(pipeline::ports::mailbox_place{});
    first_ = true;
    const std::uint32_t uid_validity = from.uid_validity();
    stored_.clear();  // a server that gives a UID again, which it must not, does so between sessions
    if (place_.uid_validity != uid_validity) {
        too_large_.clear();
        place_ = {uid_validity, 0};
    }
    if (saved_.uid_validity == uid_validity)
        place_.last_uid = std::max(place_.last_uid, saved_.last_uid);
    else if (saved_.uid_validity != 0)
        obs::warn(obs::event::fetch_renumbered, "");
    return {};
}

// All that is there, in steps. Places shift when mails go: what stays stands before the next step.
result<looked> emptier::look(imap_session& from)
{
    now_ = {};
    for (std::uint32_t first = 1; first <= from.count();) {
        const auto listed = from.list(first, from.count());
        if (!listed.has_value()) return listed.error();
        if (listed->empty()) break;
        const auto gone = step(from, *listed);
        if (!gone.has_value()) return gone.error();
        first += static_cast<std::uint32_t>(listed->size()) - *gone;
    }
    if (auto removed = remove_together(from); !removed.has_value()) return removed.error();
    if (auto saved = remember(); !saved.has_value()) return saved.error();
    if (now_.put_off > 0) return make_error_code(errc::not_stored);
    // A mail that came while others went is in the count alone, and the server has told of it. Looked at again only
    // after a look that stored something: a server that removes nothing would be read for ever.
    const bool moved = std::exchange(first_, false) || now_.stored > 0;
    return looked{now_.left, moved && from.count() != now_.left};
}

// How many of them are gone from their places.
result<std::uint32_t> emptier::step(imap_session& from, const std::vector<listed_mail>& listed)
{
    const bool uidplus = from.offers("UIDPLUS");
    uids stored;
    result<void> stopped;
    for (const listed_mail& mail : listed) {
        const auto took = take(from, mail);
        if (!took.has_value()) {
            stopped = took.error();
            break;
        }
        if (*took == fate::stored) stored.push_back(mail.uid);
    }
    // A stream that still works removes what was stored before it stopped.
    const bool may_remove = stopped.has_value() || stopped.error() == errc::not_stored;
    const std::uint32_t before = from.count();
    if (may_remove && uidplus)
        if (auto removed = remove(from, stored); !removed.has_value()) return removed.error();
    if (!stopped.has_value()) return stopped.error();
    if (!uidplus) now_.done.insert(now_.done.end(), stored.begin(), stored.end());
    // By what the server shows, not by what it was asked: this ends whatever it does.
    const std::uint32_t gone = before - std::min(from.count(), before);
    return std::min(gone, static_cast<std::uint32_t>(stored.size()));
}

result<void> emptier::remove(imap_session& from, const uids& stored)
{
    if (stored.empty()) return {};
    if (auto marked = from.mark(stored, mail_flag::deleted); !marked.has_value()) return marked;
    const std::uint32_t before = from.count();
    if (auto gone = from.expunge(stored); !gone.has_value()) return gone;
    if (from.count() + stored.size() <= before)  // else a server that only says so would be read for ever
        for (const std::uint32_t uid : stored) stored_.erase(uid);
    return {};
}

result<void> emptier::remove_together(imap_session& from)
{
    if (now_.done.empty()) return {};
    if (auto marked = from.mark(now_.done, mail_flag::deleted); !marked.has_value()) return marked;
    const auto seen = look_for_marks(from);
    if (!seen.has_value()) return seen.error();
    if (*seen == marks::foreign) return {};
    if (auto gone = from.expunge_all(); !gone.has_value()) return gone;
    for (const std::uint32_t uid : now_.done) stored_.erase(uid);
    return {};
}

// EXPUNGE takes whatever is marked: looked at once more just before it, since others use the mailbox meanwhile.
result<emptier::marks> emptier::look_for_marks(imap_session& from) const
{
    for (std::uint32_t first = 1; first <= from.count();) {
        const auto listed = from.list(first, from.count());
        if (!listed.has_value()) return listed.error();
        if (listed->empty()) break;
        for (const listed_mail& mail : *listed)
            if (mail.deleted && !knows(stored_, mail)) return marks::foreign;
        first += static_cast<std::uint32_t>(listed->size());
    }
    return marks::ours;
}

// UIDVALIDITY stays and a UID stands for another mail: its size tells most of them, and the next session all.
bool emptier::knows(const sizes& of, const listed_mail& mail)
{
    const auto found = of.find(mail.uid);
    return found != of.end() && found->second == mail.octets;
}

result<void> emptier::remember()
{
    if (place_ == saved_) return {};
    auto saved = record_.save(options_.mailbox, place_);
    if (saved.has_value()) saved_ = place_;
    return saved;
}

result<emptier::fate> emptier::take(imap_session& from, const listed_mail& mail)
{
    if (knows(stored_, mail)) return fate::stored;
    if (mail.octets > options_.mail_octets || knows(too_large_, mail))
        return leave(from, mail, left_because::too_large);
    if (sink_.check_recipient(options_.recipient, peer_) != recipient_verdict::accepted)
        return make_error_code(errc::not_stored);
    auto loaded = from.load(mail.uid, mail.octets);
    if (!loaded.has_value()) {
        if (is_about_one_mail(loaded.error())) return leave(from, mail, left_because::unreadable);
        if (loaded.error() == errc::response_too_large)
            too_large_[mail.uid] = mail.octets;  // this connection is lost for it
        return loaded.error();
    }
    const store_verdict verdict = store(with_crlf(std::move(*loaded)));
    if (verdict == store_verdict::temporary_failure && ++now_.put_off < put_off_at_most) return fate::put_off;
    if (verdict != store_verdict::stored && verdict != store_verdict::duplicate)
        return make_error_code(errc::not_stored);
    stored_[mail.uid] = mail.octets;
    place_.last_uid = std::max(place_.last_uid, mail.uid);
    ++taken_;
    ++now_.stored;
    return fate::stored;
}

store_verdict emptier::store(const std::string& bytes)
{
    pipeline::ports::mail_envelope envelope;
    envelope.reverse_path = reverse_path_of(bytes);
    envelope.body = pipeline::ports::mail_envelope::body_type::eight_bit_mime;
    envelope.recipients.emplace_back();
    envelope.recipients.front().address = options_.recipient;
    const store_verdict verdict = sink_.store(envelope, bytes, peer_);
    obs::add(obs::counter::returns_fetched);
    return verdict;
}

// Told once: by its flag, and where the server keeps none by what was told before.
result<emptier::fate> emptier::leave(imap_session& from, const listed_mail& mail, left_because why)
{
    ++now_.left;
    if (mail.flagged) return fate::left;
    if (auto told = record_.tell_left(options_.mailbox, {place_.uid_validity, mail.uid}, mail.octets, why);
        !told.has_value())
        return told.error();
    place_.last_uid = std::max(place_.last_uid, mail.uid);
    obs::warn(obs::event::fetch_left, "uid={} octets={} why={}", mail.uid, mail.octets,
              why == left_because::too_large ? "too_large" : "unreadable");
    if (auto flagged = from.mark({mail.uid}, mail_flag::flagged);
        !flagged.has_value() && !is_about_one_mail(flagged.error()))
        return flagged.error();
    return fate::left;
}
}
