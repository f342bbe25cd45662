#include "relay/app/node.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include <mutex>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "relay/app/ack_sender.hpp"
#include "relay/app/control_commands.hpp"
#include "relay/app/dispatcher.hpp"
#include "relay/app/generation.hpp"
#include "relay/app/heartbeat.hpp"
#include "relay/app/housekeeper.hpp"
#include "relay/app/load_watch.hpp"
#include "relay/app/smtp_settings.hpp"
#include "relay/control/server.hpp"
#include "relay/imap/connection/imap_server.hpp"
#include "relay/io/files.hpp"
#include "relay/mllp/connection/mllp_server.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/account_logins.hpp"
#include "relay/smtp/connection/lmtp_client.hpp"
#include "relay/smtp/connection/smtp_server.hpp"
#include "relay/spool/watcher.hpp"
#include "relay/vault/password.hpp"

namespace relay::app {
namespace json = boost::json;
namespace {
constexpr auto zam_wait = std::chrono::seconds(2);
constexpr auto stressed_pause = std::chrono::milliseconds(250);  // per file and worker
constexpr obs::event_name reloaded_event{"app.reloaded"};
constexpr obs::event_name reload_refused_event{"app.reload_refused"};
constexpr obs::event_name setting_kept_event{"app.setting_kept"};

smtp::server_settings smtp_settings(const parts& part, const config::endpoint& at, smtp::server_policy policy,
                                    std::shared_ptr<io::tls_context> tls)
{
    smtp::server_settings made = server_settings_of(part.settings, std::move(policy));
    made.at = {at.host, at.port};
    made.tls = std::move(tls);
    return made;
}

smtp::server_settings returns_settings(const parts& part)
{
    smtp::server_policy policy;
    policy.certificates = smtp::client_certificates::required;
    policy.senders = smtp::accepted_senders::null_only;
    policy.only_recipient = part.settings.hospital.address;
    return smtp_settings(part, *part.settings.hospital.returns, std::move(policy), part.tls_returns);
}

smtp::server_settings operator_settings(const parts& part)
{
    smtp::server_policy policy;
    const bool mutual = part.settings.operator_.require_client_certificate;
    policy.certificates = mutual ? smtp::client_certificates::required : smtp::client_certificates::not_asked;
    return smtp_settings(part, part.settings.operator_.smtp, std::move(policy),
                         mutual ? part.tls_returns : part.tls_server);
}

smtp::server_settings submission_settings(const parts& part, const config::endpoint& at, smtp::server_tls tls)
{
    smtp::server_policy policy;
    policy.certificates = smtp::client_certificates::optional;
    policy.logins = smtp::logins::required;
    policy.tls = tls;
    return smtp_settings(part, at, std::move(policy), part.tls_submission);
}

mllp::server_settings mllp_settings(const parts& part)
{
    const config::mllp_settings& wanted = part.settings.mllp;
    mllp::server_settings made{{wanted.listen->host, wanted.listen->port},
                               {},
                               wanted.require_client_certificate ? part.tls_returns : part.tls_server,
                               wanted.connections,
                               wanted.queue,
                               part.zone};
    made.policy.limits.frame.max_content_octets = part.settings.limits.input_octets;
    made.policy.timeouts.idle = wanted.idle;
    return made;
}

dispatcher_options dispatching(const parts& part)
{
    dispatcher_options made;
    const config::limit_settings& limits = part.settings.limits;
    made.limits.deliveries = made.limits.pace.most_slots = limits.deliveries;
    made.limits.pace.gap = std::chrono::milliseconds(60'000 / std::max(limits.site_per_minute, 1U));
    made.limits.stalled = 3 * limits.deliveries;
    made.attempt = part.settings.retry.attempt;
    made.hops = part.hops;
    made.client.helo_name = part.settings.node.name;
    made.client.pool.max_idle_per_key = limits.deliveries;  // each handshake costs as much as sealing a letter
    return made;
}

spool::watcher_options watching(const parts& part)
{
    const config::settings& all = part.settings;
    spool::watcher_options made;
    made.files = {all.spool.folder, part.node_id, all.spool.stable, all.spool.pair_wait};
    made.acknowledgements = all.spool.acknowledgements;
    made.rescan = all.spool.rescan;
    made.max_octets = all.limits.input_octets;
    made.keep_octets = all.limits.refused_octets;
    made.workers = all.limits.workers;
    return made;
}
}

// Members are destroyed from the last to the first: what uses stands below what it uses.
struct node::running {
    running(std::unique_ptr<parts> made, const service_manager& told) : manager(told), first(std::move(made)) {}

    const service_manager& manager;
    const std::shared_ptr<const parts> first;  // of the start: what cannot change while the node runs is read here
    base::system_wall_clock clock;
    std::optional<store::instance_lock> lock;
    std::unique_ptr<store::sqlite_store> store;
    std::unique_ptr<routing::sqlite_directory> directory;
    std::unique_ptr<pipeline::ports::mailbox_accounts> accounts;
    std::unique_ptr<smtp::lmtp_client> mailbox_server;
    std::unique_ptr<pipeline::account_logins> logins;
    std::shared_ptr<smtp::peer_rates> rates;
    std::optional<lasting_parts> lasting;
    std::optional<current_generation> now;
    std::optional<sink_in_use<track::returns>> returns;
    std::optional<sink_in_use<pipeline::hosted_mail>> hosted;
    std::unique_ptr<load_watch> load;
    std::optional<gated_sink> returns_gate, hosted_gate;
    std::unique_ptr<io::io_runtime> runtime;
    std::unique_ptr<dispatcher> sender;
    std::unique_ptr<ack_sender> ack_out;
    std::unique_ptr<smtp::smtp_server> smtp_in;
    std::unique_ptr<smtp::smtp_server> returns_in;
    std::unique_ptr<smtp::smtp_server> submission_in;
    std::unique_ptr<smtp::smtp_server> submissions_in;
    std::unique_ptr<imap::imap_server> imap_in;
    std::unique_ptr<mllp::mllp_server> mllp_in;
    std::unique_ptr<spool::watcher> spool_in;
    std::unique_ptr<housekeeper> keeper;
    std::unique_ptr<control::server> control_in;
    std::unique_ptr<heartbeat> beat;
    json::object endpoints;
    std::mutex reloading;

    [[nodiscard]] const config::settings& all() const { return first->settings; }
    [[nodiscard]] pipeline::submission_result accept(const pipeline::submission& from) const
    {
        return in_use(*now, &generation::intake)->accept(from);
    }
    std::optional<start_error> open_data();
    void make_services();
    std::optional<start_error> open_servers();
    std::optional<start_error> open_smtp(std::unique_ptr<smtp::smtp_server>& into, smtp::server_settings settings,
                                         pipeline::ports::mail_sink& sink, std::string_view name);
    std::optional<start_error> open_submission();
    std::optional<start_error> open_imap();
    [[nodiscard]] smtp::server_settings shared_by_all(smtp::server_settings made) const;
    std::optional<start_error> open_mllp();
    std::optional<start_error> open_spool();
    std::optional<start_error> open_control(node& owner);
    void start_housekeeper();
    void look();
    [[nodiscard]] json::object live() const;
    void use(const parts& part);
    void stop();
};

node::node(std::unique_ptr<parts> made, const service_manager& manager)
    : state_(std::make_unique<running>(std::move(made), manager))
{
}
node::~node() = default;

std::optional<node::start_error> node::running::open_data()
{
    auto locked = store::single_instance_lock(first->paths.lock.string());
    if (!locked.has_value()) return start_error{"lock", locked.error()};
    lock = std::move(*locked);
    auto opened = open_node_store(all(), *first->vault);
    if (!opened.has_value()) return start_error{"store", opened.error()};
    store = std::move(*opened);
    auto listed = open_node_directory(first->paths);
    if (!listed.has_value()) return start_error{"directory", listed.error()};
    directory = std::move(*listed);
    accounts = store::open_mailboxes(*store, [](std::string_view hash, std::string_view password) {
        return vault::verify_password(hash, password);
    });
    return std::nullopt;
}

void node::running::make_services()
{
    const auto wake = [this] {
        if (sender) sender->wake();
    };
    if (auto beside = lmtp_settings_of(all())) mailbox_server = std::make_unique<smtp::lmtp_client>(std::move(*beside));
    logins = std::make_unique<pipeline::account_logins>(*store, vault::verify_password, all().limits.logins);
    rates = std::make_shared<smtp::peer_rates>(peer_limits_of(all().limits));
    const config::limit_settings& limits = all().limits;
    load = std::make_unique<load_watch>(load_limits{all().node.data, limits.free_disk_octets, limits.connections,
                                                    limits.queue_octets, limits.memory_octets,
                                                    std::uint64_t{limits.commit_milliseconds} * 1000});
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
    dispatcher_options sending = dispatching(*first);
    sending.client.names = std::make_shared<io::name_lookup>(first->dns);
    sender = std::make_unique<dispatcher>(
        *runtime, [this] { return in_use(*now, &generation::outbound); }, std::move(sending));
    sender->start();
    if (all().roles.hospital && all().hospital.returns)
        if (auto failed = open_smtp(returns_in, returns_settings(*first), *returns_gate, "returns")) return failed;
    if (all().roles.operator_) {
        if (auto failed = open_smtp(smtp_in, operator_settings(*first), *hosted_gate, "smtp")) return failed;
        if (auto failed = open_submission()) return failed;
        if (auto failed = open_imap()) return failed;
    }
    return std::nullopt;
}

std::optional<node::start_error> node::running::open_mllp()
{
    const config::mllp_settings& wanted = all().mllp;
    if (wanted.zam_to) {
        mllp::client_settings telling;
        telling.at = {wanted.zam_to->host, wanted.zam_to->port};
        telling.server_name = wanted.zam_server_name;
        telling.tls = first->tls_client;
        telling.answer_timeout = wanted.zam_answer;
        ack_out = std::make_unique<ack_sender>(
            *runtime, [this] { return in_use(*now, &generation::acks); }, std::move(telling));
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
}

namespace {
control::reply told(const node::reloaded& done)
{
    if (done.mistakes.empty()) return {true, {{"kept", json::array(done.kept.begin(), done.kept.end())}}, {}, {}};
    std::string text = "réglages refusés, les anciens restent en usage";
    for (const config::mistake& one : done.mistakes) text += "\n" + one.where + " : " + one.what;
    return control::failure("SETTINGS_REFUSED", std::move(text));
}
}

// What the store counts by itself, and the load.
void node::running::look()
{
    pipeline::ports::queue_counts counts;
    if (store->read([&](pipeline::ports::reader& reader) { counts = reader.counts(); }).has_value()) {
        using enum pipeline::delivery_state;
        std::int64_t waiting = 0;
        for (const auto state : {queued, deferred, sending, uncertain}) waiting += counts.deliveries[state];
        obs::set(obs::gauge::queue_letters, waiting);
        obs::set(obs::gauge::queue_octets, counts.queue_octets);
        const auto age = counts.oldest_open ? clock.now() - *counts.oldest_open : std::chrono::milliseconds(0);
        obs::set(obs::gauge::queue_oldest_seconds, std::chrono::duration_cast<std::chrono::seconds>(age).count());
    }
    load->sample();
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
    return {{"load", load->facts()}, {"sites", std::move(sites)}};
}

std::optional<node::start_error> node::running::open_control(node& owner)
{
    const auto run = [this, &owner](const control::request& asked) {
        const std::shared_ptr<generation> with = now->get();
        control_context context{*store, *directory, with->intake.get(), *with->outbound, *with->acks, lasting->wake};
        context.reload = [&owner] { return told(owner.reload()); };
        context.held = [this](const std::string& domain) { sender->domain_held(domain); };
        context.resumed = [this](const std::string& domain) { sender->domain_resumed(domain); };
        context.live = [this] { return live(); };
        return run_command(context, asked);
    };
    control_in = std::make_unique<control::server>(first->paths.control, run);
    if (auto started = control_in->start(); !started.has_value()) return start_error{"control", started.error()};
    return std::nullopt;
}

std::optional<node::start_error> node::start()
{
    running& s = *state_;
    obs::info(obs::event::app_started, "version={} hospital={} operator={}", LIAISON_VERSION, s.all().roles.hospital,
              s.all().roles.operator_);
    if (auto failed = s.open_data()) return failed;
    s.make_services();
    const auto lost = s.now->get()->outbound->recover();
    if (!lost.has_value()) return start_error{"recover", lost.error()};
    if (*lost > 0) obs::warn(obs::event::delivery_uncertain, "count={}", *lost);
    if (auto failed = s.open_servers()) return failed;
    s.start_housekeeper();
    if (s.all().roles.hospital) {
        if (auto failed = s.open_spool()) return failed;
        if (auto failed = s.open_mllp()) return failed;
    }
    if (auto failed = s.open_control(*this)) return failed;
    ::mkdir(s.first->paths.run.c_str(), 0700);
    s.endpoints["pid"] = ::getpid();
    if (auto written = io::write_file_atomic(s.first->paths.endpoints, json::serialize(s.endpoints) + "\n");
        !written.has_value())
        return start_error{"endpoints", written.error()};
    s.beat = std::make_unique<heartbeat>(*s.runtime, *s.store, s.manager);
    s.beat->start();
    s.manager.ready("en service");
    obs::info(obs::event::app_ready, "pid={}", ::getpid());
    return std::nullopt;
}

// Each room takes the new values for what begins from now on.
void node::running::use(const parts& part)
{
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
    keeper->route_again_soon();
    sender->wake();
}

node::reloaded node::reload()
{
    running& s = *state_;
    const std::lock_guard alone(s.reloading);
    s.manager.reloading();
    reloaded done;
    config::loaded read = config::load_settings(s.all().file);
    if (read.mistakes.empty()) done.kept = keep_fixed(s.all(), read.values);
    prepared_parts prepared = prepare_parts(std::move(read));
    if (!prepared.made) {
        for (const config::mistake& one : prepared.mistakes)
            obs::error(reload_refused_event, "where=\"{}\" why=\"{}\"", one.where, one.what);
        done.mistakes = std::move(prepared.mistakes);
        s.manager.ready("en service ; réglages refusés, les anciens restent : " + done.mistakes.front().where);
        return done;
    }
    const std::shared_ptr<const parts> part = std::move(prepared.made);
    s.now->set(std::make_shared<generation>(part, *s.lasting));
    s.use(*part);
    for (const std::string& key : done.kept) obs::warn(setting_kept_event, "key=\"{}\"", key);
    s.manager.ready(done.kept.empty() ? "en service"
                                      : "en service ; un réglage attend le prochain démarrage : " + done.kept.front());
    obs::info(reloaded_event, "kept={}", done.kept.size());
    return done;
}

std::chrono::seconds node::drain() const
{
    return state_->now ? state_->now->get()->part->settings.node.drain : state_->all().node.drain;
}

void node::running::stop()
{
    std::error_code ignored;
    if (lock) std::filesystem::remove(first->paths.endpoints, ignored);  // without the lock it is another node's
    if (control_in) control_in->stop();
    const auto until = io::clock::now() + (now ? now->get()->part->settings.node.drain : std::chrono::seconds(1));
    {
        // At the same time: nobody takes in while another ends, and the deadline is one for all.
        std::vector<std::jthread> rooms;
        if (spool_in) rooms.emplace_back([this] { spool_in->stop(); });
        if (mllp_in) rooms.emplace_back([this, until] { mllp_in->drain(until); });
        for (auto* in : {&smtp_in, &submission_in, &submissions_in})
            if (*in) rooms.emplace_back([in, until] { (*in)->drain(until); });
        if (imap_in) rooms.emplace_back([this, until] { imap_in->drain(until); });
        if (sender) sender->drain(until);
    }
    // Reports of the last letters may still come while the others drained.
    if (returns_in) returns_in->drain(std::max(until, io::clock::now() + zam_wait));
    if (ack_out) ack_out->drain(std::max(until, io::clock::now() + zam_wait));
    if (keeper) keeper->stop();
    if (beat) beat->stop();
    if (runtime) runtime->stop();
}

void node::stop()
{
    obs::info(obs::event::app_draining, "seconds={}", drain().count());
    state_->manager.stopping("arrêt : fin de ce qui est en cours");
    state_->stop();
    obs::info(obs::event::app_stopped, "");
}
}
