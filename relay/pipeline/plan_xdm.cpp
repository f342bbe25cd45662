// A zip that is already an IHE XDM: its one or two documents make the letter, its metadata say the operation, the flags
// and who it was meant for (mssante.md §4.6, §5). We send a package of our own around the same documents.
#include <algorithm>

#include "mime/xdm/package.hpp"
#include "relay/pipeline/plan_parts.hpp"

namespace relay::pipeline {
namespace cda = mime::cda;
namespace xdm = mime::xdm;
namespace {
constexpr std::string_view form = "xdm";
constexpr std::size_t max_documents = 2;  // two body levels of one letter

std::string text_of(xdm::xdm_errc code)
{
    switch (code) {
        case xdm::xdm_errc::too_large: return "archive trop grande";
        case xdm::xdm_errc::not_zip: return "archive zip illisible ou incomplète";
        case xdm::xdm_errc::too_many_entries: return "trop d'entrées dans l'archive";
        case xdm::xdm_errc::too_much_expanded:
        case xdm::xdm_errc::ratio: return "l'archive se déploie en trop d'octets";
        case xdm::xdm_errc::bad_name: return "nom d'entrée interdit (chemin absolu, « .. » ou doublon)";
        case xdm::xdm_errc::link_entry: return "l'entrée est un lien ou un fichier spécial";
        case xdm::xdm_errc::encrypted: return "l'entrée est chiffrée : déposer une archive en clair";
        case xdm::xdm_errc::bad_checksum: return "entrée endommagée";
        case xdm::xdm_errc::no_metadata: return "IHE_XDM/SUBSET01/METADATA.XML absent : ce zip n'est pas un IHE XDM";
        case xdm::xdm_errc::bad_metadata: return "métadonnées illisibles";
        case xdm::xdm_errc::no_document: return "le document nommé par son URI n'est pas dans l'archive";
        case xdm::xdm_errc::hash_mismatch: return "l'empreinte ou la taille n'est pas celle du document";
        case xdm::xdm_errc::bad_action: return "action inconnue ou contradictoire : C (remplacer) ou D (supprimer)";
        case xdm::xdm_errc::several_patients: return "les métadonnées désignent plusieurs patients";
        case xdm::xdm_errc::zip_failed:
        case xdm::xdm_errc::missing_value: break;
    }
    return "archive illisible";
}

refusal refuse_at(std::string code, std::string place, std::string text)
{
    return refuse(std::string(form), std::move(code), std::move(place), std::move(text));
}

bool is_cda(const xdm::xdm_document& document)
{
    return document.mime_type == "text/xml" || document.mime_type == "application/xml" ||
           document.mime_type == "application/xslt+xml";
}

std::string place_of(std::size_t number)
{
    return "METADATA.XML document " + std::to_string(number);
}

// 285…^^^&1.2.250.1.213.1.4.10&ISO^NH
bool is_of(const cda::patient& who, std::string_view patient_id)
{
    return std::any_of(who.ids.begin(), who.ids.end(), [&](const cda::patient_id& id) {
        return patient_id.starts_with(id.extension.reveal() + "^^^&" + id.root + "&ISO");
    });
}

// Two documents are about one person when they share an identifier and the birth date.
bool same_person(const cda::patient& a, const cda::patient& b)
{
    return a.birth_date == b.birth_date && std::any_of(a.ids.begin(), a.ids.end(), [&](const cda::patient_id& one) {
               return std::any_of(b.ids.begin(), b.ids.end(), [&](const cda::patient_id& other) {
                   return one.root == other.root && one.extension == other.extension;
               });
           });
}

// Beside a document its metadata may hold what no document says: the three flags of visibility.
void take_flags(letter_plan& plan, const xdm::xdm_document& document)
{
    for (const std::string& code : document.confidentiality) {
        auto& masking = plan.details.masking;
        const bool is_flag =
            code == "MASQUE_PS" || code == "INVISIBLE_PATIENT" || code == "INVISIBLE_REPRESENTANTS_LEGAUX";
        if (is_flag && std::find(masking.begin(), masking.end(), code) == masking.end()) masking.push_back(code);
    }
}

// The first document speaks for the letter; the second must be about the same person.
class xdm_planner {
public:
    explicit xdm_planner(const plan_request& with) : with_(with) { plan_.form = submission_form::cda; }

    letter_or_refusal run(xdm::xdm_package package)
    {
        std::size_t number = 0;
        for (xdm::xdm_document& document : package.documents) {
            ++number;
            if (document.mime_type == "application/pdf") continue;  // the PDF beside the zip is made from the document
            if (auto why = add(document, place_of(number))) return std::move(*why);
        }
        if (!first_) return refuse_at("no_document", "METADATA.XML", "aucun document CDA dans l'archive");
        if (auto why = take_action(package.action)) return std::move(*why);
        take_stay_class(plan_, first_->header());
        take_named_recipients(plan_, first_->header());
        for (const xdm::xdm_recipient& one : package.recipients) add_intended(one);
        if (plan_.recipients.empty()) plan_.recipients.emplace_back();
        return std::move(plan_);
    }

private:
    std::optional<refusal> add(xdm::xdm_document& document, const std::string& place)
    {
        if (!is_cda(document))
            return refuse_at("media_type", place, "type de document inattendu : text/xml est attendu");
        if (plan_.documents.size() == max_documents)
            return refuse_at("too_many_documents", place, "une lettre a un document, ou deux corps d'un même document");
        auto taken = take_document(with_, plan_, std::move(document.bytes), std::string(form), context_of(with_));
        if (auto* why = std::get_if<refusal>(&taken)) {
            why->field = place + (why->field.empty() ? "" : " " + why->field);
            return std::move(*why);
        }
        auto& read = std::get<cda::cda_document>(taken);
        if (!document.unique_id.empty() && document.unique_id != read.header().id.text())
            return refuse_at("id_mismatch", place + " uniqueId", "uniqueId n'est pas ClinicalDocument/id");
        if (!document.patient_id.empty() && !is_of(read.header().patient, document.patient_id.reveal()))
            return refuse_at("several_patients", place + " patientId", "patientId n'est pas le patient du document");
        if (first_ && !same_person(first_->header().patient, read.header().patient))
            return refuse_at("several_patients", place + " recordTarget", "les documents concernent deux patients");
        take_flags(plan_, document);
        if (!first_) first_ = std::move(read);
        return std::nullopt;
    }

    std::optional<refusal> take_action(xdm::letter_action said)
    {
        take_operation(plan_);
        if (said == xdm::letter_action::replace && !plan_.parent_id)
            return refuse_at("207", "METADATA.XML action",
                             "l'action C remplace une version : relatedDocument RPLC est attendu dans le document");
        if (said == xdm::letter_action::remove) {
            plan_.operation = letter_operation::remove;
            plan_.parent_id.reset();
        }
        return std::nullopt;
    }

    // The national text does not use intendedRecipient (mssante.md §5.2): an address counts when it is a trusted one.
    void add_intended(const xdm::xdm_recipient& one)
    {
        recipient to{one.address, one.rpps, one.family, one.given, recipient_role::professional};
        if (refuse_domain(with_.routes, to, std::string(form), {})) to.address.clear();
        if (!to.address.empty() || !to.rpps.empty()) add_recipient(plan_.recipients, std::move(to));
    }

    const plan_request& with_;
    letter_plan plan_;
    std::optional<cda::cda_document> first_;
};
}

letter_or_refusal plan_xdm(const plan_request& with)
{
    xdm::xdm_limits limits;
    limits.max_zip_octets = with.site.max_input_octets;
    auto read = xdm::read_package(with.from.bytes, limits);
    if (!read.has_value())
        return refuse_at(std::string(xdm::name_of(read.error().code)), read.error().place, text_of(read.error().code));
    return xdm_planner(with).run(std::move(*read));
}
}
