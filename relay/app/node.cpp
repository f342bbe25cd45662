#include "relay/app/node.hpp"

#include <algorithm>
#include <thread>

#include <boost/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include "relay/app/ack_sender.hpp"
#include "relay/app/control_commands.hpp"
#include "relay/app/dispatcher.hpp"
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
#include "relay/pipeline/hosted_mail.hpp"
#include "relay/smtp/connection/lmtp_client.hpp"
#include "relay/smtp/connection/smtp_server.hpp"
#include "relay/spool/watcher.hpp"
#include "relay/track/returns.hpp"
#include "relay/vault/password.hpp"

namespace relay::app {
namespace json = boost::json;
namespace {
constexpr auto zam_wait = std::chrono::seconds(2);
constexpr auto stressed_pause = std::chrono::milliseconds(250);  // per file and worker
}

// Members are destroyed from the last to the first: what uses stands below what it uses.
struct node::running {
    explicit running(std::unique_ptr<parts> made) : part(std::move(made)) {}

    std::unique_ptr<parts> part;
    base::system_wall_clock clock;
    std::optional<store::instance_lock> lock;
    std::unique_ptr<store::sqlite_store> store;
    std::unique_ptr<routing::sqlite_directory> directory;
    std::unique_ptr<pipeline::ports::mailbox_accounts> accounts;
    std::optional<pipeline::services> with;
    std::unique_ptr<pipeline::outbound> outbound;
    std::unique_ptr<pipeline::intake> intake;
    std::unique_ptr<track::returns> returns;
    std::unique_ptr<smtp::lmtp_client> mailbox_server;
    std::unique_ptr<pipeline::hosted_mail> hosted;
    std::unique_ptr<pipeline::account_logins> logins;
    std::shared_ptr<smtp::peer_rates> rates;
    std::unique_ptr<pipeline::ack_queue> acks;
    std::unique_ptr<load_watch> load;
    std::unique_ptr<gated_sink> hosted_gate;
    std::unique_ptr<gated_sink> returns_gate;
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
    json::object endpoints;

    [[nodiscard]] const config::settings& all() const { return part->settings; }
    std::optional<start_error> open_data();
    void make_services();
    std::optional<start_error> open_servers();
    std::optional<start_error> open_smtp(std::unique_ptr<smtp::smtp_server>& into, const config::endpoint& at,
                                         smtp::server_policy policy, std::shared_ptr<io::tls_context> tls,
                                         pipeline::ports::mail_sink& sink, std::string_view name);
    std::optional<start_error> open_submission();
    std::optional<start_error> open_mllp();
    void look();
    [[nodiscard]] json::object live() const;
    void stop(std::chrono::seconds drain);
};

node::node(std::unique_ptr<parts> made) : state_(std::make_unique<running>(std::move(made))) {}
node::~node() = default;

std::optional<node::start_error> node::running::open_data()
{
    auto locked = store::single_instance_lock(part->paths.lock.string());
    if (!locked.has_value()) return start_error{"lock", locked.error()};
    lock = std::move(*locked);
    auto opened = open_node_store(all(), *part->vault);
    if (!opened.has_value()) return start_error{"store", opened.error()};
    store = std::move(*opened);
    auto listed = open_node_directory(part->paths);
    if (!listed.has_value()) return start_error{"directory", listed.error()};
    directory = std::move(*listed);
    accounts = store::open_mailboxes(*store, [](std::string_view hash, std::string_view password) {
        return vault::verify_password(hash, password);
    });
    return std::nullopt;
}

void node::running::make_services()
{
    const config::limit_settings& limits = all().limits;
    load = std::make_unique<load_watch>(load_limits{all().node.data, limits.free_disk_octets, limits.connections,
                                                    limits.queue_octets, limits.memory_octets,
                                                    std::uint64_t{limits.commit_milliseconds} * 1000});
    with.emplace(pipeline::services{*store, *part->vault, *directory, clock, part->routes, part->anchors});
    pipeline::outbound_options sending;
    sending.retry = {all().retry.first, all().retry.most, all().retry.give_up, all().retry.warn};
    sending.max_sealed_octets = all().limits.sealed_octets;
    sending.node_name = all().node.name;
    sending.composer = part->composer;
    outbound = std::make_unique<pipeline::outbound>(*with, std::move(sending));
    acks = std::make_unique<pipeline::ack_queue>(
        *with,
        pipeline::retry_policy{all().mllp.zam_first, all().mllp.zam_most, all().retry.give_up, all().retry.warn});
    const auto wake = [this] {
        if (sender) sender->wake();
    };
    if (all().roles.hospital) {
        intake = std::make_unique<pipeline::intake>(*with, *part->site, wake);
        returns = std::make_unique<track::returns>(*with, track::returns_options{all().hospital.address, part->zone});
        returns_gate = std::make_unique<gated_sink>(*returns, *load);
        intake->refuse_when([this] { return load->is_refusing(); });
    }
    if (all().roles.operator_) {
        pipeline::hosted_mail_options hosting{{},
                                              all().node.name,
                                              all().operator_.postmaster,
                                              "mailer-daemon@" + all().operator_.domains.front(),
                                              part->zone};
        if (auto beside = lmtp_settings_of(all())) {
            mailbox_server = std::make_unique<smtp::lmtp_client>(std::move(*beside));
            hosting.server = mailbox_server.get();
        }
        for (const std::string& domain : all().operator_.domains)
            hosting.domains.insert(pipeline::domain_of("@" + domain));
        hosted = std::make_unique<pipeline::hosted_mail>(*with, std::move(hosting), wake);
        logins = std::make_unique<pipeline::account_logins>(*store, vault::verify_password, all().limits.logins);
        hosted_gate = std::make_unique<gated_sink>(*hosted, *load);
    }
}

std::optional<node::start_error> node::running::open_smtp(std::unique_ptr<smtp::smtp_server>& into,
                                                          const config::endpoint& at, smtp::server_policy policy,
                                                          std::shared_ptr<io::tls_context> tls,
                                                          pipeline::ports::mail_sink& sink, std::string_view name)
{
    if (!rates) rates = std::make_shared<smtp::peer_rates>(peer_limits_of(all().limits));
    smtp::server_settings settings = server_settings_of(all(), std::move(policy));
    settings.at = {at.host, at.port};
    settings.tls = std::move(tls);
    settings.rates = rates;
    if (settings.policy.logins == smtp::logins::required) settings.logins = logins.get();
    into = std::make_unique<smtp::smtp_server>(*runtime, std::move(settings), sink);
    const auto bound = into->open();
    if (!bound.has_value()) return start_error{std::string(name), bound.error()};
    endpoints[name] = io::write_host_port(*bound);
    return std::nullopt;
}

std::optional<node::start_error> node::running::open_servers()
{
    runtime = std::make_unique<io::io_runtime>(all().limits.workers);
    runtime->start();
    dispatcher_options sending;
    sending.limits.deliveries = sending.limits.pace.most_slots = all().limits.deliveries;
    sending.limits.pace.gap = std::chrono::milliseconds(60'000 / std::max(all().limits.site_per_minute, 1U));
    sending.limits.stalled = 3 * sending.limits.deliveries;
    sending.attempt = all().retry.attempt;
    sending.tls = part->tls_client;
    sending.client.helo_name = all().node.name;
    sending.client.max_idle_per_key = all().limits.deliveries;  // each handshake costs as much as sealing a letter
    sender = std::make_unique<dispatcher>(*runtime, *outbound, std::move(sending));
    sender->start();
    if (all().roles.hospital && all().hospital.returns) {
        smtp::server_policy policy;
        policy.certificates = smtp::client_certificates::required;
        policy.senders = smtp::accepted_senders::null_only;
        policy.only_recipient = all().hospital.address;
        if (auto failed = open_smtp(returns_in, *all().hospital.returns, std::move(policy), part->tls_returns,
                                    *returns_gate, "returns"))
            return failed;
    }
    if (all().roles.operator_) {
        smtp::server_policy policy;
        const bool mutual = all().operator_.require_client_certificate;
        policy.certificates = mutual ? smtp::client_certificates::required : smtp::client_certificates::not_asked;
        if (auto failed = open_smtp(smtp_in, all().operator_.smtp, std::move(policy),
                                    mutual ? part->tls_returns : part->tls_server, *hosted_gate, "smtp"))
            return failed;
        if (auto failed = open_submission()) return failed;
        imap::imap_server_settings reading;
        if (all().operator_.imap)
            reading.starttls = io::host_port{all().operator_.imap->host, all().operator_.imap->port};
        if (all().operator_.imaps)
            reading.implicit_tls = io::host_port{all().operator_.imaps->host, all().operator_.imaps->port};
        reading.max_connections = all().limits.connections;
        if (reading.starttls || reading.implicit_tls) {
            imap_in = std::make_unique<imap::imap_server>(*runtime, *accounts, part->tls_server, reading);
            if (auto opened = imap_in->open(); !opened.has_value()) return start_error{"imap", opened.error()};
            if (reading.starttls)
                endpoints["imap"] = io::write_host_port({reading.starttls->host, imap_in->starttls_port()});
            if (reading.implicit_tls)
                endpoints["imaps"] = io::write_host_port({reading.implicit_tls->host, imap_in->implicit_tls_port()});
        }
    }
    return std::nullopt;
}

std::optional<node::start_error> node::running::open_submission()
{
    const config::operator_settings& wanted = all().operator_;
    smtp::server_policy policy;
    policy.certificates = smtp::client_certificates::optional;
    policy.logins = smtp::logins::required;
    if (wanted.submission)
        if (auto failed =
                open_smtp(submission_in, *wanted.submission, policy, part->tls_submission, *hosted_gate, "submission"))
            return failed;
    policy.tls = smtp::server_tls::implicit;
    if (wanted.submissions)
        return open_smtp(submissions_in, *wanted.submissions, policy, part->tls_submission, *hosted_gate,
                         "submissions");
    return std::nullopt;
}

std::optional<node::start_error> node::running::open_mllp()
{
    const config::mllp_settings& wanted = all().mllp;
    if (wanted.zam_to) {
        mllp::client_settings telling;
        telling.at = {wanted.zam_to->host, wanted.zam_to->port};
        telling.server_name = wanted.zam_server_name;
        telling.tls = part->tls_client;
        telling.answer_timeout = wanted.zam_answer;
        ack_out = std::make_unique<ack_sender>(*runtime, *acks, std::move(telling));
        ack_out->start();
    }
    if (!wanted.listen) return std::nullopt;
    mllp::server_settings settings{{wanted.listen->host, wanted.listen->port},
                                   {},
                                   wanted.require_client_certificate ? part->tls_returns : part->tls_server,
                                   wanted.connections,
                                   wanted.queue,
                                   part->zone};
    settings.policy.limits.frame.max_content_octets = all().limits.input_octets;
    settings.policy.timeouts.idle = wanted.idle;
    mllp_in = std::make_unique<mllp::mllp_server>(
        *runtime, std::move(settings), [this](const pipeline::submission& from) { return intake->accept(from); },
        clock);
    const auto bound = mllp_in->open();
    if (!bound.has_value()) return start_error{"mllp", bound.error()};
    endpoints["mllp"] = io::write_host_port(*bound);
    return std::nullopt;
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

std::optional<node::start_error> node::start()
{
    running& s = *state_;
    obs::info(obs::event::app_started, "version={} hospital={} operator={}", LIAISON_VERSION, s.all().roles.hospital,
              s.all().roles.operator_);
    if (auto failed = s.open_data()) return failed;
    s.make_services();
    const auto lost = s.outbound->recover();
    if (!lost.has_value()) return start_error{"recover", lost.error()};
    if (*lost > 0) obs::warn(obs::event::delivery_uncertain, "count={}", *lost);
    if (auto failed = s.open_servers()) return failed;
    std::optional<housekeeper::ack_files> by_files;
    if (s.all().roles.hospital && !s.all().mllp.zam_to) by_files.emplace(*s.acks, s.all().spool.acknowledgements);
    s.keeper = std::make_unique<housekeeper>(s.intake.get(), *s.outbound, std::move(by_files), [&s] { s.look(); });
    s.keeper->start();
    if (s.all().roles.hospital) {
        spool::watcher_options watching;
        watching.files = {s.all().spool.folder, s.part->node_id, s.all().spool.stable, s.all().spool.pair_wait};
        watching.acknowledgements = s.all().spool.acknowledgements;
        watching.rescan = s.all().spool.rescan;
        watching.max_octets = s.all().limits.input_octets;
        watching.keep_octets = s.all().limits.refused_octets;
        watching.workers = s.all().limits.workers;
        s.spool_in = std::make_unique<spool::watcher>(std::move(watching), [&s](const pipeline::submission& from) {
            // Nobody waits for a file: under stress it makes room for those who wait for an answer.
            if (s.load->state() != pipeline::load_state::normal) std::this_thread::sleep_for(stressed_pause);
            return s.intake->accept(from);
        });
        if (auto started = s.spool_in->start(); !started.has_value()) return start_error{"spool", started.error()};
    }
    if (s.all().roles.hospital)
        if (auto failed = s.open_mllp()) return failed;
    control_context commands{*s.store,
                             *s.directory,
                             s.intake.get(),
                             *s.outbound,
                             *s.acks,
                             [&s] { s.sender->wake(); },
                             [&s](const std::string& domain) { s.sender->domain_held(domain); },
                             [&s](const std::string& domain) { s.sender->domain_resumed(domain); },
                             [&s] { return s.live(); }};
    s.control_in = std::make_unique<control::server>(
        s.part->paths.control, [commands](const control::request& asked) { return run_command(commands, asked); });
    if (auto started = s.control_in->start(); !started.has_value()) return start_error{"control", started.error()};
    ::mkdir(s.part->paths.run.c_str(), 0700);
    s.endpoints["pid"] = ::getpid();
    if (auto written = io::write_file_atomic(s.part->paths.endpoints, json::serialize(s.endpoints) + "\n");
        !written.has_value())
        return start_error{"endpoints", written.error()};
    obs::info(obs::event::app_ready, "pid={}", ::getpid());
    return std::nullopt;
}

void node::running::stop(std::chrono::seconds drain)
{
    std::error_code ignored;
    if (lock) std::filesystem::remove(part->paths.endpoints, ignored);  // without the lock it is another node's
    if (spool_in) spool_in->stop();
    if (control_in) control_in->stop();
    const auto until = io::clock::now() + drain;
    if (mllp_in) mllp_in->drain(until);
    if (sender) sender->drain(until);
    for (auto* in : {&smtp_in, &submission_in, &submissions_in})
        if (*in) (*in)->drain(until);
    if (imap_in) imap_in->drain(until);
    // Reports of the last letters may still come while the others drained.
    if (returns_in) returns_in->drain(std::max(until, io::clock::now() + zam_wait));
    if (ack_out) ack_out->drain(std::max(until, io::clock::now() + zam_wait));
    if (keeper) keeper->stop();
    if (runtime) runtime->stop();
}

void node::stop(std::chrono::seconds drain)
{
    obs::info(obs::event::app_draining, "seconds={}", drain.count());
    state_->stop(drain);
    obs::info(obs::event::app_stopped, "");
}
}
