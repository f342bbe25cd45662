#include "mime/hl7/acknowledgement.hpp"

#include "mime/hl7/message.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace mime::hl7 {
namespace {
constexpr std::string_view zam_profile = "2.1^CISIS_CDA_HL7_V2";

struct msh_values {
    std::string type, control_id, version;
    timestamp written;
    std::string_view profile;
};

// Sender and receiver change places; MSH-11 is copied (§3.1).
std::string write_msh(const message_header& received, const msh_values& values)
{
    std::string out = "MSH|^~\\&|" + received.receiving_application + '|' + received.receiving_facility + '|' +
                      received.sending_application + '|' + received.sending_facility + '|' +
                      write_timestamp(values.written) + "||" + values.type + '|' + escape(values.control_id) + '|' +
                      received.processing_id + '|' + values.version + "|||||FRA|UNICODE UTF-8";
    if (!values.profile.empty()) out.append("|||").append(values.profile);
    return out += '\r';
}

std::string_view name_of(ack_code code)
{
    switch (code) {
        case ack_code::AA: return "AA";
        case ack_code::AE: return "AE";
        case ack_code::AR: return "AR";
    }
    return "AE";
}

// ERR-2 has one component per part of the location, which is already written with '^'.
std::string write_err(const hl7_error& error)
{
    return "ERR||" + error.location + '|' + std::to_string(error.code) + '^' +
           std::string(condition_label(error.code)) + "^messageErrorCondition|E|||" + escape(error.text) + '\r';
}
}

std::string write_ack(const message_header& received, const acknowledgement& ack)
{
    const std::string type = received.event.empty() ? "ACK" : "ACK^" + received.event + "^ACK";
    std::string out = write_msh(received, {type, ack.control_id, received.version, ack.written, {}});
    out.append("MSA|").append(name_of(ack.code)).append("|").append(received.control_id).append("\r");
    if (ack.code == ack_code::AA) return out;
    for (const hl7_error& error : ack.errors) out += write_err(error);
    return out;
}

acknowledgement refusal(std::string control_id, const timestamp& written, hl7_errors errors)
{
    const bool later =
        std::any_of(errors.begin(), errors.end(), [](const hl7_error& e) { return e.ack == ack_code::AR; });
    return {std::move(control_id), written, later ? ack_code::AR : ack_code::AE, std::move(errors)};
}

namespace {
// What the three have in common: MSH, EVN and the status of `document`.
struct zam_values {
    std::string_view event;   // Z01, Z02, Z03
    std::string_view status;  // OBX-3 of the first OBX
    const std::string& control_id;
    const timestamp& written;
    const timestamp& happened;
    bool positive;
};

std::string write_zam(const message_header& received, const zam_values& values)
{
    const std::string type = "ZAM^" + std::string(values.event) + "^ZAM_Z01";
    std::string out = write_msh(received, {type, values.control_id, "2.6", values.written, zam_profile});
    out += "EVN||" + write_timestamp(values.happened) + '\r';
    return out.append("OBX|1|CWE|")
        .append(values.status)
        .append("^AckMetierZAM|")
        .append(received.control_id)
        .append(values.positive ? "|Y" : "|N")
        .append("^^expandedYes-NoIndicator||||||F\r");
}

std::string write_mailbox(std::string_view what, const std::string& recipient_id, const patient_text& address)
{
    return "OBX|2|XTN|" + std::string(what) + "^AckMetierZAM|" + escape(recipient_id) + "|^^X.400^" +
           escape(address.reveal()) + "||||||F\r";
}

std::string write_application_err(const std::string& code, std::string_view label, std::string_view table)
{
    return "ERR|||207^Application error^messageErrorCondition|E|" + escape(code) + '^' + escape(label) + '^' +
           std::string(table) + '\r';
}

constexpr int other_application_error = 906;
constexpr std::array application_errors = {
    std::pair<int, std::string_view>{900, "Version du document incorrecte"},
    std::pair<int, std::string_view>{901, "Auteur non autorisé à remplacer ou supprimer ce document"},
    std::pair<int, std::string_view>{902, "Patient inconnu"},
    std::pair<int, std::string_view>{903, "INS absente du document"},
    std::pair<int, std::string_view>{904, "INS ou traits différents de ceux du destinataire"},
    std::pair<int, std::string_view>{905, "Traits d'identité incomplets"},
    std::pair<int, std::string_view>{other_application_error, "Autre erreur"},
};
}

std::string write_zam_z01(const message_header& received, const shared_record_acknowledgement& record)
{
    std::string out = write_zam(received, {"Z01", "ACK_RECEPTION_DMP^Accusé de réception DMP", record.control_id,
                                           record.written, record.happened, record.error_code.empty()});
    if (!record.error_code.empty())
        out += write_application_err(record.error_code, record.error_label, "DMP_ERROR_CODE");
    return out;
}

std::string write_zam_z02(const message_header& received, const delivery_acknowledgement& delivery)
{
    std::string out = write_zam(received, {"Z02", "ACK_RECEPTION_MSS^Accusé de réception MSSanté", delivery.control_id,
                                           delivery.written, delivery.happened, !delivery.failure});
    out += write_mailbox("DESTINATAIRE_MSS^Destinataire MSSanté", delivery.recipient_id, delivery.address);
    if (delivery.failure)
        out += write_application_err(std::to_string(delivery.failure->code), delivery.failure->label, "SMTPERRORCODE");
    return out;
}

std::string write_zam_z03(const message_header& received, const reading_acknowledgement& reading)
{
    std::string out = write_zam(received, {"Z03", "ACK_LECTURE_MSS^Accusé de lecture", reading.control_id,
                                           reading.written, reading.happened, !reading.error_code});
    out += write_mailbox("LECTEUR_MSS^Lecteur du courriel MSSanté", reading.recipient_id, reading.address);
    if (!reading.error_code) return out;
    const int code = application_error_code(reading.error_code);
    const auto known = std::find_if(application_errors.begin(), application_errors.end(),
                                    [code](const auto& row) { return row.first == code; });
    return out += write_application_err(std::to_string(code), known->second, "applicationErrorCondition");
}

int application_error_code(std::optional<int> said) noexcept
{
    const bool known = said && std::any_of(application_errors.begin(), application_errors.end(),
                                           [said](const auto& row) { return row.first == *said; });
    return known ? *said : other_application_error;
}

namespace {
// The first segment of that name. The character set is not looked at: what is read here is ASCII.
std::optional<segment> find_segment(std::string_view body, std::string_view name, const delimiters& marks)
{
    constexpr std::size_t most_segments = 100;
    for (std::size_t count = 0; count < most_segments && !body.empty(); ++count) {
        const std::string_view line = body.substr(0, body.find_first_of("\r\n"));
        if (line.starts_with(name)) return segment(line, 1, &marks);
        body.remove_prefix(std::min(line.size() + 1, body.size()));
    }
    return std::nullopt;
}
}

hl7_result<received_acknowledgement> read_acknowledgement(std::string_view octets)
{
    const std::string_view body = without_frame(octets);
    const auto marks = read_delimiters(body);
    if (!marks) return hl7_errors{{condition::segment_sequence, "MSH", "Segment obligatoire absent"}};
    const auto msa = find_segment(body, "MSA", *marks);
    if (!msa) return hl7_errors{{condition::segment_sequence, "MSA", "Segment obligatoire absent"}};
    const std::string code = msa->field(1).component(1).text();
    received_acknowledgement made;
    if (code == "AA" || code == "CA")
        made.code = ack_code::AA;
    else if (code == "AE" || code == "CE")
        made.code = ack_code::AE;
    else if (code == "AR" || code == "CR")
        made.code = ack_code::AR;
    else
        return hl7_errors{{condition::table_value_not_found, msa->location(1), "Code d'acquittement inconnu"}};
    made.control_id = msa->field(2).component(1).text();
    if (const auto err = find_segment(body, "ERR", *marks)) {
        const std::string number = err->field(3).component(1).text();
        int value = 0;
        if (std::from_chars(number.data(), number.data() + number.size(), value).ec == std::errc()) made.error = value;
    }
    return made;
}
}
