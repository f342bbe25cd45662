// The rooms of a running node: made, opened, told of new settings.
#include "relay/app/node_running.hpp"

#include <algorithm>
#include <thread>

#include "relay/app/ledger_seals.hpp"
#include "relay/app/room_settings.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/delivery_fold.hpp"
#include "relay/vault/password.hpp"

namespace relay::app {
namespace json = boost::json;
namespace {
constexpr auto stressed_pause = std::chrono::milliseconds(250);  // per file and worker

// Once in each `every`, also where the clock went back.
bool is_due(pipeline::instant& next, pipeline::instant now, std::chrono::milliseconds every)
{
    if (now < next && next - now <= every) return false;
    next = now + every;
    return true;
}
}

void node::running::make_services()
{
    const auto wake = [this] {
        if (sender) sender->wake();
    };
    if (auto beside = lmtp_settings_of(all())) mailbox_server = std::make_unique<smtp::lmtp_client>(std::move(*beside));
    logins = std::make_unique<pipeline::account_logins>(*store, clock, vault::verify_password, all().limits.logins);
    rates = std::make_shared<smtp::peer_rates>(peer_limits_of(all().limits));
    load = std::make_unique<load_watch>(load_limits_of(*first));
    lasting.emplace(lasting_parts{*store, *first->vault, *directory, clock, wake, mailbox_server.get(),
                                  [this] { return load->is_refusing(); }});
    now.emplace(std::make_shared<generation>(first, *lasting));
    returns.emplace(*now, &generation::returns);
    hosted.emplace(*now, &generation::hosted);
    returns_gate.emplace(*returns, *load);
    hosted_gate.emplace(*hosted, *load);
}

std::optional<node::start_error> node::running::open_smtp(std::unique_ptr<smtp::smtp_server>& into,
                                                          smtp::server_settings settings,
                                                          pipeline::ports::mail_sink& sink, std::string_view name)
{
    into = std::make_unique<smtp::smtp_server>(*runtime, shared_by_all(std::move(settings)), sink);
    const auto bound = into->open();
    if (!bound.has_value()) return start_error{std::string(name), bound.error()};
    endpoints[name] = io::write_host_port(*bound);
    return std::nullopt;
}

// What the listeners of a node have in common, whatever the generation of their settings.
smtp::server_settings node::running::shared_by_all(smtp::server_settings made) const
{
    made.rates = rates;
    if (made.policy.logins == smtp::logins::required) made.logins = logins.get();
    return made;
}

std::optional<node::start_error> node::running::open_submission()
{
    const config::operator_settings& wanted = all().operator_;
    if (wanted.submission)
        if (auto failed =
                open_smtp(submission_in, submission_settings(*first, *wanted.submission, smtp::server_tls::required),
                          *hosted_gate, "submission"))
            return failed;
    if (wanted.submissions)
        return open_smtp(submissions_in, submission_settings(*first, *wanted.submissions, smtp::server_tls::implicit),
                         *hosted_gate, "submissions");
    return std::nullopt;
}

std::optional<node::start_error> node::running::open_imap()
{
    imap::imap_server_settings reading;
    if (all().operator_.imap) reading.starttls = io::host_port{all().operator_.imap->host, all().operator_.imap->port};
    if (all().operator_.imaps)
        reading.implicit_tls = io::host_port{all().operator_.imaps->host, all().operator_.imaps->port};
    reading.max_connections = all().limits.connections;
    if (!reading.starttls && !reading.implicit_tls) return std::nullopt;
    imap_in = std::make_unique<imap::imap_server>(*runtime, *accounts, first->tls_server, reading);
    if (auto opened = imap_in->open(); !opened.has_value()) return start_error{"imap", opened.error()};
    if (reading.starttls) endpoints["imap"] = io::write_host_port({reading.starttls->host, imap_in->starttls_port()});
    if (reading.implicit_tls)
        endpoints["imaps"] = io::write_host_port({reading.implicit_tls->host, imap_in->implicit_tls_port()});
    return std::nullopt;
}

std::optional<node::start_error> node::running::open_servers()
{
    runtime = std::make_unique<io::io_runtime>(all().limits.workers);
    runtime->start();
    if (auto failed = open_web()) return failed;
    dispatcher_options sending = dispatching(*first);
    sending.client.names = std::make_shared<io::name_lookup>(first->dns);
    sender = std::make_unique<dispatcher>(
        *runtime, [this] { return in_use(*now, &generation::outbound); }, [this] { return now->get()->part->hops; },
        std::move(sending));
    sender->start();
    if (all().roles.hospital && all().hospital.returns)
        if (auto failed = open_smtp(returns_in, returns_settings(*first), *returns_gate, "returns")) return failed;
    polled.emplace(*store, *first->vault, clock);
    open_fetch(*first);
    if (all().roles.operator_) {
        if (auto failed = open_smtp(smtp_in, operator_settings(*first), *hosted_gate, "smtp")) return failed;
        if (auto failed = open_submission()) return failed;
        if (auto failed = open_imap()) return failed;
    }
    return std::nullopt;
}

// What it is asked while the other rooms are not there yet is answered with "starting".
std::optional<node::start_error> node::running::open_web()
{
    if (!all().http.listen) return std::nullopt;
    http::page_sources sources{
        *store, clock,
        [this] {
            const auto part = now->get()->part;
            return std::make_shared<const http::institution>(http::institution{part->zone, part->sites});
        },
        [this] { return told_to_pages(); }};
    pages = std::make_unique<http::pages>(std::move(sources));
    web = std::make_unique<http::http_server>(*runtime, http_settings(*first), *pages, clock);
    const auto bound = web->open();
    if (!bound.has_value()) return start_error{"http", bound.error()};
    endpoints["http"] = io::write_host_port(*bound);
    return std::nullopt;
}

http::node_facts node::running::told_to_pages() const
{
    http::node_facts told;
    told.phase = phase;
    told.load = load->state();
    if (told.phase == http::phase::starting) return told;
    told.longest_step = longest_step();
    told.sites = sender->sites();
    return told;
}

void node::running::open_fetch(const parts& part)
{
    std::shared_ptr<fetch::poller> next;
    if (part.settings.returns.imap)
        next = std::make_shared<fetch::poller>(*runtime, *returns_gate, *polled, clock, polling(part));
    std::shared_ptr<fetch::poller> before;
    {
        const std::lock_guard guard(fetching);
        before = std::exchange(fetch_in, next);
    }
    if (before) before->stop();
    if (next) next->start();
}

std::shared_ptr<fetch::poller> node::running::fetcher() const
{
    const std::lock_guard guard(fetching);
    return fetch_in;
}

std::optional<node::start_error> node::running::open_mllp()
{
    const config::mllp_settings& wanted = all().mllp;
    if (wanted.zam_to) {
        ack_out = std::make_unique<ack_sender>(
            *runtime, [this] { return in_use(*now, &generation::acks); }, telling(*first));
        ack_out->start();
    }
    if (!wanted.listen) return std::nullopt;
    mllp_in = std::make_unique<mllp::mllp_server>(
        *runtime, mllp_settings(*first), [this](const pipeline::submission& from) { return accept(from); }, clock);
    const auto bound = mllp_in->open();
    if (!bound.has_value()) return start_error{"mllp", bound.error()};
    endpoints["mllp"] = io::write_host_port(*bound);
    return std::nullopt;
}

std::optional<node::start_error> node::running::open_spool()
{
    // Nobody waits for a file: under stress it makes room for those who wait for an answer.
    const auto take = [this](const pipeline::submission& from) {
        if (load->state() != pipeline::load_state::normal) std::this_thread::sleep_for(stressed_pause);
        return accept(from);
    };
    spool_in = std::make_unique<spool::watcher>(watching(*first), take);
    if (auto started = spool_in->start(); !started.has_value()) return start_error{"spool", started.error()};
    return std::nullopt;
}

void node::running::start_housekeeper()
{
    std::optional<std::filesystem::path> by_files;
    if (all().roles.hospital && !all().mllp.zam_to) by_files = all().spool.acknowledgements;
    const auto services = [this] {
        return housekeeper::services{in_use(*now, &generation::intake), in_use(*now, &generation::outbound),
                                     in_use(*now, &generation::acks)};
    };
    keeper = std::make_unique<housekeeper>(services, std::move(by_files), [this] { look(); });
    keeper->start();
    facts = std::make_unique<facts_renewal>(*store);
    facts->start(facts_keeper_of(*first));
    telling_people = std::make_unique<notices>(*lasting, *now, [this] { return load->is_refusing(); });
    telling_people->start();
    start_retention();
}

// What the store counts by itself, and the load.
void node::running::look()
{
    pipeline::ports::queue_counts counts;
    if (store->read([&](pipeline::ports::reader& reader) { counts = reader.counts(); }).has_value()) {
        std::int64_t waiting = 0;
        for (const auto& [state, n] : counts.deliveries)
            if (pipeline::is_in_queue(state)) waiting += n;
        obs::set(obs::gauge::queue_letters, waiting);
        obs::set(obs::gauge::queue_octets, counts.queue_octets);
        const auto age = counts.oldest_open ? clock.now() - *counts.oldest_open : std::chrono::milliseconds(0);
        obs::set(obs::gauge::queue_oldest_seconds, std::chrono::duration_cast<std::chrono::seconds>(age).count());
    }
    load->sample();
    seal_when_due();
}

std::chrono::steady_clock::duration node::running::longest_step() const
{
    const auto own = keeper->longest_step();
    return spool_in ? std::max(own, spool_in->longest_step()) : own;
}

json::object node::running::live() const
{
    json::array sites;
    for (const pipeline::site_facts& one : sender->sites())
        sites.push_back(json::object{{"site", one.site},
                                     {"waiting", one.waiting},
                                     {"running", one.running},
                                     {"slots", one.slots},
                                     {"dead", one.dead}});
    json::object all{{"load", load->facts()}, {"sites", std::move(sites)}};
    if (const auto fetching_now = fetcher()) {
        const fetch::poll_facts said = fetching_now->facts();
        const auto seconds = [](const std::optional<base::instant>& at) {
            return at ? json::value(std::chrono::floor<std::chrono::seconds>(*at).time_since_epoch().count())
                      : json::value();
        };
        all["returns_mailbox"] = json::object{{"last_success", seconds(said.last_success)},
                                              {"failing_since", seconds(said.failing_since)},
                                              {"why", said.why},
                                              {"taken", said.taken},
                                              {"left", said.left},
                                              {"idle", said.idle}};
    }
    return all;
}

void node::running::seal_when_due()
{
    if (is_due(next_seal, clock.now(), now->get()->part->settings.audit.every)) seal();
}

void node::running::seal()
{
    const auto part = now->get()->part;
    if (!part->composer) return;  // no key to sign with: an operator's node without a hospital
    const auto sealed =
        seal_ledger(*store, part->settings.node.name, part->composer->signer, part->settings.audit.copies, clock.now());
    if (!sealed.has_value()) obs::error(obs::event::store_failed, "step=seal code={}", sealed.error().message());
}

// Each room takes the new values for what begins from now on.
void node::running::use(const parts& part)
{
    load->use(load_limits_of(part));
    sender->use(dispatching(part));
    if (ack_out) ack_out->use(part.tls_client);
    if (returns_in) returns_in->use(shared_by_all(returns_settings(part)));
    if (smtp_in) smtp_in->use(shared_by_all(operator_settings(part)));
    const config::operator_settings& op = part.settings.operator_;
    if (submission_in)
        submission_in->use(shared_by_all(submission_settings(part, *op.submission, smtp::server_tls::required)));
    if (submissions_in)
        submissions_in->use(shared_by_all(submission_settings(part, *op.submissions, smtp::server_tls::implicit)));
    if (imap_in) imap_in->use(part.tls_server, part.settings.limits.connections);
    if (mllp_in) mllp_in->use(mllp_settings(part));
    open_fetch(part);
    keep_facts(*store, part);
    facts->start(facts_keeper_of(part));
    keeper->route_again_soon();
    sender->wake();
}
}
