#include "relay/pipeline/alerts.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

namespace relay::pipeline {
namespace json = boost::json;
namespace {
struct alert_words {
    std::string_view word, label, action;
    bool of_service;
};
constexpr std::array<alert_words, static_cast<std::size_t>(alert_kind::count_)> table{{
    {"no_letter", "sorties sans lettre à 18 h", "faire signer et déposer les lettres avant minuit", true},
    {"j0_missed", "sorties dont le J0 est manqué", "faire signer, ou voir ce qui retient l'envoi : liaison worklist",
     true},
    {"h36_passed", "sorties à plus de 36 h sans lettre acceptée", "agir dans les 12 h : liaison worklist", true},
    {"h48_missed", "sorties dont les 48 h sont manquées", "remettre la lettre par un autre canal : liaison worklist",
     true},
    {"disputed", "lettres contestées par leur destinataire",
     "vérifier le destinataire ; ouvrir une fiche de violation s'il n'est pas le bon", true},
    {"directory", "boîtes à vérifier", "comparer l'annuaire et les lettres : liaison worklist", false},
    {"peer", "domaine qui ne prend plus rien", "appeler l'opérateur ; prévoir un autre canal", false},
    {"queue", "file d'attente trop ancienne", "voir ce qui retient les envois : liaison status, liaison queue", false},
    {"load", "nœud surchargé : plus rien n'est pris en charge", "libérer de la place : liaison status", false},
    {"certificate", "certificat du nœud proche de sa fin", "le renouveler, puis liaison reload", false},
}};

const alert_words& words_of(alert_kind kind)
{
    return table[std::min(static_cast<std::size_t>(kind), table.size() - 1)];
}

std::optional<alert_kind> kind_of(const work_item& line)
{
    if (line.why == cause::disputed) return alert_kind::disputed;
    if (line.kind == work_kind::mailbox) return alert_kind::directory;
    const bool about_stay = line.kind == work_kind::stay || line.kind == work_kind::delivery;
    if (!about_stay) return std::nullopt;
    switch (line.mark) {
        case attention::none: return std::nullopt;
        case attention::no_letter_in_the_evening: return alert_kind::no_letter;
        case attention::j0_missed: return alert_kind::j0_missed;
        case attention::h36_passed: return alert_kind::h36_passed;
        case attention::h48_missed: return alert_kind::h48_missed;
    }
    return std::nullopt;
}

std::string shown_subject(alert_kind kind, const std::string& subject, const organisation& sites)
{
    if (!is_of_service(kind)) return subject;
    if (subject.empty()) return "sans service connu";
    std::string text = "service " + subject;
    if (const auto label = sites.service_name(subject); !label.empty()) text += " " + std::string(label);
    if (const site_entry* site = sites.site_of(subject)) text += ", site " + site->code;
    return text;
}

std::string counted(std::size_t n, std::string_view one, std::string_view many)
{
    return std::to_string(n) + " " + std::string(n == 1 ? one : many);
}

std::string shown(instant at, const mime::zone& where)
{
    return mime::format_local(at, where, mime::local_format::date_time_text);
}

json::object json_of(alert_kind kind, const std::string& subject, const std::string& item, const organisation& sites)
{
    json::object out{{"kind", name(kind)}, {"subject", subject}};
    const site_entry* site = is_of_service(kind) ? sites.site_of(subject) : nullptr;
    out["site"] = site == nullptr ? "" : site->code;
    out["group"] = site == nullptr ? "" : site->group;
    if (!item.empty()) out["item"] = item;
    return out;
}

// An id of ours, of nobody, by which the worklist has it.
std::string shown_item(const std::string& item)
{
    return item.empty() ? std::string() : "  ligne : " + item + "\n";
}
}

std::string_view name(alert_kind value) noexcept
{
    return words_of(value).word;
}

std::optional<alert_kind> alert_kind_from(std::string_view word) noexcept
{
    for (std::size_t at = 0; at < table.size(); ++at)
        if (table[at].word == word) return static_cast<alert_kind>(at);
    return std::nullopt;
}

std::string_view label_of(alert_kind value) noexcept
{
    return words_of(value).label;
}

std::string_view action_of(alert_kind value) noexcept
{
    return words_of(value).action;
}

bool is_of_service(alert_kind value) noexcept
{
    return words_of(value).of_service;
}

bool is_of_lines(alert_kind value) noexcept
{
    return value == alert_kind::directory || (is_of_service(value) && value != alert_kind::disputed);
}

std::string alert_key(alert_kind kind, std::string_view subject, std::string_view item)
{
    std::string key = std::string(name(kind)) + ":" + std::string(subject);
    if (!item.empty()) key += ":" + std::string(item);
    return key;
}

alert_news news_of(std::span<const alert_condition> now, std::span<const told_alert> told)
{
    std::map<std::string, const alert_condition*> standing;
    std::map<std::string, const told_alert*> known;
    for (const alert_condition& one : now) {
        const auto [place, is_new] = standing.emplace(one.key(), &one);
        if (!is_new && one.voice < place->second->voice) place->second = &one;
    }
    for (const told_alert& one : told) known.emplace(one.key(), &one);
    alert_news news;
    for (const auto& [key, one] : standing) {
        const auto before = known.find(key);
        const bool is_loud = before != known.end() && before->second->voice == alert_voice::loud;
        if (one->voice == alert_voice::loud && !is_loud) news.begun.push_back(*one);
        if (one->voice == alert_voice::quiet && is_loud) news.hushed.push_back(*before->second);
    }
    for (const auto& [key, one] : known)
        if (!standing.contains(key)) news.ended.push_back(*one);
    return news;
}

bool is_within(const alert_hours& hours, instant now, const mime::zone& where)
{
    if (hours.from == hours.to) return true;
    const auto local = mime::local_timestamp(now, where);
    const auto minute = static_cast<int>(local.hour * 60 + local.minute);
    if (hours.from < hours.to) return hours.from <= minute && minute < hours.to;
    return minute >= hours.from || minute < hours.to;
}

bool concerns(const alert_rule& rule, alert_kind kind, std::string_view subject)
{
    if (!rule.kinds.empty() && !rule.kinds.contains(kind)) return false;
    if (!is_of_service(kind)) return rule.node;
    return rule.all_services || rule.services.contains(subject);
}

alert_round round_of(const alert_rule& rule, std::span<const alert_condition> now, std::span<const told_alert> told,
                     instant at, const mime::zone& where)
{
    const bool open = is_within(rule.hours, at, where);
    const auto is_told = [&](const auto& one) {
        return concerns(rule, one.kind, one.subject) && (open || !is_of_service(one.kind));
    };
    alert_round made;
    std::copy_if(now.begin(), now.end(), std::back_inserter(made.now), is_told);
    std::copy_if(told.begin(), told.end(), std::back_inserter(made.told), is_told);
    return made;
}

void line_alerts::add(const work_item& line)
{
    const auto kind = kind_of(line);
    if (!kind || line.stands == work_item::standing::done) return;
    const bool alone = *kind == alert_kind::disputed;
    // A dispute comes when it comes: how old its letter is says nothing of it.
    const bool old = !alone && line.deadline <= window_;
    const bool put_off = line.stands == work_item::standing::snoozed;
    const alert_condition one{*kind,
                              line.service,
                              1,
                              line.since,
                              alone ? line.id : std::string(),
                              old || put_off ? alert_voice::quiet : alert_voice::loud};
    const auto [place, is_new] = found_.try_emplace(one.key(), one);
    alert_condition& all = place->second;
    if (is_new || one.voice > all.voice) return;
    if (one.voice < all.voice) {  // what is told counts what is told
        all = one;
        return;
    }
    ++all.count;
    all.since = std::min(all.since, one.since);
}

bool line_alerts::has(alert_kind kind, const std::string& service) const
{
    return found_.contains(alert_key(kind, service, {}));
}

std::vector<alert_condition> line_alerts::conditions() const
{
    std::vector<alert_condition> all;
    for (const auto& [key, one] : found_) all.push_back(one);
    return all;
}

alert_text write_alert(const alert_news& news, const organisation& sites, std::string_view node, instant now,
                       const mime::zone& where)
{
    alert_text out;
    out.subject = "Liaison " + std::string(node) + " :";
    if (!news.begun.empty()) out.subject += " " + counted(news.begun.size(), "alerte", "alertes");
    if (!news.begun.empty() && !news.ended.empty()) out.subject += ",";
    if (!news.ended.empty()) out.subject += " " + counted(news.ended.size(), "fin d'alerte", "fins d'alerte");
    out.body = "Nœud " + std::string(node) + ", " + shown(now, where) + "\n";
    for (const alert_condition& one : news.begun) {
        const std::string subject = shown_subject(one.kind, one.subject, sites);
        out.body += "\nCommence : " + std::string(label_of(one.kind)) + (subject.empty() ? "" : " — " + subject) + "\n";
        out.body += "  nombre : " + std::to_string(one.count) + ", depuis le " + shown(one.since, where) + "\n";
        out.body += shown_item(one.item) + "  à faire : " + std::string(action_of(one.kind)) + "\n";
    }
    for (const told_alert& one : news.ended) {
        const std::string subject = shown_subject(one.kind, one.subject, sites);
        out.body += "\nFin : " + std::string(label_of(one.kind)) + (subject.empty() ? "" : " — " + subject) +
                    ", annoncé le " + shown(one.told_at, where) + "\n" + shown_item(one.item);
    }
    out.body += "\nCe message ne nomme aucun patient. Le détail : liaison worklist.\n";
    return out;
}

std::string write_alert_json(const alert_news& news, const organisation& sites, std::string_view node, instant now)
{
    json::array begun, ended;
    for (const alert_condition& one : news.begun) {
        json::object line = json_of(one.kind, one.subject, one.item, sites);
        line["count"] = one.count;
        line["since"] = mime::format_utc_text(one.since);
        begun.push_back(std::move(line));
    }
    for (const told_alert& one : news.ended) {
        json::object line = json_of(one.kind, one.subject, one.item, sites);
        line["told_at"] = mime::format_utc_text(one.told_at);
        ended.push_back(std::move(line));
    }
    return json::serialize(json::object{
        {"node", node}, {"at", mime::format_utc_text(now)}, {"begun", std::move(begun)}, {"ended", std::move(ended)}});
}
}
