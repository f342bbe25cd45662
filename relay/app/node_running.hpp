// relay/app/node_running.hpp: what a running node owns. For node*.cpp only. Threads: opened and stopped by the one that
// starts the node; use() by one reload at a time; look() by the housekeeper; accept() and live() by any.
#pragma once

#include <atomic>
#include <boost/json/object.hpp>
#include <mutex>

#include "relay/app/ack_sender.hpp"
#include "relay/app/dispatcher.hpp"
#include "relay/app/facts_renewal.hpp"
#include "relay/app/generation.hpp"
#include "relay/app/heartbeat.hpp"
#include "relay/app/housekeeper.hpp"
#include "relay/app/load_watch.hpp"
#include "relay/app/node.hpp"
#include "relay/app/notices.hpp"
#include "relay/app/purger.hpp"
#include "relay/app/retention_task.hpp"
#include "relay/control/server.hpp"
#include "relay/fetch/poller.hpp"
#include "relay/http/http_server.hpp"
#include "relay/http/pages.hpp"
#include "relay/imap/connection/imap_server.hpp"
#include "relay/mllp/connection/mllp_server.hpp"
#include "relay/pipeline/account_logins.hpp"
#include "relay/pipeline/clock_guard.hpp"
#include "relay/smtp/connection/lmtp_client.hpp"
#include "relay/smtp/connection/smtp_server.hpp"
#include "relay/spool/watcher.hpp"
#include "relay/track/polled_record.hpp"

namespace relay::app {
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
    std::unique_ptr<http::pages> pages;
    std::unique_ptr<io::io_runtime> runtime;
    std::unique_ptr<http::http_server> web;
    std::unique_ptr<dispatcher> sender;
    std::unique_ptr<ack_sender> ack_out;
    std::optional<track::polled_record> polled;
    mutable std::mutex fetching;  // what `fetch_in` is
    std::shared_ptr<fetch::poller> fetch_in;
    std::unique_ptr<smtp::smtp_server> smtp_in;
    std::unique_ptr<smtp::smtp_server> returns_in;
    std::unique_ptr<smtp::smtp_server> submission_in;
    std::unique_ptr<smtp::smtp_server> submissions_in;
    std::unique_ptr<imap::imap_server> imap_in;
    std::unique_ptr<mllp::mllp_server> mllp_in;
    std::unique_ptr<spool::watcher> spool_in;
    std::unique_ptr<housekeeper> keeper;
    std::unique_ptr<facts_renewal> facts;
    std::unique_ptr<notices> telling_people;
    purger purge;
    pipeline::clock_guard trusted_clock;  // retention's thread only
    std::unique_ptr<retention_task> retention;
    std::unique_ptr<control::server> control_in;
    std::unique_ptr<heartbeat> beat;
    std::atomic<http::phase> phase{http::phase::starting};  // from serving on, every room that is lit is there
    std::atomic<bool> stopping{false};                      // whoever is at work for long comes to an end
    pipeline::instant next_seal{};                          // of the ledger; housekeeper only
    boost::json::object endpoints;
    std::mutex reloading;

    [[nodiscard]] const config::settings& all() const { return first->settings; }
    [[nodiscard]] pipeline::submission_result accept(const pipeline::submission& from) const
    {
        return in_use(*now, &generation::intake)->accept(from);
    }
    std::optional<start_error> open_data();
    void make_services();
    std::optional<start_error> open_servers();
    std::optional<start_error> open_web();
    [[nodiscard]] http::node_facts told_to_pages() const;
    std::optional<start_error> open_smtp(std::unique_ptr<smtp::smtp_server>& into, smtp::server_settings settings,
                                         pipeline::ports::mail_sink& sink, std::string_view name);
    std::optional<start_error> open_submission();
    std::optional<start_error> open_imap();
    [[nodiscard]] smtp::server_settings shared_by_all(smtp::server_settings made) const;
    void open_fetch(const parts& part);  // the mailbox polled by these settings, or none; any before it is stopped
    [[nodiscard]] std::shared_ptr<fetch::poller> fetcher() const;
    std::optional<start_error> open_mllp();
    std::optional<start_error> open_spool();
    std::optional<start_error> open_control(node& owner);
    void start_housekeeper();
    void start_retention();
    bool is_clock_trusted();
    // While `going`, and until the node stops.
    [[nodiscard]] result<pipeline::purge_counts> purge_now(const std::function<bool()>& going);
    void look();
    void seal_when_due();
    void seal();
    [[nodiscard]] std::chrono::steady_clock::duration longest_step() const;
    [[nodiscard]] boost::json::object live() const;
    void use(const parts& part);
    void stop();
};
}
