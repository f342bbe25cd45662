#include <utility>

#include "mime/cda/document_types.hpp"
#include "mime/cda/identifiers.hpp"
#include "mime/sidecar/sidecar.hpp"

namespace mime::sidecar {
namespace {
cda::identifier rpps_id(const std::string& rpps)
{
    return rpps.empty() ? cda::identifier{} : cda::identifier{std::string(cda::oid::professional), "8" + rpps};
}

std::vector<cda::telecom> mailbox(const std::string& address)
{
    if (address.empty()) return {};
    return {{"mailto:" + address, "DIR"}};
}

cda::professional treating_doctor(const letter_recipient& from)
{
    cda::professional out;
    out.id = rpps_id(from.rpps);
    out.name = {"", from.family, from.given, ""};
    out.telecoms = mailbox(from.address);
    return out;
}

// informationRecipient is clinical: the patient's own copy is not a recipient in this sense.
cda::recipient recipient(const letter_recipient& from)
{
    cda::recipient out;
    out.id = rpps_id(from.rpps);
    out.name = {"", from.family, from.given, ""};
    out.telecoms = mailbox(from.address);
    out.place.name = from.organisation;
    return out;
}
}

cda::n1_input to_n1(const pdf_sidecar& from)
{
    cda::n1_input out;
    out.id = from.document.id;
    out.set_id = from.document.set_id;
    out.version = from.document.version;
    out.replaces = from.document.replaces;
    out.type = from.document.type;
    out.title = from.document.title;
    out.created = from.document.created;
    out.confidentiality = from.document.confidentiality;
    out.language = from.document.language;
    out.patient = from.patient;
    out.author = from.author;
    out.signatory = from.signatory;
    out.custodian = from.signatory.place;
    if (from.treating_doctor) out.treating_doctor = treating_doctor(*from.treating_doctor);
    for (const letter_recipient& one : from.recipients) {
        if (one.role != recipient_role::patient) out.recipients.push_back(recipient(one));
    }
    out.stay.number = {from.site.stay_root, from.stay.number};
    out.stay.when = {from.stay.admission, from.stay.discharge};
    out.stay.place_name = from.stay.service_label;
    if (auto type = cda::encounter_type(from.stay.patient_class)) out.stay.type = std::move(*type);
    if (auto type = cda::facility_type(from.site.facility_type)) out.stay.facility_type = std::move(*type);
    return out;
}

std::string write_n1(const pdf_sidecar& from, std::string_view pdf)
{
    return cda::write_n1(to_n1(from), pdf);
}
}
