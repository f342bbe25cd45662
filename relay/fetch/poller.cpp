#include "relay/fetch/poller.hpp"

#include <algorithm>

#include "mime/message/address.hpp"
#include "mime/message/header.hpp"
#include "mime/text/ascii.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/outbound.hpp"

namespace relay::fetch {
using pipeline::ports::left_because;
using pipeline::ports::recipient_verdict;
using pipeline::ports::store_verdict;
namespace {
std::int64_t epoch_seconds(const std::optional<base::instant>& at)
{
    return at ? std::chrono::duration_cast<std::chrono::seconds>(at->time_since_epoch()).count() : 0;
}

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

poller::poller(io::io_runtime& runtime, pipeline::ports::mail_sink& sink, pipeline::ports::polled_mailboxes& record,
               const base::wall_clock& clock, poll_options options)
    : runtime_(runtime),
      sink_(sink),
      record_(record),
      clock_(clock),
      options_(std::move(options)),
      mailbox_(io::write_host_port(options_.access.at) + '|' + options_.user + '|' + options_.access.mailbox)
{
}

poller::~poller()
{
    stop();
}

void poller::start()
{
    thread_ = std::thread([this] { run(); });
}

void poller::stop()
{
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
        if (stream_ != nullptr) stream_->stop();
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

poll_facts poller::facts() const
{
    const std::scoped_lock lock(mutex_);
    return facts_;
}

bool poller::wait(std::chrono::milliseconds at_most)
{
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return stopping_; });
    return !stopping_;
}

void poller::run()
{
    const pipeline::retry_policy again{options_.first_retry, options_.most_retry};
    do {
        worked_ = false;
        result<void> ended = make_error_code(errc::not_stored);
        try {
            ended = session();
        } catch (const std::exception&) {  // no memory, or a bug: it is told, and the next try may do better
            obs::error(obs::event::task_failed, "task=fetch");
        }
        if (!wait(std::chrono::milliseconds(0))) return;
        failures_ = worked_ ? 1 : failures_ + 1;
        const bool usual = ended.error() == io::errc::closed_by_peer || ended.error() == errc::server_closing;
        if (!worked_ || !usual) failed(ended.error());  // servers end connections they have had for long
    } while (wait(again.delay(failures_, pipeline::random_unit())));
}

// Ends with an error, or when told to stop.
result<void> poller::session()
{
    server_stream stream(runtime_);
    {
        const std::scoped_lock lock(mutex_);
        if (stopping_) return make_error_code(io::errc::cancelled);
        stream_ = &stream;
    }
    struct forget {
        poller& of;
        ~forget()
        {
            const std::scoped_lock lock(of.mutex_);
            of.stream_ = nullptr;
            of.facts_.idle = false;
        }
    } const forgotten{*this};
    imap_session from(stream, options_.limits);
    if (auto opened = from.open(options_.access); !opened.has_value()) return opened;
    from_ = {};
    from_.peer_address = stream.peer_address();
    from_.helo = options_.access.at.host;
    if (stream.tls()) {
        from_.tls_version = stream.tls()->version;
        from_.tls_cipher = stream.tls()->cipher;
    }
    const auto known = record_.place(mailbox_);
    if (!known.has_value()) return known.error();
    saved_ = known->value_or(pipeline::ports::mailbox_place{});
    begin_with(from.uid_validity());
    obs::info(obs::event::fetch_opened, "peer={} mails={} idle={} uidplus={}", from_.peer_address, from.count(),
              from.offers("IDLE"), from.offers("UIDPLUS"));
    for (;;) {
        if (auto looked = pass(from); !looked.has_value()) return looked;
        succeeded();
        if (auto rested = rest(from); !rested.has_value()) return rested;
    }
}

void poller::begin_with(std::uint32_t uid_validity)
{
    if (place_.uid_validity != uid_validity) {
        stored_.clear();
        too_large_.clear();
        place_ = {uid_validity, 0};
    }
    if (saved_.uid_validity == uid_validity)
        place_.last_uid = std::max(place_.last_uid, saved_.last_uid);
    else if (saved_.uid_validity != 0)
        obs::warn(obs::event::fetch_renumbered, "");
}

result<void> poller::rest(imap_session& from)
{
    const bool idle = from.offers("IDLE");
    {
        const std::scoped_lock lock(mutex_);
        facts_.idle = idle;
    }
    if (idle) return from.idle(io::clock::now() + options_.renew);
    if (!wait(options_.every)) return make_error_code(io::errc::cancelled);
    return from.look();
}

// All that is there, in steps. Places shift when mails go: what is left stands before the next step.
result<void> poller::pass(imap_session& from)
{
    const bool uidplus = from.offers("UIDPLUS");
    std::vector<std::uint32_t> done;  // without UIDPLUS, removed together at the end
    bool foreign = false;             // somebody else's \Deleted stands on what is left
    left_now_ = 0;
    for (std::uint32_t first = 1; first <= from.count();) {
        const auto listed = from.list(first, from.count());
        if (!listed.has_value()) return listed.error();
        if (listed->empty()) break;
        std::vector<std::uint32_t> now;
        result<void> stopped;
        for (const listed_mail& mail : *listed) {
            const auto took = take(from, mail);
            if (!took.has_value()) {
                stopped = took.error();
                break;
            }
            if (*took == taken::stored) now.push_back(mail.uid);
            foreign = foreign || (*took == taken::left && mail.deleted);
        }
        // A stream that still works removes what was stored before it stopped.
        const bool may_remove = stopped.has_value() || stopped.error() == errc::not_stored;
        const std::uint32_t before = from.count();
        if (may_remove && uidplus)
            if (auto removed = remove(from, now); !removed.has_value()) return removed;
        if (!stopped.has_value()) return stopped;
        if (!uidplus) done.insert(done.end(), now.begin(), now.end());
        // By what the server shows, not by what it was asked: this ends whatever it does.
        const std::uint32_t gone = before - std::min(from.count(), before);
        first += static_cast<std::uint32_t>(listed->size() - std::min<std::size_t>(gone, now.size()));
    }
    if (!uidplus && !done.empty()) {
        if (auto marked = from.mark(done, mail_flag::deleted); !marked.has_value()) return marked;
        if (!foreign)
            if (auto gone = from.expunge_all(); !gone.has_value()) return gone;
        if (!foreign)
            for (const std::uint32_t uid : done) stored_.erase(uid);
    }
    return remember(from);
}

result<void> poller::remove(imap_session& from, const std::vector<std::uint32_t>& uids)
{
    if (uids.empty()) return {};
    if (auto marked = from.mark(uids, mail_flag::deleted); !marked.has_value()) return marked;
    const std::uint32_t before = from.count();
    if (auto gone = from.expunge(uids); !gone.has_value()) return gone;
    if (from.count() + uids.size() <= before)  // else a server that only says so would be read for ever
        for (const std::uint32_t uid : uids) stored_.erase(uid);
    return {};
}

result<void> poller::remember(imap_session&)
{
    if (place_ == saved_) return {};
    auto saved = record_.save(mailbox_, place_);
    if (saved.has_value()) saved_ = place_;
    return saved;
}

result<poller::taken> poller::take(imap_session& from, const listed_mail& mail)
{
    if (stored_.count(mail.uid) != 0) return taken::stored;
    if (mail.octets > options_.limits.mail_octets || too_large_.count(mail.uid) != 0)
        return leave(from, mail, left_because::too_large);
    if (sink_.check_recipient(options_.recipient, from_) != recipient_verdict::accepted)
        return make_error_code(errc::not_stored);
    const auto loaded = from.load(mail.uid, mail.octets);
    if (!loaded.has_value()) {
        if (is_about_one_mail(loaded.error())) return leave(from, mail, left_because::unreadable);
        if (loaded.error() == errc::response_too_large) too_large_.insert(mail.uid);  // this connection is lost for it
        return loaded.error();
    }
    if (auto stored = store(with_crlf(*loaded)); !stored.has_value()) return stored.error();
    stored_.insert(mail.uid);
    place_.last_uid = std::max(place_.last_uid, mail.uid);
    const std::scoped_lock lock(mutex_);
    ++facts_.taken;
    return taken::stored;
}

result<void> poller::store(const std::string& bytes)
{
    pipeline::ports::mail_envelope envelope;
    envelope.reverse_path = reverse_path_of(bytes);
    envelope.body = pipeline::ports::mail_envelope::body_type::eight_bit_mime;
    envelope.recipients.emplace_back();
    envelope.recipients.front().address = options_.recipient;
    const store_verdict verdict = sink_.store(envelope, bytes, from_);
    obs::add(obs::counter::returns_fetched);
    const bool durable = verdict == store_verdict::stored || verdict == store_verdict::duplicate;
    return durable ? result<void>() : result<void>(make_error_code(errc::not_stored));
}

// Told once: by its flag, and where the server keeps none by what was told before.
result<poller::taken> poller::leave(imap_session& from, const listed_mail& mail, left_because why)
{
    ++left_now_;
    if (mail.flagged) return taken::left;
    if (auto told = record_.tell_left(mailbox_, {place_.uid_validity, mail.uid}, mail.octets, why); !told.has_value())
        return told.error();
    place_.last_uid = std::max(place_.last_uid, mail.uid);
    obs::warn(obs::event::fetch_left, "uid={} octets={} why={}", mail.uid, mail.octets,
              why == left_because::too_large ? "too_large" : "unreadable");
    if (auto flagged = from.mark({mail.uid}, mail_flag::flagged);
        !flagged.has_value() && !is_about_one_mail(flagged.error()))
        return flagged.error();
    return taken::left;
}

void poller::succeeded()
{
    const std::scoped_lock lock(mutex_);
    if (facts_.failing_since) obs::info(obs::event::fetch_works, "failures={}", failures_);
    failures_ = 0;
    worked_ = true;
    facts_.last_success = clock_.now();
    facts_.failing_since.reset();
    facts_.why.clear();
    facts_.left = left_now_;
    obs::set(obs::gauge::returns_last_success_seconds, epoch_seconds(facts_.last_success));
    obs::set(obs::gauge::returns_failing_since_seconds, 0);
    obs::set(obs::gauge::returns_left, static_cast<std::int64_t>(left_now_));
}

// The log hears of it when it begins and when the reason is another one.
void poller::failed(const error_code& why)
{
    obs::add(obs::counter::returns_fetch_failures);
    const std::scoped_lock lock(mutex_);
    const bool news = facts_.why != why.message();
    facts_.why = why.message();
    if (!facts_.failing_since) facts_.failing_since = clock_.now();
    obs::set(obs::gauge::returns_failing_since_seconds, epoch_seconds(facts_.failing_since));
    if (news) obs::warn(obs::event::fetch_failed, "failures={} why=\"{}\"", failures_, facts_.why);
}
}
