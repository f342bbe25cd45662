// Whether an HL7 message and the document it carries speak of the same thing.
#include <set>

#include "relay/pipeline/plan_hl7.hpp"

namespace relay::pipeline {
namespace cda = mime::cda;
namespace hl7 = mime::hl7;
namespace {
using id_set = std::set<std::pair<std::string, std::string>>;  // root, extension

std::string text_of(const hl7::document_id& id)
{
    return id.extension.empty() ? id.root : id.root + "^" + id.extension;
}

// An authority that is no OID cannot be compared with a root: such an identifier counts by its value alone.
bool same_sets(const hl7::patient& said, const cda::patient& written)
{
    id_set of_document, of_message;
    for (const cda::patient_id& id : written.ids) of_document.insert({id.root, id.extension.reveal()});
    id_set left = of_document;
    for (const hl7::patient_identifier& id : said.identifiers) {
        const bool by_value = id.authority_id_type != "ISO";
        bool found = false;
        for (const auto& [root, extension] : of_document)
            if (extension == id.value.reveal() && (by_value || root == id.authority_id)) {
                found = true;
                left.erase({root, extension});
            }
        if (!found) return false;
    }
    return left.empty();
}

class comparison {
public:
    explicit comparison(const hl7::carried_document& carried) : carried_(carried) {}

    void fail(std::string place, std::string text)
    {
        errors_.push_back({hl7::condition::application, std::move(place), std::move(text), hl7::ack_code::AE});
    }

    // T10 names the replaced version twice; a T04 carries the last version as it was, with its own link (§2.1).
    void check_parent(hl7::operation what, const cda::header& header)
    {
        if (what == hl7::operation::replace && !header.replaces) {
            fail(carried_.location,
                 "remplacement, mais le document ne nomme pas celui qu'il remplace "
                 "(relatedDocument RPLC)");
        } else if (carried_.parent && header.replaces && text_of(*carried_.parent) != header.replaces->text()) {
            fail("TXA^1^13", "TXA-13 et relatedDocument RPLC désignent deux documents différents");
        }
    }

    // "OBX^2^5" -> "OBX^2^3"
    [[nodiscard]] std::string type_place() const
    {
        return carried_.location.substr(0, carried_.location.rfind('^')) + "^3";
    }

    [[nodiscard]] hl7::hl7_errors errors() && { return std::move(errors_); }

private:
    const hl7::carried_document& carried_;
    hl7::hl7_errors errors_;
};
}

hl7::hl7_errors differences(const plan_request& with, const hl7::document_message& read,
                            const hl7::carried_document& carried, const cda::header& header,
                            std::vector<plan_warning>& warnings)
{
    comparison found(carried);
    if (!same_sets(read.patient, header.patient)) {
        const char* text = "PID-3 et recordTarget/patientRole/id ne portent pas les mêmes identifiants";
        if (with.site.patient_ids == identifier_sets::may_differ)
            warnings.push_back({"PID^1^3", text});
        else
            found.fail("PID^1^3", text);
    }
    if (carried.type.code != header.type.code)
        found.fail(found.type_place(), "OBX-3 et ClinicalDocument/code désignent deux types différents");
    if (const std::string said = text_of(carried.id); !said.empty() && said != header.id.text())
        found.fail("TXA^1^12", "TXA-12 et ClinicalDocument/id désignent deux documents différents");
    found.check_parent(read.what, header);
    if (read.what == hl7::operation::initial && header.replaces)
        warnings.push_back({carried.location, "document initial qui dit en remplacer un autre (relatedDocument RPLC)"});
    return std::move(found).errors();
}
}
