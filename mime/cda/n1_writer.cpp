#include "mime/cda/n1_writer.hpp"

#include <initializer_list>
#include <utility>

#include "mime/cda/identifiers.hpp"
#include "mime/text/base64.hpp"
#include "mime/text/charset.hpp"

namespace mime::cda {
namespace {
using attribute_pair = std::pair<std::string_view, std::string_view>;

// Elements in order, indented by depth. Attributes with an empty value are left out.
class xml_writer {
public:
    explicit xml_writer(std::size_t expected_octets) { out_.reserve(expected_octets); }

    void open(std::string_view name, std::initializer_list<attribute_pair> attributes = {})
    {
        start(name, attributes);
        out_ += ">\n";
        ++depth_;
    }

    void close(std::string_view name)
    {
        --depth_;
        out_.append(depth_, ' ').append("</").append(name).append(">\n");
    }

    void empty(std::string_view name, std::initializer_list<attribute_pair> attributes)
    {
        start(name, attributes);
        out_ += "/>\n";
    }

    void text(std::string_view name, std::string_view value, std::initializer_list<attribute_pair> attributes = {})
    {
        if (value.empty()) return;
        start(name, attributes);
        out_.append(">").append(xml_escape(value)).append("</").append(name).append(">\n");
    }

    void raw(std::string_view bytes) { out_ += bytes; }
    std::string take() { return std::move(out_); }

private:
    void start(std::string_view name, std::initializer_list<attribute_pair> attributes)
    {
        out_.append(depth_, ' ').append("<").append(name);
        for (const auto& [key, value] : attributes) {
            if (!value.empty()) out_.append(" ").append(key).append("=\"").append(xml_escape(value)).append("\"");
        }
    }

    std::string out_;
    std::size_t depth_ = 0;
};

enum class address_need { optional, required };

void write_id(xml_writer& out, const identifier& id)
{
    out.empty("id", {{"root", id.root}, {"extension", id.extension}});
}

void write_code(xml_writer& out, std::string_view name, const coded& value)
{
    if (value.empty()) return;
    out.empty(name, {{"code", value.code}, {"displayName", value.label}, {"codeSystem", value.system}});
}

void write_time(xml_writer& out, std::string_view name, const timestamp& value)
{
    out.empty(name, {{"value", write_timestamp(value)}});
}

void write_span(xml_writer& out, const time_span& span)
{
    out.open("effectiveTime");
    if (span.low) write_time(out, "low", *span.low);
    if (span.high) write_time(out, "high", *span.high);
    out.close("effectiveTime");
}

void write_address(xml_writer& out, const std::vector<std::string>& lines, address_need need)
{
    if (lines.empty()) {
        if (need == address_need::required) out.empty("addr", {{"nullFlavor", "UNK"}});
        return;
    }
    out.open("addr");
    for (std::size_t i = 0; i < lines.size() && i < 7; ++i) out.text("streetAddressLine", lines[i]);
    out.close("addr");
}

void write_telecoms(xml_writer& out, const std::vector<telecom>& all, address_need need)
{
    for (const telecom& one : all) out.empty("telecom", {{"value", one.value}, {"use", one.use}});
    if (all.empty() && need == address_need::required) out.empty("telecom", {{"nullFlavor", "UNK"}});
}

void write_person(xml_writer& out, std::string_view element, const person_name& name)
{
    if (name.empty()) return;
    out.open(element);
    out.open("name");
    out.text("prefix", name.prefix);
    out.text("given", name.given);
    out.text("family", name.family);
    out.text("suffix", name.suffix);
    out.close("name");
    out.close(element);
}

void write_organisation(xml_writer& out, std::string_view element, const organisation& place)
{
    if (place.empty()) return;
    out.open(element);
    if (!place.id.empty()) write_id(out, place.id);
    out.text("name", place.name);
    write_telecoms(out, place.telecoms, address_need::optional);
    write_address(out, place.address, address_need::optional);
    write_code(out, "standardIndustryClassCode", place.practice_setting);
    out.close(element);
}

void write_patient_names(xml_writer& out, const patient& who)
{
    out.open("name");
    out.text("family", who.birth_family.reveal(), {{"qualifier", "BR"}});
    out.text("given", who.given_list.reveal());
    out.text("given", who.birth_given.reveal(), {{"qualifier", "BR"}});
    out.text("family", who.used_family.reveal(), {{"qualifier", "CL"}});
    out.text("given", who.used_given.reveal(), {{"qualifier", "CL"}});
    out.close("name");
}

std::string_view gender_label(std::string_view code)
{
    if (code == "F") return "Féminin";
    return code == "M" ? "Masculin" : "Inconnu";
}

void write_birthplace(xml_writer& out, const patient& who)
{
    if (who.birthplace_cog.empty()) return;
    out.open("birthplace");
    out.open("place");
    out.open("addr");
    out.text("county", who.birthplace_cog.reveal());
    out.text("city", who.birthplace_label.reveal());
    out.close("addr");
    out.close("place");
    out.close("birthplace");
}

void write_record_target(xml_writer& out, const patient& who)
{
    out.open("recordTarget");
    out.open("patientRole");
    for (const patient_id& id : who.ids) out.empty("id", {{"extension", id.extension.reveal()}, {"root", id.root}});
    out.empty("addr", {{"nullFlavor", "NAV"}});
    out.empty("telecom", {{"nullFlavor", "NAV"}});
    out.open("patient", {{"classCode", "PSN"}});
    write_patient_names(out, who);
    out.empty("administrativeGenderCode", {{"code", who.gender.reveal()},
                                           {"displayName", gender_label(who.gender.reveal())},
                                           {"codeSystem", oid::gender}});
    out.empty("birthTime", {{"value", who.birth_date.reveal()}});
    write_birthplace(out, who);
    out.close("patient");
    out.close("patientRole");
    out.close("recordTarget");
}

// Content of assignedAuthor and assignedEntity: id, code, addr, telecom, person, organisation.
void write_entity(xml_writer& out, const professional& who)
{
    write_id(out, who.id);
    write_code(out, "code", who.speciality);
    write_address(out, {}, address_need::required);
    write_telecoms(out, who.telecoms, address_need::required);
    write_person(out, "assignedPerson", who.name);
    write_organisation(out, "representedOrganization", who.place);
}

void write_author(xml_writer& out, const n1_input& input)
{
    out.open("author");
    write_code(out, "functionCode", input.author.function);
    write_time(out, "time", input.author.at.value_or(input.created));
    out.open("assignedAuthor");
    write_entity(out, input.author);
    out.close("assignedAuthor");
    out.close("author");
}

void write_custodian(xml_writer& out, const organisation& place)
{
    out.open("custodian");
    out.open("assignedCustodian");
    out.open("representedCustodianOrganization");
    write_id(out, place.id);
    out.text("name", place.name);
    // One telecom at most here, where other organisations may have several.
    write_telecoms(out, place.telecoms.empty() ? place.telecoms : std::vector{place.telecoms.front()},
                   address_need::required);
    write_address(out, place.address, address_need::required);
    out.close("representedCustodianOrganization");
    out.close("assignedCustodian");
    out.close("custodian");
}

void write_recipient(xml_writer& out, const recipient& who)
{
    out.open("informationRecipient");
    out.open("intendedRecipient");
    if (!who.id.empty()) write_id(out, who.id);
    write_telecoms(out, who.telecoms, address_need::optional);
    write_person(out, "informationRecipient", who.name);
    write_organisation(out, "receivedOrganization", who.place);
    out.close("intendedRecipient");
    out.close("informationRecipient");
}

void write_signature(xml_writer& out, const n1_input& input)
{
    out.open("legalAuthenticator");
    write_time(out, "time", input.signatory.at.value_or(input.created));
    out.empty("signatureCode", {{"code", "S"}});
    out.open("assignedEntity");
    write_entity(out, input.signatory);
    out.close("assignedEntity");
    out.close("legalAuthenticator");
}

void write_treating_doctor(xml_writer& out, const professional& who)
{
    out.open("participant", {{"typeCode", "INF"}});
    out.empty("functionCode",
              {{"code", "PCP"}, {"displayName", "Médecin traitant"}, {"codeSystem", oid::participation_function}});
    out.empty("time", {{"nullFlavor", "NA"}});
    out.open("associatedEntity", {{"classCode", "PROV"}});
    if (!who.id.empty()) write_id(out, who.id);
    write_code(out, "code", who.speciality);
    write_address(out, {}, address_need::required);
    write_telecoms(out, who.telecoms, address_need::required);
    write_person(out, "associatedPerson", who.name);
    write_organisation(out, "scopingOrganization", who.place);
    out.close("associatedEntity");
    out.close("participant");
}

void write_act(xml_writer& out, const n1_input& input)
{
    out.open("documentationOf");
    out.open("serviceEvent");
    out.empty("code", {{"code", "IMP"},
                       {"displayName", "Hospitalisation (établissement, y compris HAD)"},
                       {"codeSystem", oid::act_code}});
    write_span(out, input.stay.when);
    out.open("performer", {{"typeCode", "PRF"}});
    out.open("assignedEntity");
    professional performer = input.signatory;
    if (performer.place.empty()) performer.place = input.custodian;
    performer.place.practice_setting = input.practice_setting;
    write_entity(out, performer);
    out.close("assignedEntity");
    out.close("performer");
    out.close("serviceEvent");
    out.close("documentationOf");
}

void write_replaced(xml_writer& out, const n1_input& input)
{
    if (!input.replaces) return;
    out.open("relatedDocument", {{"typeCode", "RPLC"}});
    out.open("parentDocument");
    out.empty("id", {{"root", *input.replaces}});
    out.close("parentDocument");
    out.close("relatedDocument");
}

void write_stay(xml_writer& out, const n1_stay& stay)
{
    out.open("componentOf");
    out.open("encompassingEncounter");
    if (!stay.number.empty()) write_id(out, stay.number);
    write_code(out, "code", stay.type);
    write_span(out, stay.when);
    out.open("location");
    out.open("healthCareFacility");
    write_code(out, "code", stay.facility_type);
    if (!stay.place_name.empty()) {
        out.open("location");
        out.text("name", stay.place_name);
        out.close("location");
    }
    out.close("healthCareFacility");
    out.close("location");
    out.close("encompassingEncounter");
    out.close("componentOf");
}

void write_body(xml_writer& out, std::string_view pdf)
{
    out.open("component");
    out.open("nonXMLBody");
    out.raw("<text mediaType=\"application/pdf\" representation=\"B64\">");
    out.raw(base64_encode(pdf));
    out.raw("</text>\n");
    out.close("nonXMLBody");
    out.close("component");
}

std::string_view confidentiality_label(std::string_view code)
{
    if (code == "R") return "Restreint";
    return code == "V" ? "Très restreint" : "Normal";
}

void write_identity_of_document(xml_writer& out, const n1_input& input)
{
    out.empty("realmCode", {{"code", "FR"}});
    out.empty("typeId", {{"root", "2.16.840.1.113883.1.3"}, {"extension", "POCD_HD000040"}});
    out.empty("templateId", {{"root", "2.16.840.1.113883.2.8.2.1"}});
    out.empty("templateId", {{"root", "1.2.250.1.213.1.1.1.1"}});
    out.empty("templateId", {{"root", oid::n1_pdf_template}});
    out.empty("id", {{"root", input.id}});
    write_code(out, "code", input.type);
    out.text("title", input.title.empty() ? input.type.label : input.title);
    write_time(out, "effectiveTime", input.created);
    out.empty("confidentialityCode", {{"code", input.confidentiality},
                                      {"displayName", confidentiality_label(input.confidentiality)},
                                      {"codeSystem", oid::confidentiality}});
    out.empty("languageCode", {{"code", input.language}});
    out.empty("setId", {{"root", input.set_id}});
    out.empty("versionNumber", {{"value", std::to_string(input.version)}});
}
}

std::string write_n1(const n1_input& input, std::string_view pdf)
{
    constexpr std::size_t header_octets = 12 * 1024;
    xml_writer out(pdf.size() / 3 * 4 + header_octets);
    out.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.open("ClinicalDocument", {{"xmlns", "urn:hl7-org:v3"}});
    write_identity_of_document(out, input);
    write_record_target(out, input.patient);
    write_author(out, input);
    write_custodian(out, input.custodian);
    for (const recipient& who : input.recipients) write_recipient(out, who);
    write_signature(out, input);
    if (input.treating_doctor) write_treating_doctor(out, *input.treating_doctor);
    write_act(out, input);
    write_replaced(out, input);
    write_stay(out, input.stay);
    write_body(out, pdf);
    out.close("ClinicalDocument");
    return out.take();
}
}
