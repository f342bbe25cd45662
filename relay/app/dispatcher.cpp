#include "relay/app/dispatcher.hpp"

#include "relay/obs/log.hpp"

namespace relay::app {
namespace asio = boost::asio;
using namespace std::chrono_literals;
using pipeline::attempt_end;
namespace {
constexpr auto longest_pause = 1s;  // also bounds how late a due retry is seen
constexpr auto aside_for = 30s;

pipeline::attempt_result result_of(const smtp::delivery_report& report, const std::string& host)
{
    const smtp::attempt_outcome& outcome = report.outcome;
    pipeline::attempt_result made;
    made.peer = report.peer_host.empty() ? host : report.peer_host;
    made.smtp_code = outcome.code;
    if (outcome.enhanced) made.enhanced_status = smtp::write_enhanced_status(*outcome.enhanced);
    made.peer_text = outcome.text.reveal();
    if (report.tls) made.tls = report.tls->version + " " + report.tls->cipher;
    if (outcome.is_accepted()) {
        made.end = attempt_end::accepted;
        return made;
    }
    made.why = pipeline::from_name<pipeline::cause>(smtp::cause_name(outcome.ec)).value_or(pipeline::cause::unknown);
    if (outcome.is_uncertain())
        made.end = attempt_end::uncertain;
    else if (outcome.ec == smtp::decision::give_up)
        made.end = attempt_end::permanent;
    else
        made.end = attempt_end::temporary;  // retry, or a person decides while the clock runs (design.md §5)
    return made;
}
}

dispatcher::dispatcher(io::io_runtime& runtime, queue_source queue, dispatcher_options options)
    : runtime_(runtime),
      queue_(std::move(queue)),
      options_(std::move(options)),
      client_(runtime, options_.client),
      tasks_(runtime)
{
}

void dispatcher::start()
{
    tasks_.spawn("dispatcher", run());
}

void dispatcher::use(dispatcher_options next)
{
    tasks_.post([this, next = std::move(next)] {
        options_.slots = next.slots;
        options_.attempt = next.attempt;
        options_.hops = next.hops;
        client_.close_idle();
    });
}

void dispatcher::drain(io::clock::time_point drain_until)
{
    tasks_.drain(drain_until);
    client_.close_idle();
}

io::awaitable<void> dispatcher::refill()
{
    const std::size_t wanted = in_hand_.size() + set_aside_.size() + 4 * options_.slots;
    auto ask = [this, wanted] { return queue_()->due(wanted); };
    const auto due = co_await io::offload(runtime_.pool(), std::move(ask));
    if (!due.has_value()) {
        obs::error(obs::event::store_failed, "step=due code={}", due.error().message());
        co_return;
    }
    const auto now = io::clock::now();
    std::erase_if(set_aside_, [now](const auto& entry) { return entry.second <= now; });
    for (const auto& id : *due)
        if (!set_aside_.contains(id) && in_hand_.insert(id).second) waiting_.push_back(id);
}

io::awaitable<void> dispatcher::run()
{
    while (!tasks_.is_stopping()) {
        tasks_.begin_turn();
        try {
            if (waiting_.empty()) co_await refill();
        } catch (const std::exception&) {  // out of memory: the next turn tries again
            obs::error(obs::event::task_failed, "task=refill");
        }
        while (!waiting_.empty() && running_ < options_.slots && !tasks_.is_stopping()) {
            const pipeline::delivery_id next = waiting_.front();
            waiting_.pop_front();
            ++running_;
            tasks_.spawn("delivery", deliver(next));
        }
        co_await tasks_.pause(longest_pause);
    }
}

io::awaitable<void> dispatcher::deliver(pipeline::delivery_id id)
{
    // Cut off at the end of a drain, an attempt still has an answer to record.
    co_await asio::this_coro::throw_if_cancelled(false);
    std::optional<pipeline::prepared_mail> mail = co_await prepare(id);
    if (mail) {
        bool thrown = false;
        pipeline::attempt_result outcome;
        try {
            outcome = co_await send(*mail);
        } catch (const std::exception&) {
            thrown = true;
        }
        if (thrown) {  // how far it came nobody can tell
            outcome.end = attempt_end::uncertain;
            outcome.why = pipeline::cause::reply_lost;
        }
        co_await record(std::move(*mail), std::move(outcome));
    }
    in_hand_.erase(id);
    --running_;
    tasks_.wake_here();
}

io::awaitable<std::optional<pipeline::prepared_mail>> dispatcher::prepare(pipeline::delivery_id id)
{
    error_code failed = boost::system::errc::make_error_code(boost::system::errc::not_enough_memory);
    try {
        auto work = [this, id] { return queue_()->prepare(id); };
        auto prepared = co_await io::offload(runtime_.pool(), std::move(work));
        if (prepared.has_value()) co_return std::move(*prepared);
        failed = prepared.error();
    } catch (const std::exception&) {
        obs::error(obs::event::task_failed, "task=prepare");
    }
    obs::error(obs::event::letter_failed, "delivery={} step=prepare code={}", id.text(), failed.message());
    set_aside_[id] = io::clock::now() + aside_for;
    co_return std::nullopt;
}

io::awaitable<pipeline::attempt_result> dispatcher::send(pipeline::prepared_mail mail)
{
    smtp::next_hop hop = options_.hops->hop(mail.to);
    smtp::outgoing_mail out;
    out.reverse_path = mail.reverse_path;
    out.recipient = mail.recipient;
    out.bytes = mail.bytes;
    if (mail.kind == pipeline::delivery_kind::letter) {
        out.notify.success = out.notify.failure = out.notify.delay = true;
        out.orcpt = "rfc822;" + mail.recipient;
        out.ret = smtp::return_content::headers;
        out.envid = mail.envid;
    } else {
        out.notify.never = true;  // reports about reports never end
    }
    const std::string host = mail.to.host;
    const smtp::delivery_report report =
        co_await client_.deliver(std::move(hop), std::move(out), io::clock::now() + options_.attempt);
    co_return result_of(report, host);
}

// The answer must reach the ledger: until it does, the delivery stays `sending`, and a restart makes it uncertain.
io::awaitable<void> dispatcher::record(pipeline::prepared_mail mail, pipeline::attempt_result outcome)
{
    for (;;) {
        error_code failed = boost::system::errc::make_error_code(boost::system::errc::not_enough_memory);
        try {
            auto work = [this, mail, outcome] { return queue_()->finish(mail, outcome); };
            const auto written = co_await io::offload(runtime_.pool(), std::move(work));
            if (written.has_value()) co_return;
            failed = written.error();
        } catch (const std::exception&) {
            obs::error(obs::event::task_failed, "task=finish");
        }
        obs::error(obs::event::store_failed, "step=finish delivery={} code={}", mail.id.text(), failed.message());
        if (tasks_.is_stopping()) co_return;
        asio::steady_timer again(co_await asio::this_coro::executor, 1s);
        error_code ignored;
        co_await again.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}
}
