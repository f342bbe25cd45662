// `liaison check`: what the start would do, or what would become of files.
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/command_tools.hpp"
#include "relay/app/file_check.hpp"
#include "relay/app/table.hpp"

namespace relay::app {
namespace {
int check_settings(const console& to, const parts& part)
{
    const auto plan = store::plan_migration(part.paths.store.string());
    to.out << "réglages      bons\n";
    if (!plan.has_value())
        to.out << "base          " << plan.error().message() << "\n";
    else if (plan->from == 0)
        to.out << "base          absente : serait créée (version " << plan->to << ")\n";
    else if (plan->from == plan->to)
        to.out << "base          à jour (version " << plan->to << ")\n";
    else
        to.out << "base          serait migrée de " << plan->from << " à " << plan->to << "\n";
    return 0;
}

// None before the first start, and none that a newer program wrote: then nothing is said of the past.
std::unique_ptr<store::sqlite_store> open_past(const parts& part)
{
    if (!std::filesystem::exists(part.paths.store)) return nullptr;
    store::store_options options;
    options.path = part.paths.store.string();
    auto opened = store::open_store_read_only(options, *part.vault);
    return opened.has_value() ? std::move(*opened) : nullptr;
}

int exit_code_of(const std::vector<file_report>& reports)
{
    int code = 0;
    for (const file_report& one : reports) {
        if (one.verdict == file_verdict::refused) return exit_refused;
        if (one.verdict == file_verdict::held) code = exit_held;
    }
    return code;
}

// One row per file, fault and recipient: for a spreadsheet.
table rows_of(const std::vector<file_report>& reports)
{
    table rows{{{"fichier"}, {"verdict"}, {"réponse"}, {"champ"}, {"explication"}}, {}};
    for (const file_report& one : reports) {
        const bool refused = one.verdict == file_verdict::refused;
        if (!refused) rows.rows.push_back({one.file, "accepté", one.answer, "", one.operation});
        for (const fault_report& fault : one.faults)
            rows.rows.push_back({one.file, "refusé", fault.code, fault.field, fault.text});
        for (const recipient_report& to : one.recipients)
            if (to.why != pipeline::cause::none)
                rows.rows.push_back(
                    {one.file, "retenu", std::string(name(to.why)), to.domain, word(to.why, language::french)});
    }
    return rows;
}
}

int run_check(const console& to, const config::path& settings, const std::vector<std::string>& files)
{
    auto prepared = prepare_parts(settings);
    if (!prepared.made) {
        tell(to, prepared.mistakes);
        to.err << prepared.mistakes.size() << " erreur(s) dans les réglages\n";
        return exit_settings;
    }
    const parts& part = *prepared.made;
    if (files.empty()) return check_settings(to, part);
    if (!part.site) {
        to.err << "ce nœud n'a pas le rôle hospital : aucun fichier à vérifier\n";
        return exit_failed;
    }
    auto directory = open_node_directory(part.paths);
    if (!directory.has_value()) {
        to.err << "annuaire inaccessible : " << directory.error().message() << "\n";
        return exit_failed;
    }
    const auto past = open_past(part);
    const file_checker with{
        *part.site, part.routes, part.anchors, *part.vault, **directory, past.get(), base::system_wall_clock().now()};
    std::vector<file_report> reports;
    for (const std::string& file : files) reports.push_back(check_file(with, file));
    if (to.format == output_format::json) {
        boost::json::array all;
        for (const file_report& one : reports) all.push_back(report_json(one));
        to.out << boost::json::serialize(boost::json::object{{"files", all}}) << "\n";
    } else if (to.format == output_format::csv) {
        to.out << as_csv(rows_of(reports));
    } else {
        for (const file_report& one : reports)
            to.out << (&one == &reports.front() ? "" : "\n") << report_text(one, to.words);
    }
    return exit_code_of(reports);
}
}
