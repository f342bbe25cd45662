#include <algorithm>
#include <string>
#include <string_view>

#include "mime/cda/check_rules.hpp"
#include "mime/cda/folded.hpp"
#include "mime/cda/identifiers.hpp"
#include "mime/text/ascii.hpp"

namespace mime::cda::detail {
namespace {
bool has_phone(const std::vector<telecom>& all)
{
    return std::any_of(all.begin(), all.end(),
                       [](const telecom& one) { return one.value.starts_with("tel:") && one.value.size() > 4; });
}

bool has_phone(const professional& who)
{
    return has_phone(who.telecoms) || has_phone(who.place.telecoms);
}

// IdNatPS and Struct_IdNat: the type digit in front says how long the rest is (cda.md §4.4).
bool has_right_length(const identifier& id)
{
    if (id.root == oid::professional && id.extension.starts_with('8')) return id.extension.size() == 12;
    if (id.root == oid::structure && id.extension.starts_with('1')) return id.extension.size() == 10;
    return true;
}

struct length_check {
    check_report& out;
    void operator()(const identifier& id, const std::string& field) const
    {
        if (!has_right_length(id)) out.warn(field, "identifiant national de longueur inattendue");
    }
    void operator()(const professional& who, const std::string& field) const
    {
        (*this)(who.id, field + "/id");
        (*this)(who.place.id, field + "/organisation/id");
    }
};

std::string numbered(std::string_view name, std::size_t index)
{
    return std::string(name) + "[" + std::to_string(index + 1) + "]";
}

std::string_view mail_of(const recipient& who)
{
    for (const telecom& one : who.telecoms) {
        if (one.value.starts_with("mailto:")) return std::string_view(one.value).substr(7);
    }
    return {};
}

bool is_addressee(const recipient& who, const std::vector<addressee>& all)
{
    const std::string_view rpps = rpps_of(who.id.root, who.id.extension);
    const std::string_view mail = mail_of(who);
    if (rpps.empty() && mail.empty()) return true;  // nothing to compare with
    return std::any_of(all.begin(), all.end(), [&](const addressee& one) {
        return (!rpps.empty() && one.rpps == rpps) || (!mail.empty() && same_text(one.address, mail));
    });
}

bool is_named_in(const addressee& one, const std::vector<recipient>& all)
{
    if (one.rpps.empty()) return true;
    return std::any_of(all.begin(), all.end(), [&](const recipient& who) {
        return rpps_of(who.id.root, who.id.extension) == one.rpps ||
               (!one.address.empty() && same_text(mail_of(who), one.address));
    });
}
}

void check_signature(const check_subject& what, check_report& out)
{
    const auto& signer = what.head().legal_authenticator;
    if (!signer) return out.block("legalAuthenticator", "document non signé : responsable absent");
    if (!signer->at) out.block("legalAuthenticator/time", "date de signature absente ou illisible");
    if (!what.head().signature_code_is_s) out.block("legalAuthenticator/signatureCode", "code de signature S absent");
    if (signer->id.extension.empty())
        out.block("legalAuthenticator/assignedEntity/id", "identifiant du signataire absent");
    if (signer->name.family.empty()) {
        out.block("legalAuthenticator/assignedEntity/assignedPerson/name/family", "nom du signataire absent");
    }
    const auto& authors = what.head().authors;
    const bool by_phone = has_phone(*signer) || std::any_of(authors.begin(), authors.end(),
                                                            [](const professional& one) { return has_phone(one); });
    if (!by_phone)
        out.warn("legalAuthenticator/assignedEntity/telecom",
                 "aucun téléphone du signataire, de l'auteur ou de leur structure");
}

void check_treating_doctor(const check_subject& what, check_report& out)
{
    const participant* doctor = what.head().treating_doctor();
    if (doctor == nullptr) return out.warn("participant", "médecin traitant ni nommé ni dit absent");
    if (doctor->who.name.empty()) {
        if (!doctor->is_null)
            out.warn("participant/associatedEntity/associatedPerson/name", "médecin traitant sans nom");
        return;
    }
    const bool reachable =
        !doctor->who.id.extension.empty() || !doctor->who.telecoms.empty() || !doctor->who.place.telecoms.empty();
    if (!reachable) out.warn("participant/associatedEntity/telecom", "médecin traitant sans identifiant ni coordonnée");
}

void check_referrer(const check_subject& what, check_report& out)
{
    const auto& all = what.head().participants;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [](const participant& one) { return one.type == "REFB" || one.type == "REF"; });
    if (found == all.end()) {
        if (!what.context.names_referrer) return out.not_applicable();
        return out.warn("participant", "le message nomme un médecin adresseur, le document non");
    }
    if (found->who.name.empty() && found->who.id.empty()) {
        out.warn("participant/associatedEntity", "médecin adresseur sans nom ni identifiant");
    }
}

void check_identifiers(const check_subject& what, check_report& out)
{
    const header& head = what.head();
    const length_check look{out};
    for (std::size_t i = 0; i < head.authors.size(); ++i) look(head.authors[i], numbered("author", i));
    if (head.legal_authenticator) look(*head.legal_authenticator, "legalAuthenticator");
    look(head.custodian.id, "custodian/id");
    for (std::size_t i = 0; i < head.recipients.size(); ++i) {
        look(head.recipients[i].id, numbered("informationRecipient", i) + "/id");
        look(head.recipients[i].place.id, numbered("informationRecipient", i) + "/organisation/id");
    }
    for (std::size_t i = 0; i < head.participants.size(); ++i)
        look(head.participants[i].who, numbered("participant", i));
    for (std::size_t i = 0; i < head.service_events.size(); ++i) {
        look(head.service_events[i].performer, numbered("documentationOf", i) + "/performer");
    }
}

// The message decides who gets the letter; the document only says it otherwise (cda.md §11).
void check_recipients(const check_subject& what, check_report& out)
{
    const auto& named = what.head().recipients;
    if (!what.context.addressees || named.empty()) return out.not_applicable();
    for (std::size_t i = 0; i < named.size(); ++i) {
        if (!is_addressee(named[i], *what.context.addressees)) {
            out.warn(numbered("informationRecipient", i), "destinataire du document que le message ne nomme pas");
        }
    }
    for (const addressee& one : *what.context.addressees) {
        if (is_named_in(one, named)) continue;
        return out.warn("informationRecipient", "le message nomme un destinataire que le document ne nomme pas");
    }
}

void check_names_of_one_id(const check_subject& what, check_report& out)
{
    const auto& signer = what.head().legal_authenticator;
    if (!signer || signer->id.extension.empty()) return;
    const auto& authors = what.head().authors;
    for (std::size_t i = 0; i < authors.size(); ++i) {
        if (authors[i].id != signer->id || authors[i].name.empty() || signer->name.empty()) continue;
        if (same_name(authors[i].name.family, signer->name.family) &&
            starts_alike(authors[i].name.given, signer->name.given)) {
            continue;
        }
        out.warn(numbered("author", i) + "/assignedAuthor", "même identifiant que le signataire, autre nom");
    }
}
}
