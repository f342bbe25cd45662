#include "relay/pipeline/alert_desk.hpp"

#include <algorithm>

#include "mime/text/ascii.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/notice_mail.hpp"
#include "relay/pipeline/ports/worklist.hpp"

namespace relay::pipeline {
namespace {
constexpr std::string_view web_address = "webhook";

template <class T>
result<T> failed(const error_code& why)
{
    return result<T>(boost::system::in_place_error, why);
}
}

result<std::vector<alert_condition>> alert_desk::conditions(std::span<const alert_condition> of_the_node)
{
    std::vector<alert_condition> all(of_the_node.begin(), of_the_node.end());
    const instant now = with_.clock.now();
    std::vector<std::string> codes;
    std::vector<told_alert> told;
    line_alerts disputes(now - options_.window);
    auto read = with_.store.read([&](ports::reader& store) {
        ports::notice_reader& notices = store.work().notices();
        codes = store.work().services_with_work();
        told = notices.told_to_anybody();
        for (const std::string& item : notices.disputed_items())
            if (const auto line = find_work(store, item, options_.sites, now)) disputes.add(*line);
        for (auto& one : notices.failing_domains(now - options_.peer)) all.push_back(std::move(one));
        const auto oldest = notices.oldest_waiting();
        if (oldest && *oldest <= now - options_.queue) all.push_back({alert_kind::queue, "", 1, *oldest});
    });
    if (!read.has_value()) return read.error();
    for (alert_condition& one : disputes.conditions()) all.push_back(std::move(one));
    for (const std::string& service : codes) {
        // Each in its own snapshot: nobody waits for the whole of them.
        read = add_lines(all, service, told, now);
        if (!read.has_value()) return read.error();
    }
    return all;
}

result<void> alert_desk::add_lines(std::vector<alert_condition>& to, const std::string& service,
                                   std::span<const told_alert> told, instant now)
{
    const instant window = now - options_.window;
    line_alerts found(window);
    std::vector<alert_kind> missing;  // told, and not seen yet
    bool is_whole = true;
    const auto read = with_.store.read([&](ports::reader& store) {
        is_whole = walk_lines(store, service, window, now, [&](const work_item& line) {
            found.add(line);
            return true;
        });
        for (const told_alert& one : told)
            if (is_of_lines(one.kind) && one.subject == service && !found.has(one.kind, service))
                missing.push_back(one.kind);
        const auto is_seen = [&](alert_kind kind) { return found.has(kind, service); };
        // What nothing in the window holds up may still stand by what is older.
        if (!is_whole || missing.empty()) return;
        is_whole = walk_lines(store, service, instant::min(), now, [&](const work_item& line) {
            if (line.deadline > window) return false;
            found.add(line);
            return !std::all_of(missing.begin(), missing.end(), is_seen);
        });
    });
    if (!read.has_value()) return read;
    for (alert_condition& one : found.conditions()) to.push_back(std::move(one));
    if (is_whole) return read;
    for (const alert_kind kind : missing) to.push_back({kind, service, 0, now, {}, alert_voice::unseen});
    return read;
}

// The lines of a service behind `from`, in pages, disputes aside, until `wanted` has enough; false: the limit ended it.
bool alert_desk::walk_lines(ports::reader& store, const std::string& service, instant from, instant now,
                            const std::function<bool(const work_item&)>& wanted) const
{
    work_query query{.services = {service},
                     .shown = work_query::lines::all,
                     .limit = limits_.lines_at_once,
                     .after = work_place{from, {}}};
    for (std::size_t seen = 0; query.after;
         query.limit = std::min(limits_.lines_at_once, limits_.lines_of_a_service - seen)) {
        if (seen >= limits_.lines_of_a_service) return false;
        const work_page page = read_worklist(store, query, options_.sites, now);
        for (const work_item& line : page.items)
            if (line.why != cause::disputed && !wanted(line)) return true;
        seen += page.items.size();
        query.after = page.next;
    }
    return true;
}

result<std::size_t> alert_desk::look(std::span<const alert_condition> of_the_node)
{
    const auto now = conditions(of_the_node);
    if (!now.has_value()) return failed<std::size_t>(now.error());
    obs::set(obs::gauge::alerts_standing, static_cast<std::int64_t>(now->size()));
    std::size_t count = 0;
    for (const alert_rule& rule : options_.rules)
        for (const std::string& to : rule.to) {
            const auto done = tell(rule, to, *now);
            if (!done.has_value()) return failed<std::size_t>(done.error());
            count += *done ? 1 : 0;
        }
    if (options_.webhook) {
        const auto done = post(*now);
        if (!done.has_value()) return failed<std::size_t>(done.error());
        count += *done ? 1 : 0;
    }
    return result<std::size_t>(boost::system::in_place_value, count);
}

result<std::vector<told_alert>> alert_desk::told(std::string_view whom)
{
    std::vector<told_alert> found;
    const auto read = with_.store.read([&](ports::reader& store) { found = store.work().notices().told_alerts(whom); });
    if (!read.has_value()) return read.error();
    return found;
}

// What went quiet is told to nobody.
result<bool> alert_desk::remember(std::string_view whom, const alert_news& news, instant at)
{
    if (!news.empty()) {
        const auto written = with_.store.write(
            [&](ports::transaction& tx) { tx.work_changes().notice_changes().save_told(whom, news, at); });
        if (!written.has_value()) return failed<bool>(written.error());
    }
    return result<bool>(boost::system::in_place_value, false);
}

result<bool> alert_desk::tell(const alert_rule& rule, const std::string& to, std::span<const alert_condition> now)
{
    const instant at = with_.clock.now();
    const std::string whom = with_.vault.match_key("alert", mime::lower(to));
    const auto before = told(whom);
    if (!before.has_value()) return failed<bool>(before.error());
    const alert_round round = round_of(rule, now, *before, at, options_.zone);
    const alert_news news = news_of(round.now, round.told);
    if (!news.says_something()) return remember(whom, news, at);
    const alert_text text = write_alert(news, options_.sites, options_.node, at, options_.zone);
    const notice mail{
        options_.from, to, text.subject, text.body, {}, {}, {}, base::random_token() + "@" + options_.node};
    const auto made = make_notice(with_, mail, options_.zone);
    if (!made.has_value()) return failed<bool>(made.error());
    const auto written = with_.store.write([&](ports::transaction& tx) {
        queue_report(tx, *made);
        tx.work_changes().notice_changes().save_told(whom, news, at);
    });
    if (!written.has_value()) return failed<bool>(written.error());
    obs::add(obs::counter::alerts_told);
    obs::info(obs::event::alert_told, "delivery={} begun={} ended={}", made->row.id.text(), news.begun.size(),
              news.ended.size());
    return result<bool>(boost::system::in_place_value, true);
}

result<bool> alert_desk::post(std::span<const alert_condition> now)
{
    const instant at = with_.clock.now();
    const auto before = told(web_address);
    if (!before.has_value()) return failed<bool>(before.error());
    const alert_news news = news_of(now, *before);
    if (!news.says_something()) return remember(web_address, news, at);
    ports::alert_post made;
    made.body = write_alert_json(news, options_.sites, options_.node, at);
    made.created_at = made.next_try = at;
    bool full = false;
    const auto written = with_.store.write([&](ports::transaction& tx) {
        full = tx.work().notices().posts_waiting() >= limits_.posts;
        if (full) return;
        tx.work_changes().notice_changes().add_post(made);
        tx.work_changes().notice_changes().save_told(web_address, news, at);
    });
    if (!written.has_value()) return failed<bool>(written.error());
    if (full) obs::warn(obs::event::alert_post_failed, "step=queue waiting={}", limits_.posts);
    return result<bool>(boost::system::in_place_value, !full);
}
}
