#include "relay/app/dispatcher.hpp"

#include <algorithm>
#include <map>

#include "relay/app/attempts.hpp"
#include "relay/base/clock.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

namespace relay::app {
namespace asio = boost::asio;
using namespace std::chrono_literals;
using pipeline::attempt_end;
using pipeline::site_effect;
namespace {
constexpr std::chrono::milliseconds longest_pause = 1s;  // also bounds how late a due retry is seen
constexpr std::chrono::milliseconds between_refills = 20ms;
constexpr std::chrono::milliseconds between_tellings = 500ms;  // of the sites, to those who look
constexpr auto after_own_failure = 5s;
constexpr std::chrono::seconds shortest_site = 10s;  // a site is believed for the TTL of its records, within these
constexpr std::chrono::seconds longest_site = 1h;
}

dispatcher::dispatcher(io::io_runtime& runtime, queue_source queue, hops_source hops, dispatcher_options options)
    : runtime_(runtime),
      queue_(std::move(queue)),
      hops_(std::move(hops)),
      options_(std::move(options)),
      client_(runtime, options_.client),
      scheduler_(options_.limits),
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
        options_.limits = next.limits;
        scheduler_.use(next.limits);
        sites_.expire();
        options_.attempt = next.attempt;
        client_.begin_anew();
    });
}

void dispatcher::drain(io::clock::time_point drain_until)
{
    tasks_.drain(drain_until);
    client_.close_idle();
}

void dispatcher::domain_held(const std::string& domain)
{
    tasks_.post([this, domain] {
        if (const std::string* site = sites_.site_of(domain)) scheduler_.drop_waiting(*site);
        refilled_ = {};
    });
}

void dispatcher::domain_resumed(const std::string& domain)
{
    tasks_.post([this, domain] {
        if (const std::string* site = sites_.site_of(domain)) scheduler_.wake(*site, io::clock::now());
        refilled_ = {};
        tasks_.wake_here();
    });
}

std::vector<pipeline::site_facts> dispatcher::sites() const
{
    const std::scoped_lock lock(told_mutex_);
    return told_;
}

void dispatcher::tell_sites()
{
    told_at_ = io::clock::now();
    auto now = scheduler_.sites();
    const std::scoped_lock lock(told_mutex_);
    told_ = std::move(now);
}

io::awaitable<void> dispatcher::refill()
{
    refilled_ = io::clock::now();
    auto ask = [this] { return queue_()->lanes(); };
    const auto lanes = co_await io::offload(runtime_.pool(), std::move(ask));
    if (!lanes.has_value()) {
        obs::error(obs::event::store_failed, "step=due code={}", lanes.error().message());
        co_return;
    }
    const auto now = base::system_wall_clock().now();
    std::map<std::string, std::vector<pipeline::queue_lane>> wanted;  // by site
    for (const pipeline::queue_lane& lane : *lanes) {
        if (!lane.soonest && !(lane.next_try && *lane.next_try <= now)) continue;
        look_for_site(lane.domain);
        const std::string* site = sites_.site_of(lane.domain);
        if (site != nullptr && scheduler_.wants(*site, lane.soonest)) wanted[*site].push_back(lane);
    }
    for (auto& [site, due] : wanted) {
        const auto chosen = sites_.choose(site, std::move(due));
        for (const pipeline::queue_lane& lane : chosen) co_await refill_lane(lane, site);
    }
    if (io::clock::now() - told_at_ >= between_tellings) tell_sites();
}

// Those being prepared are still queued in the store: asked for beside as many as the window holds.
io::awaitable<void> dispatcher::refill_lane(pipeline::queue_lane lane, std::string site)
{
    const std::size_t wanted = options_.limits.window + scheduler_.running_of(site);
    auto ask = [this, domain = lane.domain, wanted] { return queue_()->due(domain, wanted); };
    const auto due = co_await io::offload(runtime_.pool(), std::move(ask));
    const std::string* now_at = sites_.site_of(lane.domain);
    if (!due.has_value())
        obs::error(obs::event::store_failed, "step=due code={}", due.error().message());
    else if (now_at != nullptr && *now_at == site)  // it may have moved meanwhile
        scheduler_.offer(site, *due);
}

// Nothing of a domain leaves before somebody has looked: a delivery would have to look as well.
void dispatcher::look_for_site(const std::string& domain)
{
    const auto now = io::clock::now();
    if (sites_.is_known(domain, now)) return;
    const auto to = queue_()->hop_of(domain);
    if (!to) return move_to_site(domain, domain, now + shortest_site);
    if (to->lookup == pipeline::hop_lookup::address)
        return move_to_site(domain, io::write_host_port({to->host, to->port}), now + longest_site);
    if (!sites_.begin_look(domain, now)) return;
    try {
        tasks_.spawn("site", find_site(domain, *to));
    } catch (...) {
        sites_.end_look(domain);
        throw;
    }
}

// What cannot be found now stays where it was; a domain of which nothing was ever known is a site of its own.
io::awaitable<void> dispatcher::find_site(std::string domain, pipeline::next_hop to)
{
    const std::string* known = sites_.site_of(domain);
    std::string site = known != nullptr ? *known : domain;
    auto until = io::clock::now() + shortest_site;
    try {
        auto finding = client_.find_site(hops_()->hop(to));
        const auto found = co_await std::move(finding);
        if (found.has_value()) {
            site = found->name;
            until = io::clock::now() + std::clamp(found->known_for, shortest_site, longest_site);
        }
    } catch (const std::exception&) {
        obs::error(obs::event::task_failed, "task=site");
    }
    move_to_site(domain, std::move(site), until);
    refilled_ = {};
    tasks_.wake_here();
}

// What waits at the site it leaves is forgotten there: the store has it.
void dispatcher::move_to_site(const std::string& domain, std::string site, io::clock::time_point until)
{
    if (const auto left = sites_.learn(domain, std::move(site), until)) scheduler_.drop_waiting(*left);
}

void dispatcher::start_what_may()
{
    if (io::clock::now() < paused_until_) return;
    while (!tasks_.is_stopping()) {
        const auto next = scheduler_.next(io::clock::now());
        if (!next) return;
        tasks_.spawn("delivery", deliver(*next));
    }
}

std::chrono::milliseconds dispatcher::pause() const
{
    const auto now = io::clock::now();
    const auto until = scheduler_.next_start(now);
    if (!until) return longest_pause;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*until - now);
    return std::clamp<std::chrono::milliseconds>(wait, 1ms, longest_pause);
}

io::awaitable<void> dispatcher::run()
{
    while (!tasks_.is_stopping()) {
        tasks_.begin_turn();
        bool too_soon = false;
        try {
            start_what_may();  // places come free more often than the store has to be asked
            too_soon = io::clock::now() - refilled_ < between_refills;
            if (!too_soon) co_await refill();
            start_what_may();
        } catch (const std::exception&) {  // out of memory: the next turn tries again
            obs::error(obs::event::task_failed, "task=refill");
        }
        if (too_soon)
            co_await tasks_.rest(std::min(between_refills, pause()));
        else
            co_await tasks_.pause(pause());
    }
}

io::awaitable<void> dispatcher::deliver(pipeline::delivery_id id)
{
    // Cut off at the end of a drain, an attempt still has an answer to record.
    co_await asio::this_coro::throw_if_cancelled(false);
    std::optional<pipeline::prepared_mail> mail = co_await prepare(id);
    site_effect effect = site_effect::none;
    if (mail) {
        bool thrown = false;
        attempted made;
        try {
            made = co_await send(*mail);
        } catch (const std::exception&) {
            thrown = true;
        }
        if (thrown) {  // how far it came nobody can tell
            made.result.end = attempt_end::uncertain;
            made.result.why = pipeline::cause::reply_lost;
        }
        effect = made.effect;
        co_await record(std::move(*mail), std::move(made.result));
    }
    ended(id, effect);
}

void dispatcher::ended(const pipeline::delivery_id& id, site_effect effect)
{
    using kind = pipeline::delivery_scheduler::change::kind;
    const auto changed = scheduler_.ended(id, effect, io::clock::now());
    if (changed.what == kind::died) {
        obs::add(obs::counter::sites_dead);
        obs::warn(obs::event::site_dead, "site={}", changed.site);
    } else if (changed.what == kind::revived) {
        obs::info(obs::event::site_alive, "site={}", changed.site);
    } else if (changed.what == kind::slowed) {
        obs::warn(obs::event::site_slowed, "site={}", changed.site);
    }
    start_what_may();
    tasks_.wake_here();
}

// What fails for a reason of the node stops all for a moment; what fails for an unknown one is put off for people to
// see.
io::awaitable<std::optional<pipeline::prepared_mail>> dispatcher::prepare(pipeline::delivery_id id)
{
    error_code failed = boost::system::errc::make_error_code(boost::system::errc::not_enough_memory);
    try {
        auto work = [this, id] { return queue_()->prepare(id); };
        auto prepared = co_await io::offload(runtime_.pool(), std::move(work));
        if (prepared.has_value()) co_return std::move(*prepared);
        failed = prepared.error();
        if (failed == io::errc::cancelled) co_return std::nullopt;  // cut off by a drain: the letter is as it was
        obs::error(obs::event::letter_failed, "delivery={} step=prepare code={}", id.text(), failed.message());
        if (failed != boost::system::errc::no_space_on_device && failed != io::errc::overloaded) {
            auto later = [this, id] { return queue_()->put_off(id); };
            const auto put_off = co_await io::offload(runtime_.pool(), std::move(later));
            if (put_off.has_value()) co_return std::nullopt;
        }
    } catch (const std::exception&) {
        obs::error(obs::event::task_failed, "task=prepare");
    }
    paused_until_ = io::clock::now() + after_own_failure;
    co_return std::nullopt;
}

io::awaitable<dispatcher::attempted> dispatcher::send(pipeline::prepared_mail mail)
{
    smtp::next_hop hop = hops_()->hop(mail.to);
    smtp::outgoing_mail out = outgoing(mail);
    const std::string host = mail.to.host;
    const smtp::delivery_report report =
        co_await client_.deliver(std::move(hop), std::move(out), io::clock::now() + options_.attempt);
    attempted made;
    made.result = result_of(report, host, mail.kind);
    made.effect = pipeline::effect_of(report.outcome.ec);
    co_return made;
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
