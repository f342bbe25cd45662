// Commands about the node itself: init, check, serve.
#include <csignal>
#include <ostream>

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "relay/app/command_tools.hpp"
#include "relay/app/node.hpp"
#include "relay/app/privileges.hpp"
#include "relay/app/table.hpp"
#include "relay/base/clock.hpp"
#include "relay/io/files.hpp"
#include "relay/obs/log.hpp"

namespace relay::app {
namespace {
constexpr std::string_view settings_template =
#include "settings_template.inc"
    ;
constexpr unsigned cutting_seconds = 20;  // after the drain: cancelling, the last reports, closing the store

bool make_private(const console& to, const config::path& folder)
{
    if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return ::chmod(folder.c_str(), 0700) == 0;
    to.err << "dossier impossible à créer : " << folder.string() << "\n";
    return false;
}
}

namespace {
extern "C" void give_up_ending(int)
{
    ::_exit(exit_stuck);
}

// A second SIGTERM or SIGINT has its own effect again, and what hangs beyond every deadline (a dead disk) is left
// behind: whatever was acknowledged is durable, and the rest is taken up again at the next start.
void end_at_once_on_a_second_signal(std::chrono::seconds drain)
{
    std::signal(SIGALRM, give_up_ending);
    ::alarm(static_cast<unsigned>(drain.count()) + cutting_seconds);
    sigset_t again;
    sigemptyset(&again);
    for (const int number : {SIGTERM, SIGINT, SIGALRM}) sigaddset(&again, number);
    pthread_sigmask(SIG_UNBLOCK, &again, nullptr);
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
    const service_manager manager;
    config::loaded read = config::load_settings(settings);
    if (read.mistakes.empty())
        if (const auto wrong = give_up_privileges(read.values)) read.mistakes.push_back(*wrong);
    // After the change of user, which sets this to what the system says.
    ::prctl(PR_SET_DUMPABLE, 0);
    auto prepared = prepare_parts(std::move(read));
    if (!prepared.made) {
        tell(to, prepared.mistakes);
        return exit_settings;
    }
    node running(std::move(prepared.made), manager);
    if (const auto failed = running.start()) {
        to.err << "démarrage impossible (" << failed->step << ") : " << failed->code.message() << "\n";
        running.stop();
        return exit_failed;
    }
    for (int received = 0; sigwait(&awaited, &received) == 0 && received == SIGHUP;) (void)running.reload();
    end_at_once_on_a_second_signal(running.drain());
    running.stop();
    return 0;
}
}
