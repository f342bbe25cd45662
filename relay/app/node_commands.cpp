// Commands about the node itself: init, check, serve.
#include <csignal>
#include <ostream>

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "mime/sidecar/form.hpp"
#include "relay/app/command_tools.hpp"
#include "relay/app/node.hpp"
#include "relay/app/table.hpp"
#include "relay/base/clock.hpp"
#include "relay/io/files.hpp"
#include "relay/obs/log.hpp"

namespace relay::app {
namespace {
constexpr std::string_view settings_template =
#include "settings_template.inc"
    ;
constexpr auto drain_time = std::chrono::seconds(25);  // under systemd's 30 s of conf/liaison.service

bool make_private(const console& to, const config::path& folder)
{
    if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return ::chmod(folder.c_str(), 0700) == 0;
    to.err << "dossier impossible à créer : " << folder.string() << "\n";
    return false;
}
}

int run_init(const console& to, const config::path& folder)
{
    for (const config::path& each : {folder, folder / "data", folder / "spool", folder / "ack", folder / "pki"})
        if (!make_private(to, each)) return exit_failed;
    const config::path key = folder / "node.key";
    if (!std::filesystem::exists(key))
        if (auto made = vault::make_node_key(key.string()); !made.has_value()) {
            to.err << "clé du nœud : " << made.error().message() << "\n";
            return exit_failed;
        }
    const config::path settings = folder / "liaison.toml";
    if (!std::filesystem::exists(settings) && !io::write_file_atomic(settings, settings_template).has_value()) {
        to.err << "réglages impossibles à écrire dans " << folder.string() << "\n";
        return exit_failed;
    }
    to.out
        << "Nœud préparé dans " << folder.string() << "\n\n"
        << "  liaison.toml  réglages annotés : à adapter, puis liaison check --config " << settings.string() << "\n"
        << "  node.key      clé du coffre : sans elle, la base est illisible. La sauvegarder maintenant, sur un autre\n"
        << "                support que data/, sous double contrôle ; ne jamais la copier à côté d'une sauvegarde de "
           "data/\n"
        << "  pki/          certificats et clés (0600) nommés dans les réglages\n"
        << "  spool/ ack/   dépôt du DPI et acquittements (0700)\n";
    return 0;
}

int run_serve(const console& to, const config::path& settings)
{
    // Blocked before any thread starts, so that only sigwait sees them.
    sigset_t awaited;
    sigemptyset(&awaited);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&awaited, number);
    pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    ::umask(077);
    // No core dump and no debugger of another user: both would show the node key and letters (domain.md §10).
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0);
    auto prepared = prepare_parts(settings);
    if (!prepared.made) {
        tell(to, prepared.mistakes);
        return exit_settings;
    }
    node running(std::move(prepared.made));
    if (const auto failed = running.start()) {
        to.err << "démarrage impossible (" << failed->step << ") : " << failed->code.message() << "\n";
        running.stop(std::chrono::seconds(1));
        return exit_failed;
    }
    int received = 0;
    do {
        sigwait(&awaited, &received);
    } while (received == SIGHUP);  // nothing to reload: settings are immutable
    running.stop(drain_time);
    return 0;
}

namespace {
struct file_verdict {
    std::string field, text, code;
    bool accepted = false;
};

std::string route_text(const pipeline::route_decision& decision, const console& to)
{
    if (const auto* why = std::get_if<pipeline::cause>(&decision))
        return "retenue : " + word(*why, to.words) + " (" + next_action(*why, to.words) + ")";
    return "partirait vers " + std::get<pipeline::route_found>(decision).domain;
}

// What would happen to this file, sending and storing nothing. Recipients are shown by number, not by name.
bool check_file(const console& to, const parts& part, routing::sqlite_directory& directory, const config::path& file,
                table& rows)
{
    using namespace pipeline;
    submission from;
    from.name = file.filename().string();
    auto bytes = io::read_file(file, part.settings.limits.input_octets);
    if (!bytes.has_value()) {
        rows.rows.push_back({from.name, "illisible", "", bytes.error().message()});
        return false;
    }
    from.bytes = std::move(*bytes);
    config::path pdf = file;
    pdf.replace_extension(".pdf");
    if (mime::sidecar::has_sidecar_ending(from.name) && std::filesystem::exists(pdf))
        if (auto attached = io::read_file(pdf, part.settings.limits.input_octets); attached.has_value())
            from.attachment = std::move(*attached);
    const instant now = base::system_wall_clock().now();
    const planned plan = plan_submission(from, *part.site, part.routes, now);
    if (const auto* why = std::get_if<refusal>(&plan.what)) {
        rows.rows.push_back({from.name, "refusé " + why->code, why->field, why->message});
        for (std::size_t i = 1; i < why->hl7.size(); ++i)
            rows.rows.push_back(
                {"", "refusé " + std::to_string(why->hl7[i].code), why->hl7[i].location, why->hl7[i].text});
        return false;
    }
    if (const auto* discharge = std::get_if<discharge_plan>(&plan.what)) {
        rows.rows.push_back(
            {from.name, "accepté", "", discharge->cancelled ? "sortie annulée" : "sortie : démarre le délai"});
        return true;
    }
    const auto& letter = std::get<letter_plan>(plan.what);
    const plan_document& document = letter.documents.front();
    rows.rows.push_back(
        {from.name, "accepté", "", "type " + document.type_code + ", version " + std::to_string(document.version)});
    std::size_t number = 0;
    for (const recipient& one : letter.recipients)
        rows.rows.push_back({"", "destinataire " + std::to_string(++number), "",
                             route_text(decide_route(one, directory, part.routes, part.anchors, now), to)});
    return true;
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
    const auto plan = store::plan_migration(part.paths.store.string());
    if (files.empty()) {
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
    if (!part.site) {
        to.err << "ce nœud n'a pas le rôle hospital : aucun fichier à vérifier\n";
        return exit_failed;
    }
    auto directory = open_node_directory(part.paths);
    if (!directory.has_value()) {
        to.err << "annuaire inaccessible : " << directory.error().message() << "\n";
        return exit_failed;
    }
    table rows{{{"fichier"}, {"verdict"}, {"champ"}, {"explication"}}, {}};
    bool all = true;
    for (const std::string& file : files) all = check_file(to, part, **directory, file, rows) && all;
    to.out << as_text(rows);
    return all ? 0 : exit_refused;
}
}
