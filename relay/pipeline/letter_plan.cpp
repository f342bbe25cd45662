#include "relay/pipeline/letter_plan.hpp"

#include "mime/hl7/peek.hpp"
#include "relay/pipeline/plan_parts.hpp"

namespace relay::pipeline {
namespace hl7 = mime::hl7;
namespace {
using any_plan = decltype(planned::what);

template <class Plan>
any_plan widened(std::variant<Plan, refusal> found)
{
    return std::visit([](auto&& value) { return any_plan(std::forward<decltype(value)>(value)); }, std::move(found));
}

any_plan plan_message(const plan_request& with)
{
    hl7::message_limits limits;
    limits.max_octets = with.site.max_input_octets;
    const auto message = hl7::borrow_message(with.from.bytes, with.site.hl7.ending, limits);
    if (!message.has_value()) return refuse_hl7(message.error());
    const auto form = hl7::form_of(*message, with.site.hl7);
    if (!form.has_value()) return refuse_hl7(form.error());
    if (*form == hl7::message_form::document) return widened(plan_hl7_document(with, *message));
    return widened(plan_hl7_movement(with, *message));
}

bool is_hl7(const submission& from)
{
    return hl7::peek(std::string_view(from.bytes).substr(0, 64)) == hl7::message_kind::hl7;
}

// A key=value or CSV file that came without its PDF: its name says so, and it has the first key of every sidecar.
bool is_flat_sidecar(const submission& from)
{
    return mime::sidecar::has_sidecar_ending(from.name) && from.bytes.find("patient.") != std::string::npos;
}

any_plan plan_file(const plan_request& with)
{
    const std::string_view bytes = with.from.bytes;
    const auto first = bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    const char sign = first == std::string_view::npos ? '\0' : bytes[first];
    if (with.from.attachment) return widened(plan_sidecar(with));
    if (sign == '<') return widened(plan_cda_file(with));
    if (bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06")) return widened(plan_xdm(with));
    if (bytes.substr(0, 1024).find("%PDF-") != std::string_view::npos)
        return refuse("pdf", "SIDECAR_MISSING", "",
                      "un PDF doit être accompagné d'un fichier .json, .properties, .csv ou .txt du même nom");
    if (sign == '{' || is_flat_sidecar(with.from))
        return refuse("pdf", "PDF_MISSING", "", "le PDF du même nom n'est pas arrivé : déposer les deux fichiers");
    return refuse("unknown", "UNKNOWN_FORM", "",
                  "ni message HL7, ni document CDA, ni IHE XDM, ni PDF avec le fichier qui le décrit : corriger ou "
                  "retirer le fichier");
}
}

refusal refuse_hl7(hl7::hl7_errors errors)
{
    refusal why{"hl7", {}, {}, {}, std::move(errors)};
    if (!why.hl7.empty()) {
        why.code = std::to_string(why.hl7.front().code);
        why.field = why.hl7.front().location;
        why.message = why.hl7.front().text;
    }
    return why;
}

std::optional<hl7::message_header> header_of(const submission& from)
{
    if (!is_hl7(from)) return std::nullopt;
    return hl7::read_header(from.bytes);
}

planned plan_submission(const submission& from, const site_options& site, const route_policy& routes, instant now)
{
    const plan_request with{from, site, routes, now};
    const std::string_view bytes = from.bytes;
    const bool as_hl7 = is_hl7(from);
    auto header = header_of(from);
    if (from.size != size_class::fits ||
        bytes.size() + (from.attachment ? from.attachment->size() : 0) > site.max_input_octets)
        return {refuse(as_hl7 ? "hl7" : "unknown", "TOO_LARGE", "",
                       "le fichier dépasse limits.input_octets : réduire le document"),
                std::move(header)};
    if (as_hl7) return {plan_message(with), std::move(header)};
    return {plan_file(with), {}};
}
}
