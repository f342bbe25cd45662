#include "relay/app/control_commands.hpp"

#include <optional>

#include <boost/json.hpp>

#include "certs/certificate.hpp"
#include "mime/message/address.hpp"
#include "relay/obs/log.hpp"
#include "relay/pipeline/idle_mailboxes.hpp"
#include "relay/vault/password.hpp"

namespace relay::app {
namespace json = boost::json;
using control::failure;
using control::reply;
using control::request;
std::string text_of(const request& asked, std::string_view key)
{
    const auto* value = asked.arguments.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string actor_of(const request& asked)
{
    constexpr std::size_t most = 100;
    return (asked.actor.empty() ? text_of(asked, "actor") : asked.actor).substr(0, most);
}

namespace {
// What is held is decided again as soon as the directory knows more (domain.md §4).
void reroute(const control_context& with, json::object& into)
{
    if (with.intake == nullptr) return;
    const auto freed = with.intake->route_again();
    into["released"] = freed.has_value() ? *freed : 0;
}

reply import_directory(const control_context& with, const request& asked)
{
    const auto done = with.directory.import_file(text_of(asked, "file"));
    if (!done.has_value())
        return failure("IMPORT_REFUSED", "annuaire refusé, l'ancien reste en place : " + done.error().message());
    json::object result{{"rows", done->rows}, {"certificates", done->certificates}};
    result["warnings"] = json::array(done->warnings.begin(), done->warnings.end());
    reroute(with, result);
    return {true, std::move(result), {}, {}};
}

reply add_certificates(const control_context& with, const request& asked)
{
    const auto read = certs::read_certificates(text_of(asked, "pem"));
    if (!read.has_value()) return failure("CERTIFICATE_REFUSED", "certificat illisible : " + read.error().message());
    json::array filed;
    for (const certs::certificate& one : *read) {
        const auto names = with.directory.add_certificate(one.der());
        if (!names.has_value()) return failure("CERTIFICATE_REFUSED", "certificat refusé : " + names.error().message());
        for (const std::string& name : *names) filed.emplace_back(name);
    }
    json::object result{{"names", std::move(filed)}};
    reroute(with, result);
    return {true, std::move(result), {}, {}};
}

reply add_mailbox(const control_context& with, const request& asked)
{
    const auto address = mime::message::read_address(text_of(asked, "address"));
    const std::string user = text_of(asked, "user");
    const std::string password = text_of(asked, "password");
    if (!address.has_value()) return failure("BAD_ADDRESS", "adresse de messagerie invalide");
    if (user.empty() || password.size() < 8 || password.size() > vault::max_password_octets)
        return failure("BAD_ACCOUNT", "un utilisateur et un mot de passe d'au moins 8 caractères sont attendus");
    pipeline::ports::account_row row{user, address->text(), vault::hash_password(password), true};
    const auto saved = with.store.write([&row](pipeline::ports::transaction& tx) { tx.save_account(row); });
    if (!saved.has_value()) return failure("STORE", "boîte non créée : " + saved.error().message());
    return {true, {{"address", row.address}}, {}, {}};
}

reply reopen_mailbox(const control_context& with, const request& asked)
{
    const auto done = pipeline::reopen_mailbox(with.store, text_of(asked, "user"), base::system_wall_clock().now());
    if (!done.has_value()) return failure("STORE", "boîte non rouverte : " + done.error().message());
    if (*done == pipeline::reopening::unknown) return failure("UNKNOWN_USER", "aucune boîte de cet utilisateur");
    if (*done == pipeline::reopening::not_closed) return failure("NOT_NEEDED", "cette boîte n'est pas fermée");
    obs::info(obs::event::content_purged, "mailboxes_reopened=1");
    return {true, {{"reopened", 1}}, {}, {}};
}

reply requeue(const control_context& with, const request& asked)
{
    const std::string id = text_of(asked, "id");
    if (!id.empty()) {
        const auto released = with.acks.release(id);
        if (!released.has_value()) return failure("STORE", released.error().message());
        if (*released) return {true, {{"requeued", 1}}, {}, {}};
    }
    std::vector<pipeline::delivery_id> targets;
    if (base::is_token(id)) {
        const auto read = with.store.read([&](pipeline::ports::reader& store) {
            if (store.delivery(pipeline::delivery_id(id)))
                targets.emplace_back(id);
            else
                for (const auto& row : store.deliveries_of_letter(pipeline::letter_id(id))) targets.push_back(row.id);
        });
        if (!read.has_value()) return failure("STORE", read.error().message());
    }
    if (targets.empty()) return failure("UNKNOWN_ID", "aucun envoi ni lettre de cet identifiant");
    std::size_t count = 0;
    for (const auto& target : targets)
        if (const auto done = with.outbound.requeue(target); done.has_value() && *done) ++count;
    if (count == 0)
        return failure("NOT_NEEDED",
                       "rien à relancer : déjà accepté, remplacé, en cours, ou contenu détruit à son terme");
    with.wake();
    return {true, {{"requeued", count}}, {}, {}};
}

reply cancel(const control_context& with, const request& asked)
{
    const std::string id = text_of(asked, "id");
    if (!base::is_token(id)) return failure("UNKNOWN_ID", "aucun envoi de cet identifiant");
    const auto done = with.outbound.cancel(pipeline::delivery_id(id), actor_of(asked));
    if (!done.has_value()) return failure("STORE", done.error().message());
    if (!*done)
        return failure("NOT_NEEDED", "rien à annuler : seul un courriel déposé, et qui attend encore, peut l'être");
    with.wake();
    return {true, {{"cancelled", 1}}, {}, {}};
}

// Any domain may be put on hold, also one that nothing waits for yet.
std::optional<std::string> domain_given(const request& asked)
{
    const std::string domain = pipeline::domain_of("@" + text_of(asked, "domain"));
    const bool plain = domain.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
    if (domain.empty() || domain.size() > 253 || !plain) return std::nullopt;
    return domain;
}

reply hold(const control_context& with, const request& asked)
{
    const auto domain = domain_given(asked);
    if (!domain) return failure("BAD_DOMAIN", "domaine invalide : forme attendue exemple.mssante.fr");
    const auto done = with.outbound.hold_domain(*domain, actor_of(asked));
    if (!done.has_value()) return failure("STORE", done.error().message());
    if (with.held) with.held(*domain);
    obs::warn(obs::event::domain_held, "domain={}", *domain);
    return {true, {{"domain", *domain}}, {}, {}};
}

reply resume(const control_context& with, const request& asked)
{
    const auto domain = domain_given(asked);
    if (!domain) return failure("BAD_DOMAIN", "domaine invalide : forme attendue exemple.mssante.fr");
    const auto done = with.outbound.resume_domain(*domain);
    if (!done.has_value()) return failure("STORE", done.error().message());
    if (with.resumed) with.resumed(*domain);
    obs::info(obs::event::domain_resumed, "domain={} due={}", *domain, done->due_now);
    return {true, {{"domain", *domain}, {"was_on_hold", done->was_on_hold}, {"due_now", done->due_now}}, {}, {}};
}

reply hand_over(const control_context& with, const request& asked)
{
    if (with.intake == nullptr) return failure("NO_HOSPITAL", "ce nœud n'a pas le rôle hospital");
    constexpr std::size_t most = 5000;  // in one unit
    std::vector<pipeline::intake::handed> all;
    const auto* visits = asked.arguments.if_contains("visits");
    if (visits == nullptr || !visits->is_array() || visits->get_array().size() > most)
        return failure("BAD_LIST", "liste de remises illisible, ou de plus de 5000 lignes");
    for (const json::value& one : visits->get_array()) {
        const auto* visit = one.is_object() ? one.get_object().if_contains("visit") : nullptr;
        const auto* at = one.is_object() ? one.get_object().if_contains("at") : nullptr;
        if (visit == nullptr || !visit->is_string() || at == nullptr || !at->is_int64())
            return failure("BAD_LIST", "liste de remises illisible");
        all.push_back(
            {std::string(visit->get_string()), pipeline::instant(std::chrono::milliseconds(at->get_int64()))});
    }
    const auto done = with.intake->hand_over(all, actor_of(asked));
    if (!done.has_value()) return failure("STORE", done.error().message());
    return {true, {{"done", done->done}, {"already", done->already}, {"unknown", done->unknown}}, {}, {}};
}

reply purge(const control_context& with)
{
    const auto done = with.purge();
    if (!done.has_value()) return failure("PURGE", "destruction inachevée : " + done.error().message());
    return {true,
            {{"certificates", done->certificates},
             {"letters", done->letters},
             {"others", done->others},
             {"objects", done->objects},
             {"octets", done->octets},
             {"waiting", done->waiting}},
            {},
            {}};
}

reply match(const control_context& with, const request& asked)
{
    using binding = pipeline::stay_keeper::binding;
    if (with.intake == nullptr) return failure("NO_HOSPITAL", "ce nœud n'a pas le rôle hospital");
    const std::string letter = text_of(asked, "letter");
    const std::string stay = text_of(asked, "stay");
    if (!base::is_token(letter) || !base::is_token(stay))
        return failure("UNKNOWN_ID", "aucune lettre ni séjour de ces identifiants");
    const auto done = with.intake->bind_by_hand(pipeline::letter_id(letter), pipeline::stay_id(stay), actor_of(asked));
    if (!done.has_value()) return failure("STORE", done.error().message());
    if (*done == binding::no_letter) return failure("UNKNOWN_ID", "aucune lettre de cet identifiant");
    if (*done == binding::no_stay) return failure("UNKNOWN_ID", "aucun séjour de cet identifiant");
    if (*done == binding::already) return failure("NOT_NEEDED", "cette lettre a déjà ce séjour");
    return {true, {{"letter", letter}, {"stay", stay}}, {}, {}};
}
}

reply run_command(const control_context& with, const request& asked)
{
    if (asked.command == "directory.import") return import_directory(with, asked);
    if (asked.command == "certs.add") return add_certificates(with, asked);
    if (asked.command == "mailbox.add") return add_mailbox(with, asked);
    if (asked.command == "mailbox.reopen") return reopen_mailbox(with, asked);
    if (asked.command == "requeue") return requeue(with, asked);
    if (asked.command == "cancel") return cancel(with, asked);
    if (asked.command == "match") return match(with, asked);
    if (asked.command == "reload")
        return with.reload ? with.reload()
                           : failure("NOT_RUNNING",
                                     "aucun nœud ne tourne ici : rien à recharger, il lira ses réglages au "
                                     "démarrage");
    if (asked.command == "hold") return hold(with, asked);
    if (asked.command == "resume") return resume(with, asked);
    if (asked.command == "digest")
        return with.digest ? with.digest(text_of(asked, "group"), text_of(asked, "week"))
                           : failure("NOT_RUNNING", "aucun nœud ne tourne ici : le démarrer pour envoyer un bilan");
    if (asked.command == "hand_over") return hand_over(with, asked);
    if (asked.command == "purge" && with.purge) return purge(with);
    if (asked.command == "live" && with.live) return {true, with.live(), {}, {}};
    if (with.desk != nullptr)
        if (auto answer = run_work_command(*with.desk, asked)) return std::move(*answer);
    return failure("UNKNOWN_COMMAND", "commande inconnue de ce nœud : versions différentes ?");
}
}
