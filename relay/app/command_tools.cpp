#include "relay/app/command_tools.hpp"

#include <map>
#include <ostream>

#include <pwd.h>
#include <unistd.h>

#include "relay/app/control_commands.hpp"
#include "relay/app/purger.hpp"
#include "relay/control/client.hpp"
#include "relay/pipeline/period_records.hpp"

namespace relay::app {
void tell(const console& to, const std::vector<config::mistake>& mistakes)
{
    for (const config::mistake& one : mistakes) to.err << one.where << " : " << one.what << "\n";
}

void tell_unreadable(const console& to, const error_code& why)
{
    to.err << "base illisible : " << why.message() << "\n";
}

void print(const console& to, const table& rows)
{
    to.out << (to.format == output_format::csv ? as_csv(rows) : as_text(rows));
}

std::string type_name(const std::string& code)
{
    static const std::map<std::string, std::string, std::less<>> known{
        {"11490-0", "lettre de liaison"}, {"34112-3", "CRH"},         {"34874-8", "CR opératoire"},
        {"15507-7", "CR urgences"},       {"18748-4", "CR imagerie"}, {"11488-4", "CR consultation"},
        {"18761-7", "note de transfert"}};
    const auto found = known.find(code);
    return found == known.end() ? code : found->second;
}

std::unique_ptr<open_reading> open_to_read(const console& to, const config::path& settings)
{
    auto prepared = prepare_reading(settings);
    if (!prepared.made) {
        tell(to, prepared.mistakes);
        return nullptr;
    }
    store::store_options options;
    options.path = prepared.made->paths.store.string();
    auto opened = store::open_store_read_only(options, *prepared.made->vault);
    if (!opened.has_value()) {
        tell_unreadable(to, opened.error());
        return nullptr;
    }
    auto made = std::make_unique<open_reading>();
    made->parts = std::move(prepared.made);
    made->store = std::move(*opened);
    return made;
}

namespace {
// No node runs: the command takes its place for a moment, under the same lock.
std::optional<control::reply> run_here(const console& to, const config::path& settings, const control::request& what)
{
    auto prepared = prepare_parts(settings);
    if (!prepared.made) {
        tell(to, prepared.mistakes);
        return std::nullopt;
    }
    parts& part = *prepared.made;
    const auto lock = store::single_instance_lock(part.paths.lock.string());
    auto opened = lock.has_value() ? open_node_store(part) : lock.error();
    if (!opened.has_value()) {
        to.err << "base inaccessible : " << opened.error().message() << "\n";
        return std::nullopt;
    }
    auto listed = open_node_directory(part.paths);
    if (!listed.has_value()) {
        to.err << "annuaire inaccessible : " << listed.error().message() << "\n";
        return std::nullopt;
    }
    const base::system_wall_clock clock;
    const pipeline::services with{**opened, *part.vault, **listed, clock, part.routes, part.anchors};
    pipeline::outbound_options options;
    options.node_name = part.settings.node.name;
    options.composer = part.composer;
    pipeline::outbound outbound(with, std::move(options));
    std::unique_ptr<pipeline::intake> intake;
    if (part.site) intake = std::make_unique<pipeline::intake>(with, *part.site, [] {});
    pipeline::ack_queue acks(with, {});
    purger purge;
    pipeline::work_desk desk(**opened, clock, stay_rules_of(part));
    control_context context{**opened, **listed, intake.get(), outbound, acks, [] {}};
    context.desk = &desk;
    context.purge = [&]() -> result<pipeline::purge_counts> {
        return purge.run(**opened, with, part, [] { return true; });
    };
    return run_command(context, what);
}
}

std::optional<boost::json::object> change(const console& to, const config::path& settings, const control::request& what)
{
    auto prepared = prepare_reading(settings);
    if (!prepared.made) {
        tell(to, prepared.mistakes);
        return std::nullopt;
    }
    auto sent = control::send(prepared.made->paths.control, what);
    std::optional<control::reply> answer;
    if (sent.has_value())
        answer = std::move(*sent);
    else if (sent.error() == boost::system::errc::no_such_file_or_directory ||
             sent.error() == boost::system::errc::connection_refused)
        answer = run_here(to, settings, what);
    else
        to.err << "le nœud n'a pas répondu : " << sent.error().message() << "\n";
    if (!answer) return std::nullopt;
    if (!answer->ok) {
        to.err << answer->code << " : " << answer->message << "\n";
        return std::nullopt;
    }
    return std::move(answer->result);
}

std::optional<boost::json::object> live_facts(const open_reading& from)
{
    auto answer = control::send(from.parts->paths.control, {"live", {}});
    if (!answer.has_value() || !answer->ok) return std::nullopt;
    return std::move(answer->result);
}

std::string current_user()
{
    const passwd* entry = ::getpwuid(::getuid());  // NOLINT(concurrency-mt-unsafe): the command has one thread
    return entry != nullptr ? entry->pw_name : "uid " + std::to_string(::getuid());
}

std::optional<pipeline::instant> read_site_time(std::string_view text, const mime::zone& zone)
{
    constexpr std::string_view form = "0000-00-00T00:00";
    if (text.size() != 10 && text.size() != form.size()) return std::nullopt;
    std::string digits;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool is_digit = text[at] >= '0' && text[at] <= '9';
        if (is_digit != (form[at] == '0') || (!is_digit && text[at] != form[at])) return std::nullopt;
        if (is_digit) digits += text[at];
    }
    const auto read = mime::read_timestamp(digits);
    return read ? std::optional(mime::to_utc(*read, zone).at) : std::nullopt;
}

std::string local_time(pipeline::instant at, const mime::zone& zone)
{
    return mime::format_local(at, zone, mime::local_format::date_time_text);
}

std::string iso_time(pipeline::instant at, const mime::zone& zone)
{
    const std::string t = mime::format_local(at, zone, mime::local_format::hl7);  // 20261121100000+0100
    return t.substr(0, 4) + "-" + t.substr(4, 2) + "-" + t.substr(6, 2) + "T" + t.substr(8, 2) + ":" + t.substr(10, 2) +
           ":" + t.substr(12, 2) + t.substr(14, 3) + ":" + t.substr(17, 2);
}

boost::json::value time_or_null(const std::optional<pipeline::instant>& at, const mime::zone& zone)
{
    return at ? boost::json::value(iso_time(*at, zone)) : boost::json::value(nullptr);
}
}
