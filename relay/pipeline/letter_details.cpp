#include "relay/pipeline/letter_details.hpp"

#include <boost/json.hpp>

namespace relay::pipeline {
namespace json = boost::json;
namespace {
// One list of members serves both directions.
template <class Details, class Visit>
void visit_texts(Details& d, Visit visit)
{
    visit("source_name", d.source_name);
    visit("sending_application", d.sending_application);
    visit("sending_facility", d.sending_facility);
    visit("receiving_application", d.receiving_application);
    visit("receiving_facility", d.receiving_facility);
    visit("processing_id", d.processing_id);
    visit("control_id", d.control_id);
    visit("patient_class", d.patient_class);
    visit("reply_to", d.reply_to);
    visit("service_label", d.service_label);
    visit("body_text", d.body_text);
    visit("author_id", d.author_id);
    visit("author_family", d.author_family);
    visit("author_given", d.author_given);
    visit("author_organisation", d.author_organisation);
    visit("author_organisation_id", d.author_organisation_id);
}
}

std::string write_details(const letter_details& value)
{
    json::object out;
    visit_texts(value, [&out](const char* key, const std::string& text) {
        if (!text.empty()) out[key] = text;
    });
    if (value.wants_reception) out["wants_reception"] = true;
    if (value.wants_reading) out["wants_reading"] = true;
    if (value.qualified_identity) out["qualified_identity"] = true;
    if (value.shared_record_refused) out["shared_record_refused"] = true;
    if (!value.masking.empty()) out["masking"] = json::array(value.masking.begin(), value.masking.end());
    return json::serialize(out);
}

letter_details read_details(std::string_view text)
{
    letter_details value;
    boost::system::error_code damaged;
    json::parse_options any_bytes;
    any_bytes.allow_invalid_utf8 = true;  // a file's name is bytes, and must not cost the rest
    const json::value parsed = json::parse(text, damaged, {}, any_bytes);
    if (damaged || !parsed.is_object()) return value;
    const json::object& from = parsed.get_object();
    visit_texts(value, [&from](const char* key, std::string& into) {
        if (const auto* found = from.if_contains(key); found != nullptr && found->is_string())
            into = std::string(found->get_string());
    });
    value.wants_reception = from.contains("wants_reception");
    value.wants_reading = from.contains("wants_reading");
    value.qualified_identity = from.contains("qualified_identity");
    value.shared_record_refused = from.contains("shared_record_refused");
    if (const auto* list = from.if_contains("masking"); list != nullptr && list->is_array())
        for (const json::value& item : list->get_array())
            if (item.is_string()) value.masking.emplace_back(item.get_string());
    return value;
}
}
