// Commands that change a node: they go to the running server (design.md §5: one writer).
#include <fstream>
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/command_tools.hpp"
#include "relay/io/files.hpp"

namespace relay::app {
namespace json = boost::json;
namespace {
std::int64_t number(const json::object& from, std::string_view key)
{
    const auto* value = from.if_contains(key);
    return value != nullptr && value->is_number() ? value->to_number<std::int64_t>() : 0;
}

int done(const console& to, const json::object& result, const std::string& text)
{
    if (to.format == output_format::json)
        to.out << json::serialize(result) << "\n";
    else
        to.out << text << "\n";
    return 0;
}

std::string released(const json::object& result)
{
    const std::int64_t count = number(result, "released");
    return count > 0 ? " ; " + std::to_string(count) + " envoi(s) retenu(s) relancé(s)" : "";
}
}

int run_reload(const console& to, const config::path& settings)
{
    const auto result = change(to, settings, {"reload", {}});
    if (!result) return exit_failed;
    std::string text = "réglages rechargés";
    if (const auto* kept = result->if_contains("kept"); kept != nullptr && kept->is_array())
        for (const json::value& key : kept->get_array())
            text += "\n" + std::string(key.get_string()) + " : inchangé jusqu'au prochain démarrage";
    return done(to, *result, text);
}

int run_requeue(const console& to, const config::path& settings, const std::string& id)
{
    const auto result = change(to, settings, {"requeue", {{"id", id}}});
    if (!result) return exit_failed;
    return done(to, *result, std::to_string(number(*result, "requeued")) + " envoi(s) remis en file");
}

int run_cancel(const console& to, const config::path& settings, const std::string& id)
{
    const auto result = change(to, settings, {"cancel", {{"id", id}, {"actor", current_user()}}});
    if (!result) return exit_failed;
    return done(to, *result, "courriel annulé ; son expéditeur en est averti");
}

int run_hold(const console& to, const config::path& settings, const std::string& domain)
{
    const auto result = change(to, settings, {"hold", {{"domain", domain}, {"actor", current_user()}}});
    if (!result) return exit_failed;
    return done(to, *result, "plus rien ne part vers ce domaine, jusqu'à liaison resume");
}

int run_resume(const console& to, const config::path& settings, const std::string& domain)
{
    const auto result = change(to, settings, {"resume", {{"domain", domain}}});
    if (!result) return exit_failed;
    const auto* held = result->if_contains("was_on_hold");
    const bool was_held = held != nullptr && held->is_bool() && held->get_bool();
    const std::int64_t count = number(*result, "due_now");
    return done(to, *result,
                std::string(was_held ? "envois repris" : "ce domaine n'était pas en pause") +
                    (count > 0 ? " ; " + std::to_string(count) + " relancé(s) aussitôt" : ""));
}

int run_directory_import(const console& to, const config::path& settings, const config::path& file)
{
    const auto result =
        change(to, settings, {"directory.import", {{"file", std::filesystem::absolute(file).string()}}});
    if (!result) return exit_failed;
    if (to.format != output_format::json)
        if (const auto* warnings = result->if_contains("warnings"); warnings != nullptr && warnings->is_array())
            for (const json::value& line : warnings->get_array())
                if (line.is_string()) to.err << std::string_view(line.get_string()) << "\n";
    return done(to, *result,
                std::to_string(number(*result, "rows")) + " boîtes, " +
                    std::to_string(number(*result, "certificates")) + " certificats importés" + released(*result));
}

int run_certs_add(const console& to, const config::path& settings, const config::path& file)
{
    const auto pem = io::read_file(file, 1U << 20U);
    if (!pem.has_value()) {
        to.err << "fichier illisible : " << pem.error().message() << "\n";
        return exit_failed;
    }
    const auto result = change(to, settings, {"certs.add", {{"pem", *pem}}});
    if (!result) return exit_failed;
    const auto* names = result->if_contains("names");
    const std::size_t count = names != nullptr && names->is_array() ? names->get_array().size() : 0;
    return done(to, *result, "certificat rangé sous " + std::to_string(count) + " nom(s)" + released(*result));
}

int run_mailbox_add(const console& to, const config::path& settings, const std::string& user,
                    const std::string& address, const config::path& password_file)
{
    std::ifstream in(password_file);
    std::string password;
    if (!std::getline(in, password)) {
        to.err << "fichier du mot de passe illisible ou vide : une ligne attendue\n";
        return exit_failed;
    }
    const auto result =
        change(to, settings, {"mailbox.add", {{"user", user}, {"address", address}, {"password", password}}});
    if (!result) return exit_failed;
    return done(to, *result, "boîte prête");
}

int run_mailbox_reopen(const console& to, const config::path& settings, const std::string& user)
{
    const auto result = change(to, settings, {"mailbox.reopen", {{"user", user}}});
    if (!result) return exit_failed;
    return done(to, *result, "boîte rouverte : connexions et courriels acceptés ; ce qui en a été détruit le reste");
}
}
