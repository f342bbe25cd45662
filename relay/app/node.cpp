#include "relay/app/node.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "relay/app/control_commands.hpp"
#include "relay/app/node_running.hpp"
#include "relay/io/files.hpp"
#include "relay/obs/log.hpp"
#include "relay/vault/password.hpp"

namespace relay::app {
namespace json = boost::json;
namespace {
constexpr auto zam_wait = std::chrono::seconds(2);
constexpr auto last_pages = std::chrono::seconds(2);
}

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
    auto opened = open_node_store(*first);
    if (!opened.has_value()) return start_error{"store", opened.error()};
    store = std::move(*opened);
    auto listed = open_node_directory(first->paths);
    if (!listed.has_value()) return start_error{"directory", listed.error()};
    directory = std::move(*listed);
    accounts = store::open_mailboxes(*store, clock, [](std::string_view hash, std::string_view password) {
        return vault::verify_password(hash, password);
    });
    return std::nullopt;
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

std::optional<node::start_error> node::running::open_control(node& owner)
{
    const auto run = [this, &owner](const control::request& asked) {
        const std::shared_ptr<generation> with = now->get();
        control_context context{*store, *directory, with->intake.get(), *with->outbound, *with->acks, lasting->wake};
        context.reload = [&owner] { return told(owner.reload()); };
        context.held = [this](const std::string& domain) { sender->domain_held(domain); };
        context.resumed = [this](const std::string& domain) { sender->domain_resumed(domain); };
        context.live = [this] { return live(); };
        pipeline::work_desk desk(*store, clock, stay_rules_of(*with->part));
        context.desk = &desk;
        context.digest = [this](const std::string& group, const std::string& week) {
            return telling_people->send_digest(group, week);
        };
        context.purge = [this] { return purge_now([] { return true; }); };
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
    s.beat = std::make_unique<heartbeat>(*s.runtime, *s.store, s.manager, [&s] { return s.longest_step(); });
    s.beat->start();
    s.phase = http::phase::serving;
    s.manager.ready("en service");
    obs::info(obs::event::app_ready, "pid={}", ::getpid());
    return std::nullopt;
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
            obs::error(obs::event::reload_refused, "where=\"{}\" why=\"{}\"", one.where, one.what);
        done.mistakes = std::move(prepared.mistakes);
        s.manager.ready("en service ; réglages refusés, les anciens restent : " + done.mistakes.front().where);
        return done;
    }
    const std::shared_ptr<const parts> part = std::move(prepared.made);
    s.now->set(std::make_shared<generation>(part, *s.lasting));
    s.use(*part);
    for (const std::string& key : done.kept) obs::warn(obs::event::setting_kept, "key=\"{}\"", key);
    s.manager.ready(done.kept.empty() ? "en service"
                                      : "en service ; un réglage attend le prochain démarrage : " + done.kept.front());
    obs::info(obs::event::reloaded, "kept={}", done.kept.size());
    return done;
}

std::chrono::seconds node::drain() const
{
    return state_->now ? state_->now->get()->part->settings.node.drain : state_->all().node.drain;
}

void node::running::stop()
{
    stopping = true;
    if (phase == http::phase::serving) phase = http::phase::draining;
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
        if (auto fetching_now = fetcher()) rooms.emplace_back([fetching_now] { fetching_now->stop(); });
        if (sender) sender->drain(until);
    }
    // Reports of the last letters may still come while the others drained.
    if (returns_in) returns_in->drain(std::max(until, io::clock::now() + zam_wait));
    if (ack_out) ack_out->drain(std::max(until, io::clock::now() + zam_wait));
    if (web) web->drain(std::max(until, io::clock::now() + last_pages));  // they have shown the drain meanwhile
    if (telling_people) telling_people->stop();
    if (keeper) keeper->stop();
    if (facts) facts->stop();
    if (retention) retention->stop();
    if (now) seal();
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
