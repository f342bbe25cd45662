#include "relay/pipeline/certificate.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "mime/text/base64.hpp"

namespace relay::pipeline {
namespace json = boost::json;
namespace {
// What proves or refutes that a delivery arrived; our own preparations do not.
bool is_evidence(event_kind kind)
{
    using enum event_kind;
    switch (kind) {
        case accepted:
        case refused:
        case reply_lost:
        case undeliverable:
        case cancelled:
        case superseded:
        case other_channel:
        case report_delivered:
        case report_relayed:
        case report_failed:
        case displayed:
        case processed:
        case software_rejected:
        case disputed: return true;
        default: return false;
    }
}

std::string_view french(event_kind kind)
{
    using enum event_kind;
    switch (kind) {
        case accepted: return "accepté par le serveur du destinataire";
        case refused: return "refusé par le serveur du destinataire";
        case reply_lost: return "réponse du serveur perdue";
        case undeliverable: return "non remis dans le délai";
        case cancelled: return "annulé";
        case superseded: return "remplacé par une version plus récente";
        case other_channel: return "remis par une autre voie";
        case report_delivered: return "remise confirmée (avis DSN)";
        case report_relayed: return "transmis à un serveur sans avis de remise";
        case report_failed: return "remise refusée (avis DSN)";
        case displayed: return "affiché (accusé MDN)";
        case processed: return "traité (accusé MDN)";
        case software_rejected: return "classement refusé par le logiciel du destinataire (MDN)";
        case disputed: return "contesté par le destinataire";
        default: return name(kind);
    }
}

std::string when(instant at, const mime::zone& zone)
{
    return mime::format_local(at, zone, mime::local_format::hl7);
}

json::object json_of(const certified_delivery& one, const mime::zone& zone)
{
    json::array evidence;
    for (const event& next : one.history) {
        if (!is_evidence(next.kind)) continue;
        json::object line{{"sequence", next.sequence}, {"at", when(next.at, zone)}, {"kind", name(next.kind)}};
        if (next.facts.smtp_code != 0) line["code"] = next.facts.smtp_code;
        if (!next.facts.enhanced_status.empty()) line["status"] = next.facts.enhanced_status;
        if (next.facts.why != cause::none) line["cause"] = name(next.facts.why);
        evidence.push_back(std::move(line));
    }
    json::object out{
        {"delivery", one.row.id.text()},       {"address", one.to.address},    {"rpps", one.to.rpps},
        {"role", name(one.row.role)},          {"state", name(one.row.state)}, {"message_id", one.row.message_id},
        {"mail_sha256", one.row.sealed_sha256}};
    if (one.row.accepted_at) out["accepted"] = when(*one.row.accepted_at, zone);
    if (one.row.confirmed_at) out["confirmed"] = when(*one.row.confirmed_at, zone);
    out["evidence"] = std::move(evidence);
    return out;
}

json::object json_of(const certificate_facts& from, const mime::zone& zone)
{
    json::array documents, deliveries;
    for (const certified_document& one : from.documents)
        documents.push_back(json::object{{"id", one.id},
                                         {"set_id", one.set_id},
                                         {"version", one.version},
                                         {"type", one.type_code},
                                         {"sha256", one.sha256},
                                         {"octets", one.octets}});
    for (const certified_delivery& one : from.deliveries) deliveries.push_back(json_of(one, zone));
    return {{"format", "liaison-certificate-1"},
            {"number", from.number},
            {"node", from.node},
            {"establishment", from.establishment},
            {"made", when(from.made, zone)},
            {"letter", from.letter.id.text()},
            {"operation", name(from.letter.operation)},
            {"service", from.letter.service},
            {"received", when(from.letter.received_at, zone)},
            {"control_id", from.details.control_id},
            {"content_until", when(from.term.until, zone)},
            {"documents", std::move(documents)},
            {"deliveries", std::move(deliveries)}};
}

std::string text_of(const certificate_facts& from, const mime::zone& zone)
{
    const auto shown = [&](instant at) { return mime::format_local(at, zone, mime::local_format::date_time_text); };
    std::string text = "CERTIFICAT DE TRANSMISSION\r\n\r\n";
    const auto line = [&text](std::string_view label, std::string_view value) {
        if (!value.empty()) text.append(label).append(" : ").append(value).append("\r\n");
    };
    line("Numéro", from.number);
    line("Établissement", from.establishment);
    line("Service", from.letter.service);
    line("Relais", from.node);
    line("Message du DPI (MSH-10)", from.details.control_id);
    line("Reçu par le relais le", shown(from.letter.received_at));
    line("Établi le", shown(from.made));
    for (const certified_document& one : from.documents) {
        text += "\r\n";
        line("Document", one.id);
        line("Ensemble", one.set_id);
        line("Version", std::to_string(one.version));
        line("Type", one.type_code);
        line("SHA-256", one.sha256);
        line("Taille (octets)", std::to_string(one.octets));
    }
    for (const certified_delivery& one : from.deliveries) {
        text += "\r\n";
        line("Destinataire", one.to.address.empty() ? std::string("sans adresse") : one.to.address);
        line("RPPS", one.to.rpps);
        line("Message-ID", one.row.message_id);
        line("SHA-256 du courriel", one.row.sealed_sha256);
        for (const event& next : one.history)
            if (is_evidence(next.kind))
                text.append("  ")
                    .append(shown(next.at))
                    .append("  ")
                    .append(french(next.kind))
                    .append("  (preuve n° " + std::to_string(next.sequence) + ")\r\n");
    }
    text +=
        "\r\nLe contenu de cette lettre est détruit dans le relais. Ce certificat est à conserver dans le dossier ; "
        "les "
        "numéros de preuve sont ceux du registre (liaison audit export).\r\n";
    return text;
}

std::string part(std::string_view type, std::string_view bytes)
{
    return "Content-Type: " + std::string(type) + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
           mime::base64_encode(bytes, 76);
}
}

std::string write_certificate(const certificate_facts& from, const mime::zone& zone)
{
    // The number is no word of base64 and stands nowhere at the beginning of a line.
    const std::string boundary = "certificat-" + from.number;
    return "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary + "\r\n" +
           part("text/plain; charset=utf-8", text_of(from, zone)) + "--" + boundary + "\r\n" +
           part("application/json", json::serialize(json_of(from, zone))) + "--" + boundary + "--\r\n";
}

result<std::string> sign_certificate(const certificate_facts& from, const mime::zone& zone,
                                     const mime::smime::signer& by)
{
    auto made =
        mime::smime::sign(write_certificate(from, zone), by, std::chrono::floor<std::chrono::seconds>(from.made));
    if (!made.has_value()) return error_code(made.error());
    return std::move(*made);
}
}
