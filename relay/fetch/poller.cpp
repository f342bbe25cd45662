#include "relay/fetch/poller.hpp"

#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/outbound.hpp"

namespace relay::fetch {
namespace {
std::int64_t epoch_seconds(const std::optional<base::instant>& at)
{
    return at ? std::chrono::duration_cast<std::chrono::seconds>(at->time_since_epoch()).count() : 0;
}

pipeline::ports::session_facts facts_of(const server_stream& stream, const io::host_port& at)
{
    pipeline::ports::session_facts facts;
    facts.peer_address = stream.peer_address();
    facts.helo = at.host;
    if (stream.tls()) {
        facts.tls_version = stream.tls()->version;
        facts.tls_cipher = stream.tls()->cipher;
    }
    return facts;
}
}

poller::poller(io::io_runtime& runtime, pipeline::ports::mail_sink& sink, pipeline::ports::polled_mailboxes& record,
               const base::wall_clock& clock, poll_options options)
    : runtime_(runtime),
      clock_(clock),
      options_(std::move(options)),
      emptier_(sink, record,
               {io::write_host_port(options_.access.at) + '|' + options_.user + '|' + options_.access.mailbox,
                options_.recipient, options_.limits.mail_octets})
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
    poll_facts now = facts_;
    now.taken = emptier_.taken();
    return now;
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
    idle_refused_ = false;
    imap_session from(stream, options_.limits);
    if (auto opened = from.open(options_.access); !opened.has_value()) return opened;
    const pipeline::ports::session_facts peer = facts_of(stream, options_.access.at);
    if (auto begun = emptier_.begin(from, peer); !begun.has_value()) return begun;
    obs::info(obs::event::fetch_opened, "peer={} mails={} idle={} uidplus={}", peer.peer_address, from.count(),
              from.offers("IDLE"), from.offers("UIDPLUS"));
    for (;;) {
        const auto seen = emptier_.look(from);
        if (!seen.has_value()) return seen.error();
        succeeded(seen->left);
        if (seen->more) continue;
        if (auto rested = rest(from); !rested.has_value()) return rested;
    }
}

result<void> poller::rest(imap_session& from)
{
    const bool idle = from.offers("IDLE") && !idle_refused_;
    {
        const std::scoped_lock lock(mutex_);
        facts_.idle = idle;
    }
    if (idle) {
        auto rested = from.idle(io::clock::now() + options_.renew);
        idle_refused_ = !rested.has_value() && rested.error() == errc::command_refused;
        if (!idle_refused_) return rested;
    }
    if (!wait(options_.every)) return make_error_code(io::errc::cancelled);
    return from.look();
}

void poller::succeeded(std::uint64_t left)
{
    const std::scoped_lock lock(mutex_);
    if (facts_.failing_since) obs::info(obs::event::fetch_works, "failures={}", failures_);
    failures_ = 0;
    worked_ = true;
    facts_.last_success = clock_.now();
    facts_.failing_since.reset();
    facts_.why.clear();
    facts_.left = left;
    obs::set(obs::gauge::returns_last_success_seconds, epoch_seconds(facts_.last_success));
    obs::set(obs::gauge::returns_failing_since_seconds, 0);
    obs::set(obs::gauge::returns_left, static_cast<std::int64_t>(left));
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
