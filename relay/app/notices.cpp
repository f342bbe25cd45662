#include "relay/app/notices.hpp"

#include <algorithm>
#include <set>

#include "certs/certificate.hpp"
#include "mime/text/digest.hpp"
#include "relay/app/digest_text.hpp"
#include "relay/io/files.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/notice_mail.hpp"
#include "relay/pipeline/ports/worklist.hpp"
#include "relay/pipeline/watch_desk.hpp"

namespace relay::app {
using namespace pipeline;
namespace {
constexpr std::uint64_t most_certificate_octets = 1U << 20U;

int minute_of(std::string_view text)
{
    const auto digit = [&](std::size_t at) { return text[at] - '0'; };
    return (digit(0) * 10 + digit(1)) * 60 + digit(3) * 10 + digit(4);
}

alert_rule rule_of(const config::alert_rule_settings& from, const organisation& sites)
{
    alert_rule rule;
    rule.to = from.to;
    rule.all_services = rule.node = from.groups.empty() && from.sites.empty() && from.services.empty();
    rule.services.insert(from.services.begin(), from.services.end());
    for (const std::string& site : from.sites)
        for (auto& code : services_of_site(sites, site)) rule.services.insert(std::move(code));
    for (const std::string& group : from.groups)
        for (auto& code : services_of_group(sites, group)) rule.services.insert(std::move(code));
    for (const std::string& word : from.tell)
        if (const auto kind = alert_kind_from(word)) rule.kinds.insert(*kind);
    if (!from.hours.empty()) rule.hours = {minute_of(from.hours), minute_of(std::string_view(from.hours).substr(6))};
    if (!from.digest) return rule;
    rule.digests = from.groups;
    if (!rule.all_services) return rule;
    std::set<std::string> groups;
    for (const site_entry& site : sites.sites()) groups.insert(site.group);
    rule.digests.assign(groups.begin(), groups.end());
    return rule;
}

std::vector<std::string> addresses_of(const alert_options& options, const std::string& group)
{
    std::set<std::string> found;
    for (const alert_rule& rule : options.rules)
        if (std::find(rule.digests.begin(), rule.digests.end(), group) != rule.digests.end())
            found.insert(rule.to.begin(), rule.to.end());
    return {found.begin(), found.end()};
}

// The first of a file's certificates is ours, the others are its chain.
std::optional<alert_condition> about_to_end(const std::filesystem::path& file, const char* what, instant before)
{
    if (file.empty()) return std::nullopt;
    const auto pem = io::read_file(file, most_certificate_octets);
    if (!pem.has_value()) return std::nullopt;
    const auto read = certs::read_certificates(*pem);
    if (!read.has_value() || read->empty() || read->front().not_after() > before) return std::nullopt;
    return alert_condition{alert_kind::certificate, what, 1, read->front().not_after()};
}

alert_options alert_options_of(const parts& part)
{
    const config::alert_settings& alerts = part.settings.alerts;
    alert_options made{part.settings.node.name,
                       sender_of(part.settings),
                       {},
                       !alerts.webhook.empty(),
                       std::chrono::hours(24 * alerts.window_days),
                       std::chrono::minutes(alerts.peer_minutes),
                       std::chrono::minutes(alerts.queue_minutes),
                       part.sites,
                       part.zone};
    for (const config::alert_rule_settings& rule : part.settings.alert_rules)
        made.rules.push_back(rule_of(rule, part.sites));
    return made;
}
}

std::string sender_of(const config::settings& all)
{
    if (!all.alerts.from.empty()) return all.alerts.from;
    if (all.roles.hospital) return all.hospital.address;
    return "mailer-daemon@" + all.operator_.domains.front();
}

notices::notices(const lasting_parts& with, const current_generation& now, std::function<bool()> refusing)
    : with_(with), now_(now), refusing_(std::move(refusing))
{
}

void notices::start()
{
    thread_ = std::thread([this] { run(); });
}

void notices::stop()
{
    {
        const std::scoped_lock lock(mutex_);
        leaving_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

services notices::services_of(const parts& part) const
{
    return {with_.store, with_.vault, with_.directory, with_.clock, part.routes, part.anchors};
}

void notices::run()
{
    while (!leaving_) {
        try {
            look();
        } catch (const std::exception&) {
            obs::error(obs::event::task_failed, "task=notices");
        }
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, now_.get()->part->settings.alerts.look, [this] { return leaving_.load(); });
    }
}

void notices::look()
{
    const auto part = now_.get()->part;
    watch_when_due(*part);
    const alert_options options = alert_options_of(*part);
    if (options.rules.empty() && !options.webhook) return;
    const auto done = alert_desk(services_of(*part), options).look(of_the_node(*part));
    if (!done.has_value()) obs::error(obs::event::store_failed, "step=alerts code={}", done.error().message());
    if (done.has_value() && *done > 0) with_.wake();
    send_due_digests(*part, options);
    if (options.webhook) send_posts(*part);
}

std::vector<alert_condition> notices::of_the_node(const parts& part)
{
    const instant now = with_.clock.now();
    std::vector<alert_condition> found;
    if (refusing_()) found.push_back({alert_kind::load, "", 1, now});
    const instant before = now + std::chrono::hours(24 * part.settings.alerts.certificate_days);
    const std::pair<const std::filesystem::path*, const char*> ours[] = {
        {&part.settings.tls.certificate, "tls"}, {&part.settings.hospital.signing_certificate, "signature"}};
    for (const auto& [file, what] : ours)
        if (auto one = about_to_end(*file, what, before)) found.push_back(std::move(*one));
    return found;
}

void notices::watch_when_due(const parts& part)
{
    const auto now = std::chrono::steady_clock::now();
    if (now < next_watch_) return;
    const config::watch_settings& from = part.settings.watch;
    next_watch_ = now + from.every;
    const watch_thresholds at{from.volume_floor,
                              from.volume_times,
                              from.volume_days,
                              from.unread_letters,
                              std::chrono::days(from.unread_days),
                              from.doctors};
    const auto standing = watch_mailboxes(with_.store, with_.clock.now(), at);
    if (!standing.has_value()) obs::error(obs::event::store_failed, "step=watch code={}", standing.error().message());
    if (standing.has_value()) obs::set(obs::gauge::mailbox_warnings, static_cast<std::int64_t>(*standing));
}

void notices::send_posts(const parts& part)
{
    const config::alert_settings& alerts = part.settings.alerts;
    while (!leaving_) {
        std::optional<ports::alert_post> post;
        const instant now = with_.clock.now();
        const auto read = with_.store.read([&](ports::reader& store) {
            obs::set(obs::gauge::alert_posts_waiting, store.work().notices().posts_waiting());
            post = store.work().notices().due_post(pipeline::post_policy().due_at(now));
        });
        if (!read.has_value() || !post) return;
        const web_answer answer =
            post_json({alerts.webhook, alerts.webhook_anchors, alerts.webhook_timeout}, post->body, leaving_);
        const post_answer said = post_answer_of(answer.status);
        if (leaving_ && said == post_answer::again) return;  // cut off: it is posted again after the start
        const post_step step = step_after(said, *post, now);
        say_post(*post, answer, step);
        const auto written = with_.store.write([&](ports::transaction& tx) {
            if (step.end != post_end::none) return tx.work_changes().notice_changes().remove_post(post->sequence);
            ++post->attempts;
            post->next_try = now + step.pause;
            tx.work_changes().notice_changes().save_post(*post);
        });
        if (!written.has_value()) return;
    }
}

// That posts wait is a gauge for as long as they do; the log says why, once.
void notices::say_post(const ports::alert_post& post, const web_answer& answer, const post_step& step)
{
    obs::add(step.end == post_end::taken ? obs::counter::alert_posts_sent : obs::counter::alert_posts_failed);
    if (posts_.after(step, answer.status) == post_watch::news::none) return;
    obs::warn(obs::event::alert_post_failed, "step=post status={} attempts={} end={} code=\"{}\"", answer.status,
              post.attempts + 1, name(step.end), answer.error);
}

void notices::send_due_digests(const parts& part, const alert_options& options)
{
    std::set<std::string> groups;
    for (const alert_rule& rule : options.rules) groups.insert(rule.digests.begin(), rule.digests.end());
    for (const std::string& group : groups) {
        const mime::zone& zone = zone_of_group(part.sites, group, part.zone);
        const auto week = due_week(with_.clock.now(), zone, std::chrono::hours(part.settings.alerts.digest_hour));
        if (!week) continue;
        const auto now = std::chrono::steady_clock::now();
        if (quiet_.is_quiet(group, *week, now)) continue;
        bool is_sent = true;
        const auto read = with_.store.read(
            [&](ports::reader& store) { is_sent = store.work().notices().is_digest_sent(group, text_of(*week)); });
        if (!read.has_value() || is_sent) continue;
        const auto done = queue_digest(part, options, group, *week, told::once);
        if (!done.has_value()) obs::error(obs::event::store_failed, "step=digest code={}", done.error().message());
        if (done.has_value() && *done == 0) quiet_.keep(group, *week, now);
    }
}

result<std::size_t> notices::queue_digest(const parts& part, const alert_options& options, const std::string& group,
                                          digest_week week, told how)
{
    const services with = services_of(part);
    broken_down figures;
    const auto read = with_.store.read(
        [&](ports::reader& store) { figures = digest_figures(store, group, week, with_.clock.now()); });
    if (!read.has_value()) return read.error();
    const auto queued = [](std::size_t n) { return result<std::size_t>(boost::system::in_place_value, n); };
    if (figures.totals.discharges == 0 && how == told::once) return queued(0);  // nothing to tell, or not yet
    const digest_content content = make_digest(group, week, figures, part.sites);
    const std::string about = group + "\n" + text_of(week) + "\n";
    std::vector<made_report> mails;
    for (const std::string& to : addresses_of(options, group)) {
        const std::string key =
            how == told::once ? mime::hex(mime::sha256(about + to)).substr(0, 40) : base::random_token();
        auto made = make_notice(with,
                                {options.from, to, content.subject, content.text, content.html, content.picture,
                                 "indicateurs-" + text_of(week) + ".png", "digest-" + key + "@" + options.node},
                                part.zone);
        if (!made.has_value()) return made.error();
        mails.push_back(std::move(*made));
    }
    const auto written = with_.store.write([&](ports::transaction& tx) {
        for (const made_report& mail : mails) queue_report(tx, mail);
        // Asked for by a person it may be of a week that is not over: Monday's leaves all the same.
        if (how == told::once)
            tx.work_changes().notice_changes().save_digest_sent(group, text_of(week), with_.clock.now());
    });
    if (!written.has_value()) return written.error();
    obs::add(obs::counter::digests_queued, mails.size());
    obs::info(obs::event::digest_queued, "week={} count={}", text_of(week), mails.size());
    with_.wake();
    return queued(mails.size());
}

control::reply notices::send_digest(const std::string& group, const std::string& week)
{
    const auto asked = read_week(week);
    if (!asked) return control::failure("BAD_WEEK", "une semaine ISO est attendue : 2026-W47");
    const auto part = now_.get()->part;
    const alert_options options = alert_options_of(*part);
    if (addresses_of(options, group).empty())
        return control::failure("NO_ADDRESS", "aucun [[alert]] des réglages ne demande le bilan de ce groupe");
    const auto done = queue_digest(*part, options, group, *asked, told::again);
    if (!done.has_value()) return control::failure("STORE", done.error().message());
    return {true, {{"queued", *done}}, {}, {}};
}
}
