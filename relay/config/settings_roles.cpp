// Settings of the roles: [spool], [establishment], [hospital] and what goes with it, [operator], [[site]].
#include <algorithm>

#include "relay/config/settings_tables.hpp"

namespace relay::config {
namespace {
void read_intake(settings_tables& from, intake_settings& intake)
{
    auto in = from.table("intake");
    std::string mode = "tolerant";
    std::string record = "refuse";
    in.text("matrix", mode, need::optional);
    in.text("matrix_version", intake.matrix_version, need::optional);
    in.text("shared_record", record, need::optional);
    if (mode != "strict" && mode != "tolerant") in.mistaken("matrix", "strict ou tolerant est attendu");
    if (record != "refuse" && record != "mail_only") in.mistaken("shared_record", "refuse ou mail_only est attendu");
    if (mode == "strict") intake.matrix = matrix_mode::strict;
    if (record == "mail_only") intake.shared_record = shared_record::mail_only;
}

void read_xdm(settings_tables& from, xdm_settings& xdm)
{
    auto in = from.table("xdm");
    std::string place = "document_entry";
    in.text("action_slot", xdm.action_slot, need::optional);
    in.text("action_place", place, need::optional);
    if (place == "submission_set")
        xdm.action_place = action_place::submission_set;
    else if (place != "document_entry")
        in.mistaken("action_place", "submission_set ou document_entry est attendu");
    if (xdm.action_slot.empty()) in.mistaken("action_slot", "un nom de métadonnée est attendu");
}

void read_mllp(settings_tables& from, mllp_settings& mllp)
{
    auto in = from.table("mllp");
    in.address("listen", mllp.listen);
    in.flag("require_client_certificate", mllp.require_client_certificate);
    in.count("connections", mllp.connections);
    in.count("queue", mllp.queue);
    in.seconds("idle_seconds", mllp.idle);
    in.address("zam_to", mllp.zam_to);
    in.text("zam_server_name", mllp.zam_server_name, need::optional);
    in.seconds("zam_first_seconds", mllp.zam_first);
    in.seconds("zam_most_seconds", mllp.zam_most);
    in.seconds("zam_answer_seconds", mllp.zam_answer);
    if (mllp.zam_to && mllp.zam_to->port == 0) in.mistaken("zam_to", "un port entre 1 et 65535 est attendu");
    if (mllp.zam_most < mllp.zam_first)
        in.mistaken("zam_most_seconds", "ne peut pas être plus court que zam_first_seconds");
}

// "unix:/path" or "127.0.0.1:24": what goes there is not under TLS, so it must not leave the machine.
void read_mailbox_server(table_reader& in, operator_settings& op)
{
    std::string at;
    in.text("lmtp", at, need::optional);
    if (at.empty()) return;
    if (at.starts_with("unix:/")) {
        op.lmtp_socket = at.substr(5);
        return;
    }
    op.lmtp = read_endpoint(at);
    const bool here = op.lmtp && is_loopback(op.lmtp->host) && op.lmtp->port != 0;
    if (!here) in.mistaken("lmtp", "unix:/chemin ou une adresse de cette machine (127.0.0.1:24) est attendu");
}

void read_hosting(settings_tables& from, operator_settings& op)
{
    auto in = from.table("operator");
    in.texts("domains", op.domains);
    in.address("smtp", op.smtp);
    read_mailbox_server(in, op);
    in.address("submission", op.submission);
    in.address("submissions", op.submissions);
    in.address("imap", op.imap);
    in.address("imaps", op.imaps);
    in.flag("require_client_certificate", op.require_client_certificate);
    in.text("postmaster", op.postmaster, need::optional);
    if ((op.lmtp || !op.lmtp_socket.empty()) && (op.imap || op.imaps))
        in.mistaken("imap", "avec lmtp, les boîtes sont ailleurs : retirer imap et imaps");
    if (op.domains.empty()) in.mistaken("domains", "au moins un domaine hébergé est attendu");
}
}

void read_hospital(settings_tables& from, settings& all)
{
    auto spool = from.table("spool");
    spool.file("folder", all.spool.folder);
    spool.file("acknowledgements", all.spool.acknowledgements);
    spool.seconds("rescan_seconds", all.spool.rescan);
    spool.milliseconds("stable_milliseconds", all.spool.stable);
    spool.seconds("pair_wait_seconds", all.spool.pair_wait);
    auto place = from.table("establishment");
    place.text("finess", all.establishment.finess);
    place.text("name", all.establishment.name);
    place.text("oid_root", all.establishment.oid_root);
    place.text("patient_id_oid", all.establishment.patient_id_oid, need::optional);
    place.text("phone", all.establishment.phone, need::optional);
    place.text("street", all.establishment.street, need::optional);
    place.text("postal_code", all.establishment.postal_code, need::optional);
    place.text("city", all.establishment.city, need::optional);
    place.text("facility_type", all.establishment.facility_type, need::optional);
    auto in = from.table("hospital");
    in.text("address", all.hospital.address);
    in.text("display_name", all.hospital.display_name, need::optional);
    in.text("reply_to", all.hospital.reply_to, need::optional);
    in.file("signing_certificate", all.hospital.signing_certificate);
    in.file("signing_key", all.hospital.signing_key);
    in.address("returns", all.hospital.returns);
    in.file("profile", all.hospital.profile, need::optional);
    read_intake(from, all.intake);
    read_xdm(from, all.xdm);
    read_mllp(from, all.mllp);
}

void read_returns(settings_tables& from, settings& all)
{
    auto in = from.table("returns");
    in.text("replies_to", all.returns.replies_to, need::optional);
    in.mark("imap");
    if (from.contains("returns", "imap")) all.returns.imap.emplace();
    const std::string& to = all.returns.replies_to;
    if (to.empty()) return;
    const auto& hosted = all.operator_.domains;
    const std::string domain = to.substr(to.find('@') + 1);
    if (!all.roles.operator_ || std::find(hosted.begin(), hosted.end(), domain) == hosted.end())
        in.mistaken("replies_to", "une boîte de ce nœud est attendue : rôle operator, domaine de [operator] domains");
}

void read_polled(settings_tables& from, settings& all)
{
    polled_settings& polled = *all.returns.imap;
    auto in = from.table("returns", "imap");
    in.address("server", polled.server);
    in.text("server_name", polled.server_name, need::optional);
    in.text("access", polled.access);
    in.text("mailbox", polled.mailbox, need::optional);
    in.seconds("every_seconds", polled.every);
    in.seconds("renew_seconds", polled.renew);
    in.seconds("most_retry_seconds", polled.most_retry);
    polled.tls = in.choice("tls", polled.tls, {{"starttls", hop_tls::starttls}, {"implicit", hop_tls::implicit}});
    if (polled.server.port == 0 && !polled.server.host.empty())
        in.mistaken("server", "un port entre 1 et 65535 est attendu");
    if (!polled.access.empty() && find_access(all, polled.access) == nullptr)
        in.mistaken("access", "aucun [[access]] de ce nom");
    if (polled.every.count() < 1) in.mistaken("every_seconds", "au moins 1");
    if (polled.renew.count() < 1 || polled.renew >= std::chrono::minutes(29))
        in.mistaken("renew_seconds", "entre 1 et 1739 : un serveur peut couper après 29 minutes");
    if (polled.most_retry.count() < 1) in.mistaken("most_retry_seconds", "au moins 1");
    const auto folder_ends = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (polled.mailbox.empty() || std::any_of(polled.mailbox.begin(), polled.mailbox.end(), folder_ends))
        in.mistaken("mailbox", "un nom de dossier IMAP est attendu, INBOX le plus souvent");
    if (!all.roles.hospital) in.mistaken("server", "sans effet sans le rôle hospital : retirer [returns.imap]");
}

void read_place(table_reader& in, settings& all)
{
    place_settings place;
    in.text("code", place.code);
    in.text("name", place.name, need::optional);
    in.text("group", place.group, need::optional);
    in.text("zone", place.zone, need::optional);
    in.pairs("services", place.services);
    in.flag("hand_over", place.hand_over);
    const auto taken = [&](const place_settings& other) {
        return std::any_of(place.services.begin(), place.services.end(), [&](const auto& mine) {
            return std::any_of(other.services.begin(), other.services.end(),
                               [&](const auto& theirs) { return theirs.first == mine.first; });
        });
    };
    if (std::any_of(all.places.begin(), all.places.end(), taken))
        in.mistaken("services", "un service est déjà dans un autre [[site]]");
    if (std::any_of(all.places.begin(), all.places.end(), [&](const auto& p) { return p.code == place.code; }))
        in.mistaken("code", "deux [[site]] de même code");
    all.places.push_back(std::move(place));
}

void read_operator(settings_tables& from, settings& all)
{
    read_hosting(from, all.operator_);
    auto in = from.table("submission");
    in.seconds("tell_delay_seconds", all.submission.tell_delay);
    all.submission.clear_to =
        in.choice("clear_to", all.submission.clear_to, {{"none", clear_to::none}, {"trusted", clear_to::trusted}});
    if (all.submission.tell_delay >= all.retry.give_up)
        in.mistaken("tell_delay_seconds", "doit être plus court que [retry] give_up_seconds");
}
}
