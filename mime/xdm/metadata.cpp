// METADATA.XML: ebRIM 3.0 as profiled by IHE ITI TF-3 §4.2 and the French values of mssante.md §5.3 to §5.7. In each
// object the schema imposes the order Slot*, Name, Description, Classification*, ExternalIdentifier*.
#include <algorithm>
#include <utility>

#include "mime/cda/identifiers.hpp"
#include "mime/text/charset.hpp"
#include "mime/text/digest.hpp"
#include "mime/xdm/names.hpp"
#include "mime/xdm/package.hpp"
#include "mime/xdm/uuids.hpp"

namespace mime::xdm {
namespace {
// A component of an HL7 v2 data type: its separators would change the value's structure, so they become blanks.
std::string component(std::string_view text)
{
    std::string out(text);
    std::replace_if(
        out.begin(), out.end(),
        [](char c) { return std::string_view("^&~|\\\r\n\t").find(c) != std::string_view::npos; }, ' ');
    return out;
}

std::string person(const cda::professional& who)
{
    if (who.made_by) {
        return component(who.id.extension) + "^" + component(who.made_by->software) + "^" +
               component(who.made_by->model) + "^^^^^^&" + component(who.id.root) + "&ISO^U^^^RI";
    }
    const bool internal = who.id.extension.find('/') != std::string::npos;
    return component(who.id.extension) + "^" + component(who.name.family) + "^" + component(who.name.given) +
           "^^^^^^&" + component(who.id.root) + "&ISO^D^^^" + (internal ? "EI" : "IDNPS");
}

std::string institution(const cda::organisation& place)
{
    std::string out = component(place.name);
    if (!place.id.extension.empty()) {
        out += "^^^^^&" + component(place.id.root) + "&ISO^IDNST^^^" + component(place.id.extension);
    }
    return out;
}

std::string speciality(const cda::coded& value)
{
    return component(value.code) + "^" + component(value.label) + "^" + component(value.system);
}

std::string patient_reference(const cda::patient_id& id, std::string_view type)
{
    return component(id.extension.reveal()) + "^^^&" + component(id.root) + "&ISO^" + std::string(type);
}

// patientId: the INS, else the hospital number. sourcePatientId: the other way round (mssante.md §5.5, §5.7).
std::string patient_id(const cda::patient& who)
{
    if (const cda::patient_id* ins = who.ins()) return patient_reference(*ins, "NH");
    const cda::patient_id* ipp = who.ipp();
    return ipp == nullptr ? std::string() : patient_reference(*ipp, "PI");
}

std::string source_patient_id(const cda::patient& who)
{
    const cda::patient_id* ipp = who.ipp();
    return ipp == nullptr ? patient_id(who) : patient_reference(*ipp, "PI");
}

// In UTC to the second. A bare date stays a date: it has no instant.
std::string metadata_time(const std::optional<timestamp>& value, const zone& where)
{
    if (!value) return {};
    if (value->precision < time_precision::hour) {
        timestamp day = *value;
        day.offset.reset();
        return write_timestamp(day);
    }
    return format_utc(to_utc(*value, where).at);
}

class rim_writer {
public:
    void raw(std::string_view text) { out_ += text; }

    void slot(std::string_view name, const std::vector<std::string>& values)
    {
        if (values.empty() || std::all_of(values.begin(), values.end(), [](const auto& v) { return v.empty(); }))
            return;
        out_.append("<rim:Slot name=\"").append(xml_escape(name)).append("\"><rim:ValueList>");
        for (const std::string& value : values) {
            if (!value.empty()) out_.append("<rim:Value>").append(xml_escape(value)).append("</rim:Value>");
        }
        out_ += "</rim:ValueList></rim:Slot>\n";
    }
    void slot(std::string_view name, std::string value) { slot(name, std::vector{std::move(value)}); }

    void name(std::string_view text)
    {
        out_.append("<rim:Name><rim:LocalizedString xml:lang=\"fr\" value=\"")
            .append(xml_escape(text))
            .append("\"/></rim:Name>\n");
    }

    void coded(std::string_view scheme, std::string_view object, const cda::coded& value)
    {
        if (value.empty()) return;
        open_classification(scheme, object, value.code);
        slot("codingScheme", value.system);
        name(value.label.empty() ? value.code : value.label);
        out_ += "</rim:Classification>\n";
    }

    void author(std::string_view scheme, std::string_view object, const cda::professional& who)
    {
        open_classification(scheme, object, "");
        slot("authorPerson", person(who));
        if (!who.place.empty()) slot("authorInstitution", institution(who.place));
        if (!who.function.label.empty()) slot("authorRole", component(who.function.label));
        if (!who.speciality.empty()) slot("authorSpecialty", speciality(who.speciality));
        out_ += "</rim:Classification>\n";
    }

    void identifier(std::string_view scheme, std::string_view object, std::string_view value, std::string_view label)
    {
        out_.append("<rim:ExternalIdentifier id=\"").append(next_id('x')).append("\" registryObject=\"").append(object);
        out_.append("\" identificationScheme=\"")
            .append(scheme)
            .append("\" value=\"")
            .append(xml_escape(value))
            .append("\">\n");
        name(label);
        out_ += "</rim:ExternalIdentifier>\n";
    }

    void node(std::string_view object, std::string_view classification_node)
    {
        out_.append("<rim:Classification id=\"").append(next_id('c')).append("\" classifiedObject=\"").append(object);
        out_.append("\" classificationNode=\"").append(classification_node).append("\"/>\n");
    }

    std::string take() { return std::move(out_); }

private:
    void open_classification(std::string_view scheme, std::string_view object, std::string_view representation)
    {
        out_.append("<rim:Classification id=\"").append(next_id('c')).append("\" classifiedObject=\"").append(object);
        out_.append("\" classificationScheme=\"").append(scheme).append("\" nodeRepresentation=\"");
        out_.append(xml_escape(representation)).append("\">\n");
    }

    std::string next_id(char kind) { return std::string(1, kind) + std::to_string(++ids_); }

    std::string out_;
    unsigned ids_ = 0;
};

constexpr std::string_view set_object = "SS01";

// "01" of DE01 and AS01.
std::string two_digits(std::size_t number)
{
    return std::string(number < 10 ? "0" : "") + std::to_string(number);
}

void write_action(rim_writer& out, const xdm_input& input, action_place here)
{
    if (input.action_slot.empty() || input.place != here || input.action == letter_action::initial) return;
    out.slot(input.action_slot, std::string(input.action == letter_action::replace ? "C" : "D"));
}

void write_submission_set(rim_writer& out, const xdm_input& input)
{
    const cda::header& head = input.documents.front().header;
    const cda::professional& sender = input.sender == nullptr ? head.authors.front() : *input.sender;
    out.raw("<rim:RegistryPackage id=\"SS01\">\n");
    out.slot("submissionTime", format_utc(input.built_at));
    write_action(out, input, action_place::submission_set);
    out.name("Envoi MSSanté");
    out.node(set_object, uuid::set_node);
    out.author(uuid::set_author, set_object, sender);
    out.coded(uuid::set_content_type, set_object, input.tables.content_type_by_class.find(input.patient_class)->second);
    out.identifier(uuid::set_patient, set_object, patient_id(head.patient), "XDSSubmissionSet.patientId");
    out.identifier(uuid::set_source, set_object, input.source_id, "XDSSubmissionSet.sourceId");
    out.identifier(uuid::set_unique, set_object, input.submission_id, "XDSSubmissionSet.uniqueId");
    out.raw("</rim:RegistryPackage>\n");
}

std::vector<std::string> source_patient_info(const cda::patient& who)
{
    std::vector<std::string> info;
    const std::string given = component(who.given_to_show().reveal());
    const auto add_name = [&](const patient_text& family, const std::string& first, char type) {
        if (!family.empty()) info.push_back("PID-5|" + component(family.reveal()) + "^" + first + "^^^^^" + type);
    };
    add_name(who.birth_family, given, 'L');
    add_name(who.used_family, who.used_given.empty() ? given : component(who.used_given.reveal()), 'D');
    if (info.empty()) add_name(who.family, given, 'L');
    if (!who.birth_date.empty()) info.push_back("PID-7|" + component(who.birth_date.reveal()));
    if (!who.gender.empty()) info.push_back("PID-8|" + component(who.gender.reveal()));
    return info;
}

// One document's entry: the object's id, and the document with its place in the zip.
struct entry_writer {
    rim_writer& out;
    const xdm_input& input;
    const xdm_source& source;
    std::size_t number;  // from 1
    const cda::header& head = source.header;
    std::string object = "DE" + two_digits(number);

    void write();

private:
    void write_slots();
    void write_codes();
};

void entry_writer::write_slots()
{
    const cda::service_event& event = *head.main_event();
    out.slot("creationTime", metadata_time(head.effective_time, input.zone));
    out.slot("hash", hex(sha1(source.bytes)));
    out.slot("languageCode", head.language.empty() ? std::string("fr-FR") : head.language);
    out.slot("legalAuthenticator", person(*head.legal_authenticator));
    out.slot("serviceStartTime", metadata_time(event.when.low, input.zone));
    out.slot("serviceStopTime", metadata_time(event.when.high, input.zone));
    out.slot("size", std::to_string(source.bytes.size()));
    out.slot("sourcePatientId", source_patient_id(head.patient));
    out.slot("sourcePatientInfo", source_patient_info(head.patient));
    out.slot("URI", document_name(number));
    write_action(out, input, action_place::document_entry);
}

cda::coded confidentiality(const code_tables& tables, const std::string& code)
{
    const auto found = tables.confidentiality.find(code);
    return found == tables.confidentiality.end() ? cda::coded{code, std::string(cda::oid::confidentiality), code}
                                                 : found->second;
}

void entry_writer::write_codes()
{
    for (const cda::professional& author : head.authors) out.author(uuid::entry_author, object, author);
    out.coded(uuid::entry_class, object, class_code(input.tables, head));
    out.coded(uuid::entry_confidentiality, object,
              confidentiality(input.tables, head.confidentiality.empty() ? "N" : head.confidentiality));
    for (const std::string& flag : input.flags) {
        out.coded(uuid::entry_confidentiality, object, confidentiality(input.tables, flag));
    }
    for (const cda::service_event& event : head.service_events) out.coded(uuid::entry_event, object, event.code);
    out.coded(uuid::entry_format, object, format_code(input.tables, head, source.body));
    out.coded(uuid::entry_facility, object, head.encounter->facility_type);
    out.coded(uuid::entry_practice, object, head.main_event()->performer.place.practice_setting);
    out.coded(uuid::entry_type, object, head.type);
}

void entry_writer::write()
{
    out.raw("<rim:ExtrinsicObject id=\"");
    out.raw(object);
    // A document inside a style sheet keeps the type of its file (cda.md §9); formatCode stays that of the document.
    const bool is_style_sheet = source.body.around == cda::envelope::style_sheet;
    out.raw(is_style_sheet ? "\" mimeType=\"application/xslt+xml" : "\" mimeType=\"text/xml");
    out.raw("\" objectType=\"");
    out.raw(uuid::stable_entry);
    out.raw("\">\n");
    write_slots();
    out.name(head.title.empty() ? head.type.label : head.title);
    write_codes();
    out.identifier(uuid::entry_patient, object, patient_id(head.patient), "XDSDocumentEntry.patientId");
    out.identifier(uuid::entry_unique, object, head.id.text(), "XDSDocumentEntry.uniqueId");
    out.raw("</rim:ExtrinsicObject>\n");
}

void write_membership(rim_writer& out, std::size_t number)
{
    const std::string digits = two_digits(number);
    out.raw("<rim:Association id=\"AS" + digits);
    out.raw("\" associationType=\"urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember\" ");
    out.raw("sourceObject=\"SS01\" targetObject=\"DE" + digits + "\">\n");
    out.slot("SubmissionSetStatus", std::string("Original"));
    out.raw("</rim:Association>\n");
}

bool has_required_values(const cda::header& head)
{
    const cda::service_event* event = head.main_event();
    return !patient_id(head.patient).empty() && head.effective_time && head.legal_authenticator &&
           !head.authors.empty() && event != nullptr && event->when.low &&
           !event->performer.place.practice_setting.empty() && head.encounter &&
           !head.encounter->facility_type.empty() && !head.type.empty() && !head.id.empty();
}

bool has_required_values(const xdm_input& input)
{
    return !input.documents.empty() && input.documents.size() <= max_written_documents &&
           std::all_of(input.documents.begin(), input.documents.end(),
                       [](const xdm_source& one) { return has_required_values(one.header); }) &&
           !input.source_id.empty() && !input.submission_id.empty() &&
           input.tables.content_type_by_class.count(input.patient_class) != 0;
}
}

result<std::string> write_metadata(const xdm_input& input)
{
    if (!has_required_values(input)) return xdm_errc::missing_value;
    rim_writer out;
    out.raw(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<lcm:SubmitObjectsRequest xmlns:lcm=\"urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0\" "
        "xmlns:rim=\"urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0\">\n<rim:RegistryObjectList>\n");
    write_submission_set(out, input);
    std::size_t number = 0;
    for (const xdm_source& source : input.documents) entry_writer{out, input, source, ++number}.write();
    for (number = 1; number <= input.documents.size(); ++number) write_membership(out, number);
    out.raw("</rim:RegistryObjectList>\n</lcm:SubmitObjectsRequest>\n");
    return out.take();
}
}
