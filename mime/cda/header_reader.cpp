#include "mime/cda/header_reader.hpp"

#include <charconv>
#include <utility>

#include "mime/cda/identifiers.hpp"
#include "mime/cda/xml_tree.hpp"

namespace mime::cda::detail {
namespace {
bool is_null(const pugi::xml_node& node)
{
    return !node || node.attribute("nullFlavor");
}

identifier read_identifier(const pugi::xml_node& node)
{
    if (is_null(node)) return {};
    return {attribute(node, "root"), attribute(node, "extension")};
}

coded read_coded(const pugi::xml_node& node)
{
    if (is_null(node)) return {};
    return {attribute(node, "code"), attribute(node, "codeSystem"), attribute(node, "displayName")};
}

std::optional<timestamp> read_time(const pugi::xml_node& node)
{
    if (is_null(node)) return std::nullopt;
    return read_timestamp(attribute(node, "value"));
}

// IVL_TS; a bare value is both ends.
time_span read_span(const pugi::xml_node& node)
{
    time_span span{read_time(child(node, "low")), read_time(child(node, "high"))};
    if (!span.low && !span.high) span.low = span.high = read_time(node);
    return span;
}

std::vector<telecom> read_telecoms(const pugi::xml_node& owner)
{
    std::vector<telecom> all;
    each(owner, "telecom", [&](const pugi::xml_node& node) {
        telecom one{attribute(node, "value"), attribute(node, "use")};
        if (!is_null(node) && !one.value.empty()) all.push_back(std::move(one));
    });
    return all;
}

std::vector<std::string> read_address(const pugi::xml_node& node)
{
    std::vector<std::string> lines;
    if (is_null(node)) return lines;
    each(node, "streetAddressLine", [&](const pugi::xml_node& line) { lines.push_back(text_of(line)); });
    if (!lines.empty()) return lines;
    const auto join = [&](std::initializer_list<std::string_view> names) {
        std::string line;
        for (const std::string_view name : names) {
            const std::string part = text_of(child(node, name));
            if (!part.empty()) line += (line.empty() ? "" : " ") + part;
        }
        if (!line.empty()) lines.push_back(std::move(line));
    };
    join({"additionalLocator", "unitID"});
    join({"houseNumber", "houseNumberNumeric", "streetNameType", "streetName"});
    join({"postBox", "postalCode", "city"});
    join({"country"});
    return lines;
}

person_name read_person(const pugi::xml_node& person)
{
    const pugi::xml_node name = child(person, "name");
    person_name out{text_of(child(name, "prefix")), text_of(child(name, "family")), text_of(child(name, "given")),
                    text_of(child(name, "suffix"))};
    if (out.empty()) out.family = text_of(name);
    return out;
}

organisation read_organisation(const pugi::xml_node& node)
{
    organisation out;
    out.id = read_identifier(child(node, "id"));
    out.name = text_of(child(node, "name"));
    out.telecoms = read_telecoms(node);
    out.address = read_address(child(node, "addr"));
    out.practice_setting = read_coded(child(node, "standardIndustryClassCode"));
    return out;
}

// The common shape of assignedAuthor, assignedEntity and associatedEntity (POCD_MT000040).
professional read_entity(const pugi::xml_node& entity)
{
    professional out;
    out.id = read_identifier(child(entity, "id"));
    out.speciality = read_coded(child(entity, "code"));
    out.telecoms = read_telecoms(entity);
    for (const std::string_view name : {"assignedPerson", "associatedPerson"}) {
        if (const pugi::xml_node person = child(entity, name)) out.name = read_person(person);
    }
    if (const pugi::xml_node made_by = child(entity, "assignedAuthoringDevice")) {
        out.made_by = device{text_of(child(made_by, "manufacturerModelName")), text_of(child(made_by, "softwareName"))};
    }
    for (const std::string_view name : {"representedOrganization", "scopingOrganization"}) {
        if (const pugi::xml_node place = child(entity, name)) out.place = read_organisation(place);
    }
    return out;
}

professional read_author(const pugi::xml_node& node)
{
    professional out = read_entity(child(node, "assignedAuthor"));
    out.function = read_coded(child(node, "functionCode"));
    out.at = read_time(child(node, "time"));
    return out;
}

recipient read_recipient(const pugi::xml_node& node)
{
    recipient out;
    out.id = read_identifier(child(node, "id"));
    out.name = read_person(child(node, "informationRecipient"));
    out.telecoms = read_telecoms(node);
    out.place = read_organisation(child(node, "receivedOrganization"));
    return out;
}

participant read_participant(const pugi::xml_node& node)
{
    participant out;
    const pugi::xml_node entity = child(node, "associatedEntity");
    out.type = attribute(node, "typeCode");
    out.function = read_coded(child(node, "functionCode"));
    out.entity_class = attribute(entity, "classCode");
    const pugi::xml_node person = child(entity, "associatedPerson");
    for (const pugi::xml_node& part : {node, entity, child(entity, "id"), person, child(person, "name")}) {
        out.is_null |= !part.attribute("nullFlavor").empty();
    }
    out.who = read_entity(entity);
    out.who.at = read_time(child(node, "time"));
    return out;
}

service_event read_event(const pugi::xml_node& node)
{
    service_event out;
    out.code = read_coded(child(node, "code"));
    out.when = read_span(child(node, "effectiveTime"));
    out.performer = read_entity(at(node, {"performer", "assignedEntity"}));
    return out;
}

encounter read_encounter(const pugi::xml_node& node)
{
    encounter out;
    each(node, "id", [&](const pugi::xml_node& id) {
        if (!is_null(id)) out.ids.push_back(read_identifier(id));
    });
    out.type = read_coded(child(node, "code"));
    out.when = read_span(child(node, "effectiveTime"));
    out.discharge_disposition = read_coded(child(node, "dischargeDispositionCode"));
    const pugi::xml_node facility = at(node, {"location", "healthCareFacility"});
    out.facility_type = read_coded(child(facility, "code"));
    out.facility_name = text_of(at(facility, {"location", "name"}));
    return out;
}

void keep_first(patient_text& slot, std::string value)
{
    if (slot.empty()) slot = patient_text(std::move(value));
}

void read_patient_name(const pugi::xml_node& name, patient& out)
{
    each(name, "family", [&](const pugi::xml_node& node) {
        const std::string qualifier = attribute(node, "qualifier");
        patient_text& slot = qualifier == "BR"                        ? out.birth_family
                             : qualifier == "CL" || qualifier == "SP" ? out.used_family
                                                                      : out.family;
        keep_first(slot, text_of(node));
    });
    each(name, "given", [&](const pugi::xml_node& node) {
        const std::string qualifier = attribute(node, "qualifier");
        keep_first(qualifier == "BR"   ? out.birth_given
                   : qualifier == "CL" ? out.used_given
                                       : out.given_list,
                   text_of(node));
    });
}

patient read_patient(const pugi::xml_node& role)
{
    patient out;
    each(role, "id", [&](const pugi::xml_node& node) {
        if (!is_null(node)) out.ids.push_back({attribute(node, "root"), patient_text(attribute(node, "extension"))});
    });
    const pugi::xml_node person = child(role, "patient");
    each(person, "name", [&](const pugi::xml_node& name) { read_patient_name(name, out); });
    const pugi::xml_node gender = child(person, "administrativeGenderCode");
    if (!is_null(gender)) out.gender = patient_text(attribute(gender, "code"));
    const pugi::xml_node birth = child(person, "birthTime");
    if (!is_null(birth)) out.birth_date = patient_text(attribute(birth, "value"));
    const pugi::xml_node birthplace = at(person, {"birthplace", "place", "addr"});
    out.birthplace_cog = patient_text(text_of(child(birthplace, "county")));
    out.birthplace_label = patient_text(text_of(child(birthplace, "city")));
    return out;
}

std::optional<std::uint32_t> read_version(const pugi::xml_node& node)
{
    const std::string text = attribute(node, "value");
    std::uint32_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

void read_identity_of_document(const pugi::xml_node& root, header& out)
{
    out.id = read_identifier(child(root, "id"));
    if (identifier set = read_identifier(child(root, "setId")); !set.empty()) out.set_id = std::move(set);
    out.version = read_version(child(root, "versionNumber"));
    out.type = read_coded(child(root, "code"));
    out.title = text_of(child(root, "title"));
    out.effective_time = read_time(child(root, "effectiveTime"));
    out.confidentiality = attribute(child(root, "confidentialityCode"), "code");
    out.language = attribute(child(root, "languageCode"), "code");
    each(root, "templateId", [&](const pugi::xml_node& node) {
        out.templates.push_back({attribute(node, "root"), attribute(node, "extension")});
    });
    each(root, "relatedDocument", [&](const pugi::xml_node& node) {
        identifier parent = read_identifier(at(node, {"parentDocument", "id"}));
        if (attribute(node, "typeCode") == "RPLC" && !parent.empty() && !out.replaces) out.replaces = std::move(parent);
    });
}
}

header read_header(const pugi::xml_node& root)
{
    header out;
    read_identity_of_document(root, out);
    out.patient = read_patient(at(root, {"recordTarget", "patientRole"}));
    each(root, "author", [&](const pugi::xml_node& node) { out.authors.push_back(read_author(node)); });
    if (const pugi::xml_node node = child(root, "legalAuthenticator")) {
        out.legal_authenticator = read_entity(child(node, "assignedEntity"));
        out.legal_authenticator->at = read_time(child(node, "time"));
        out.signature_code_is_s = attribute(child(node, "signatureCode"), "code") == "S";
    }
    out.custodian = read_organisation(at(root, {"custodian", "assignedCustodian", "representedCustodianOrganization"}));
    each(root, "informationRecipient", [&](const pugi::xml_node& node) {
        out.recipients.push_back(read_recipient(child(node, "intendedRecipient")));
    });
    each(root, "participant", [&](const pugi::xml_node& node) { out.participants.push_back(read_participant(node)); });
    each(root, "documentationOf",
         [&](const pugi::xml_node& node) { out.service_events.push_back(read_event(child(node, "serviceEvent"))); });
    if (const pugi::xml_node node = at(root, {"componentOf", "encompassingEncounter"}))
        out.encounter = read_encounter(node);
    return out;
}
}

namespace mime::cda {
const participant* header::treating_doctor() const noexcept
{
    for (const participant& one : participants) {
        if (one.type == "INF" && one.function.code == "PCP") return &one;
    }
    return nullptr;
}

const service_event* header::main_event() const noexcept
{
    for (const service_event& event : service_events) {
        if (!event.performer.place.empty() || !event.performer.id.empty()) return &event;
    }
    return service_events.empty() ? nullptr : &service_events.front();
}

std::string_view header::author_finess() const noexcept
{
    std::string_view found;
    const auto look = [&](const organisation& place) {
        if (found.empty()) found = finess_of(place.id.root, place.id.extension);
    };
    if (!authors.empty()) look(authors.front().place);
    if (legal_authenticator) look(legal_authenticator->place);
    look(custodian);
    return found;
}

std::string_view header::author_organisation_name() const noexcept
{
    if (!authors.empty() && !authors.front().place.name.empty()) return authors.front().place.name;
    if (legal_authenticator && !legal_authenticator->place.name.empty()) return legal_authenticator->place.name;
    return custodian.name;
}
}
