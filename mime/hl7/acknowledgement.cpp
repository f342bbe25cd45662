#include "mime/hl7/acknowledgement.hpp"

#include "mime/hl7/message.hpp"

#include <algorithm>
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

std::string write_zam_z02(const message_header& received, const delivery_acknowledgement& delivery)
{
    std::string out =
        write_msh(received, {"ZAM^Z02^ZAM_Z01", delivery.control_id, "2.6", delivery.written, zam_profile});
    out += "EVN||" + write_timestamp(delivery.happened) + '\r';
    out += "OBX|1|CWE|ACK_RECEPTION_MSS^Accusé de réception MSSanté^AckMetierZAM|" + received.control_id + '|' +
           (delivery.failure ? "N" : "Y") + "^^expandedYes-NoIndicator||||||F\r";
    out += "OBX|2|XTN|DESTINATAIRE_MSS^Destinataire MSSanté^AckMetierZAM|" + escape(delivery.recipient_id) +
           "|^^X.400^" + escape(delivery.address.reveal()) + "||||||F\r";
    if (delivery.failure) {
        out += "ERR|||207^Application error^messageErrorCondition|E|" + std::to_string(delivery.failure->code) + '^' +
               escape(delivery.failure->label) + "^SMTPERRORCODE\r";
    }
    return out;
}
}
