#include "relay/mllp/engine/refusal.hpp"

#include <utility>

#include "mime/hl7/acknowledgement.hpp"

namespace relay::mllp {
namespace hl7 = mime::hl7;
namespace {
hl7::hl7_error error_of(refusal_cause cause)
{
    using namespace hl7::condition;
    switch (cause) {
        case refusal_cause::no_start:
            return {other, "MSH^1", "octets hors d'un bloc MLLP : chaque message commence par 0x0B"};
        case refusal_cause::no_end:
            return {other, "MSH^1", "bloc MLLP sans fin : chaque message se termine par 0x1C 0x0D"};
        case refusal_cause::bad_end:
            return {other, "MSH^1", "fin de bloc MLLP incorrecte : 0x1C doit être suivi de 0x0D"};
        case refusal_cause::too_big:
            return {application, "MSH^1", "message plus grand que la limite de ce relais : réduire le document"};
        case refusal_cause::busy: break;
    }
    return {application, "", "relais occupé ou en arrêt : renvoyer le message plus tard", hl7::ack_code::AR};
}
}

refusal_cause cause_of(frame_fault fault) noexcept
{
    switch (fault) {
        case frame_fault::no_end: return refusal_cause::no_end;
        case frame_fault::bad_end: return refusal_cause::bad_end;
        case frame_fault::too_big: return refusal_cause::too_big;
        case frame_fault::none:
        case frame_fault::no_start: break;
    }
    return refusal_cause::no_start;
}

std::string_view name(refusal_cause cause) noexcept
{
    switch (cause) {
        case refusal_cause::no_start: return "no_start";
        case refusal_cause::no_end: return "no_end";
        case refusal_cause::bad_end: return "bad_end";
        case refusal_cause::too_big: return "too_big";
        case refusal_cause::busy: break;
    }
    return "busy";
}

std::string write_refusal(std::string_view head, refusal_cause cause, std::string control_id,
                          const mime::timestamp& now)
{
    const auto header = hl7::read_header(head);
    if (!header) return {};
    return hl7::write_ack(*header, hl7::refusal(std::move(control_id), now, {error_of(cause)}));
}
}
