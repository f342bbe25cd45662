#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "mime/cda/document_types.hpp"
#include "mime/cda/identifiers.hpp"
#include "mime/sidecar/fields.hpp"
#include "mime/sidecar/local_id.hpp"
#include "mime/sidecar/sidecar.hpp"
#include "mime/text/charset.hpp"

namespace mime::sidecar {
namespace json = boost::json;
using detail::fields;
using detail::presence;
using detail::reading;
namespace {
std::string or_default(const std::string& value, const std::string& fallback)
{
    return value.empty() ? fallback : value;
}

establishment read_site(fields& root)
{
    const establishment& given = root.state().defaults.site;
    fields in(root.state(), root.object("establishment", presence::optional), "establishment");
    establishment out;
    out.finess = or_default(in.finess("finess", presence::optional), given.finess);
    out.name = or_default(in.text("name", presence::optional), given.name);
    out.oid_root = or_default(in.oid("oid_root", presence::optional), given.oid_root);
    out.phone = or_default(in.phone("phone"), given.phone);
    out.address = in.texts("address", 7);
    if (out.address.empty()) out.address = given.address;
    out.facility_type = or_default(in.text("facility_type", presence::optional), given.facility_type);
    if (!cda::facility_type(out.facility_type)) {
        in.fail(sidecar_errc::ill_formed, "facility_type", "type d'établissement inconnu, par exemple SA01");
    }
    if (out.finess.empty()) in.fail(sidecar_errc::missing, "finess", "FINESS absent, et aucun dans les réglages");
    if (out.name.empty()) in.fail(sidecar_errc::missing, "name", "nom absent, et aucun dans les réglages");
    if (out.oid_root.empty()) in.fail(sidecar_errc::missing, "oid_root", "OID absent, et aucun dans les réglages");
    // The settings' own branches belong to the settings' own root.
    const bool same_root = out.oid_root == given.oid_root;
    out.ipp_root = or_default(in.oid("ipp_root", presence::optional), same_root ? given.ipp_root : std::string());
    out.stay_root = or_default(in.oid("stay_root", presence::optional), same_root ? given.stay_root : std::string());
    if (out.ipp_root.empty()) out.ipp_root = out.oid_root + ".1";
    if (out.stay_root.empty()) out.stay_root = out.oid_root + ".2";
    return out;
}

void read_ins(fields& patient, cda::patient& out)
{
    if (!patient.has("ins")) return;
    fields in(patient.state(), patient.object("ins", presence::required), "patient.ins");
    std::string matricule = in.text("matricule", presence::required);
    std::string root = in.oid("oid", presence::required);
    if (!cda::is_ins_root(root)) in.fail(sidecar_errc::ill_formed, "oid", "OID d'INS attendu");
    if (matricule.size() != 15) in.fail(sidecar_errc::ill_formed, "matricule", "15 caractères attendus");
    if (patient.state().defaults.keys == key_checks::strict && !cda::is_ins_matricule(matricule)) {
        in.fail(sidecar_errc::check_digit, "matricule", "clé du matricule INS incorrecte");
    }
    out.ids.push_back({std::move(root), patient_text(std::move(matricule))});
}

// With an INS all five traits are required together (cda.md §4.3); with a hospital number alone, only what names a
// person.
cda::patient read_patient(fields& root, const establishment& site)
{
    fields in(root.state(), root.object("patient", presence::required), "patient");
    cda::patient out;
    read_ins(in, out);
    const presence with_ins = out.ids.empty() ? presence::optional : presence::required;
    if (std::string ipp = in.text("ipp", presence::optional); !ipp.empty()) {
        out.ids.push_back({site.ipp_root, patient_text(std::move(ipp))});
    }
    if (out.ids.empty()) in.fail(sidecar_errc::missing, "ins", "ni INS ni IPP");
    out.birth_family = patient_text(in.text("birth_name", presence::required));
    out.birth_given = patient_text(in.text("first_given_name", presence::required));
    out.given_list = patient_text(in.text("given_names", with_ins));
    out.used_family = patient_text(in.text("used_name", presence::optional));
    out.used_given = patient_text(in.text("used_given_name", presence::optional));
    out.birth_date = patient_text(in.date("birth_date", presence::required));
    std::string sex = in.one_of("sex", presence::required, {"F", "M", "UN"});
    out.gender = patient_text(std::move(sex));
    std::string cog = in.text("birthplace_cog", with_ins);
    if (!cog.empty() && !cda::is_cog(cog)) {
        in.fail(sidecar_errc::ill_formed, "birthplace_cog", "code COG de 5 caractères attendu");
    }
    out.birthplace_cog = patient_text(std::move(cog));
    out.birthplace_label = patient_text(in.text("birthplace", presence::optional));
    return out;
}

stay read_stay(fields& root)
{
    fields in(root.state(), root.object("stay", presence::required), "stay");
    stay out;
    out.number = in.text("number", presence::required);
    if (const auto at = in.instant("admission", presence::required, time_precision::day)) out.admission = *at;
    out.discharge = in.instant("discharge", presence::optional, time_precision::day);
    fields service(in.state(), in.object("service", presence::optional), "stay.service");
    out.service_code = service.text("code", presence::optional);
    out.service_label = service.text("label", presence::optional);
    out.patient_class = or_default(in.one_of("class", presence::optional, {"I", "E", "O", "R", "N"}), "I");
    // Both written as local time to the second or the day, so that the shorter text decides how far they compare.
    if (out.discharge && out.discharge->offset == out.admission.offset) {
        const std::string from = write_timestamp(out.admission);
        const std::string to = write_timestamp(*out.discharge);
        const std::size_t common = std::min({from.size(), to.size(), std::size_t{14}});
        if (to.compare(0, common, from, 0, common) < 0) {
            in.fail(sidecar_errc::inconsistent, "discharge", "sortie avant l'admission");
        }
    }
    return out;
}

cda::organisation place_of(const establishment& site)
{
    cda::organisation out;
    out.id = {std::string(cda::oid::structure), "1" + site.finess};
    out.name = site.name;
    if (!site.phone.empty()) out.telecoms.push_back({site.phone, "WP"});
    out.address = site.address;
    return out;
}

// rpps, family, given, phone, civility, title, speciality: a professional of the establishment.
cda::professional read_professional(fields& in, const establishment& site)
{
    cda::professional out;
    out.id = {std::string(cda::oid::professional), "8" + in.rpps("rpps", presence::required)};
    out.name.family = in.text("family", presence::required);
    out.name.given = in.text("given", presence::optional);
    out.name.prefix = in.one_of("civility", presence::optional, {"M", "MME"});
    out.name.suffix = in.one_of("title", presence::optional, {"DR", "PR", "MC", "MG", "PC", "PG"});
    if (std::string phone = in.phone("phone"); !phone.empty()) out.telecoms.push_back({std::move(phone), "WP"});
    const std::string path = in.path_of("speciality");
    fields speciality(in.state(), in.object("speciality", presence::optional), path);
    if (in.has("speciality")) {
        out.speciality = {speciality.text("code", presence::required), "1.2.250.1.213.1.1.4.5",
                          speciality.text("label", presence::required)};
    }
    out.place = place_of(site);
    return out;
}

cda::professional read_signatory(fields& root, const establishment& site)
{
    fields in(root.state(), root.object("signatory", presence::required), "signatory");
    cda::professional out = read_professional(in, site);
    out.at = in.instant("signed_at", presence::required, time_precision::minute);
    return out;
}

std::optional<cda::professional> read_author(fields& root, const establishment& site)
{
    if (!root.has("author")) return std::nullopt;
    fields in(root.state(), root.object("author", presence::required), "author");
    return read_professional(in, site);
}

std::optional<letter_recipient> read_treating_doctor(fields& root)
{
    if (!root.has("treating_doctor")) return std::nullopt;
    fields in(root.state(), root.object("treating_doctor", presence::required), "treating_doctor");
    letter_recipient out;
    out.rpps = in.rpps("rpps", presence::optional);
    out.family = in.text("family", presence::required);
    out.given = in.text("given", presence::optional);
    out.address = in.address("address");
    out.role = recipient_role::treating_doctor;
    out.path = "treating_doctor";
    return out;
}

recipient_role role_of(std::string_view name)
{
    if (name == "treating_doctor") return recipient_role::treating_doctor;
    if (name == "organisation") return recipient_role::organisation;
    return name == "patient" ? recipient_role::patient : recipient_role::professional;
}

letter_recipient read_recipient(reading& state, const json::object* object, const std::string& path)
{
    fields in(state, object, path);
    letter_recipient out;
    out.path = state.flat == nullptr ? path : state.flat->key_of(path);
    out.role =
        role_of(in.one_of("role", presence::optional, {"treating_doctor", "professional", "organisation", "patient"}));
    out.address = in.address("address");
    out.rpps = in.rpps("rpps", presence::optional);
    out.organisation = in.text("organisation", presence::optional);
    out.family = in.text("family", presence::optional);
    out.given = in.text("given", presence::optional);
    if (out.address.empty() && out.rpps.empty()) in.fail(sidecar_errc::missing, "address", "ni adresse ni RPPS");
    return out;
}

std::vector<letter_recipient> read_recipients(fields& root)
{
    std::vector<letter_recipient> all;
    const json::array* list = root.array("recipients");
    if (list == nullptr) return all;
    if (list->size() > root.state().defaults.limits.max_recipients) {
        root.fail(sidecar_errc::too_many, "recipients", "trop de destinataires");
        return all;
    }
    for (const json::value& value : *list) {
        const std::string path = "recipients[" + std::to_string(all.size()) + "]";
        if (!value.is_object()) root.state().fail(sidecar_errc::wrong_type, path, "objet attendu");
        all.push_back(read_recipient(root.state(), value.if_object(), path));
    }
    return all;
}

// A set id that is no OID is a text of the hospital's own: the same text gives the same OID in every version.
std::string set_oid(const std::string& set_id, const establishment& site)
{
    return cda::is_oid(set_id) ? set_id : oid_of_name(site.oid_root, set_id);
}

void read_versions(fields& in, const establishment& site, document& out)
{
    out.set_id = set_oid(in.text("set_id", presence::required), site);
    out.version = in.positive("version").value_or(1);
    out.id = in.oid("id", presence::optional);
    const bool made_here = out.id.empty();
    if (made_here) out.id = out.set_id + "." + std::to_string(out.version);
    if (!cda::is_oid(out.id)) in.fail(sidecar_errc::ill_formed, "set_id", "identifiant trop long");
    std::string replaces = in.oid("replaces", presence::optional);
    if (replaces.empty() && made_here && out.version > 1) replaces = out.set_id + "." + std::to_string(out.version - 1);
    if (!replaces.empty()) out.replaces = std::move(replaces);
    if (out.version > 1 && !out.replaces) {
        in.fail(sidecar_errc::missing, "replaces", "une version suivante dit quel document elle remplace");
    }
    if (out.version == 1 && out.replaces) {
        in.fail(sidecar_errc::inconsistent, "replaces", "la première version ne remplace rien");
    }
    if (out.replaces == out.id)
        in.fail(sidecar_errc::inconsistent, "replaces", "un document ne se remplace pas lui-même");
}

bool is_language(std::string_view text)
{
    const auto within = [&](std::size_t i, char low, char high) { return text[i] >= low && text[i] <= high; };
    return text.size() == 5 && within(0, 'a', 'z') && within(1, 'a', 'z') && text[2] == '-' && within(3, 'A', 'Z') &&
           within(4, 'A', 'Z');
}

document read_document(fields& root, const establishment& site, const std::optional<timestamp>& signed_at)
{
    fields in(root.state(), root.object("document", presence::required), "document");
    document out;
    const auto type = cda::document_type(in.text("type", presence::required));
    if (!type) in.fail(sidecar_errc::ill_formed, "type", "type de document inconnu, par exemple 11490-0");
    if (type) out.type = *type;
    out.title = or_default(in.text("title", presence::optional), out.type.label);
    read_versions(in, site, out);
    out.confidentiality = or_default(in.one_of("confidentiality", presence::optional, {"N", "R", "V"}), "N");
    out.language = or_default(in.text("language", presence::optional), "fr-FR");
    if (!is_language(out.language)) in.fail(sidecar_errc::ill_formed, "language", "langue attendue, par exemple fr-FR");
    const auto created = in.instant("created", presence::optional, time_precision::minute);
    if (created) {
        out.created = *created;
    } else if (signed_at) {
        out.created = *signed_at;
    }
    return out;
}

// A removal sends the latest version once more, whatever its number (mssante.md §4.6); the others follow the version.
operation read_operation(fields& root, const document& of)
{
    const std::string said = root.one_of("operation", presence::optional, {"initial", "replace", "delete"});
    if (said == "delete") return operation::remove;
    const operation by_version = of.version > 1 ? operation::replace : operation::initial;
    if (said == "initial" && by_version == operation::replace)
        root.fail(sidecar_errc::inconsistent, "operation", "une version suivante est un remplacement (replace)");
    if (said == "replace" && by_version == operation::initial)
        root.fail(sidecar_errc::inconsistent, "operation",
                  "un remplacement a un numéro de version (document.version) à partir de 2");
    return by_version;
}

sidecar_result<pdf_sidecar> read_tree(const json::value& root, reading state)
{
    fields in(state, root.if_object(), "");
    pdf_sidecar out;
    out.site = read_site(in);
    out.patient = read_patient(in, out.site);
    out.stay = read_stay(in);
    out.signatory = read_signatory(in, out.site);
    out.author = read_author(in, out.site).value_or(out.signatory);
    out.treating_doctor = read_treating_doctor(in);
    out.recipients = read_recipients(in);
    out.document = read_document(in, out.site, out.signatory.at);
    out.what = read_operation(in, out.document);
    out.author.at = out.document.created;
    if (state.error) return std::move(*state.error);
    return out;
}
}

sidecar_result<pdf_sidecar> read_sidecar(std::string_view text, const sidecar_defaults& defaults, sidecar_form form)
{
    if (text.size() > defaults.limits.max_octets)
        return sidecar_error{sidecar_errc::too_large, "", "fichier trop grand"};
    if (form != sidecar_form::json) {
        const auto flat = detail::read_flat(text, form, defaults.limits);
        if (!flat) return flat.error();
        return read_tree(flat->tree, {defaults, &*flat});
    }
    json::parse_options options;
    options.max_depth = defaults.limits.max_depth;
    boost::system::error_code failed;
    if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
    const json::value root = json::parse({text.data(), text.size()}, failed, {}, options);
    if (failed) return sidecar_error{sidecar_errc::not_json, "", "JSON illisible"};
    if (!root.is_object()) return sidecar_error{sidecar_errc::wrong_type, "", "objet JSON attendu"};
    return read_tree(root, {defaults});
}
}
