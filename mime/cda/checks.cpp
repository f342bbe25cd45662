#include "mime/cda/checks.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "mime/cda/identifiers.hpp"
#include "mime/cda/pdf.hpp"
#include "mime/text/charset.hpp"

namespace mime::cda {
namespace {
struct subject {
    const cda_document& document;
    const cda_result<std::string>& content;
    const check_options& options;
    [[nodiscard]] const header& head() const noexcept { return document.header(); }
};

class report {
public:
    report(std::string_view id, std::vector<finding>& all) : id_(id), all_(all) {}
    void block(std::string field, std::string text) { add(level::block, std::move(field), std::move(text)); }
    void warn(std::string field, std::string text) { add(level::warn, std::move(field), std::move(text)); }

private:
    void add(level how, std::string field, std::string text)
    {
        all_.push_back({std::string(id_), how, std::move(field), std::move(text)});
    }
    std::string_view id_;
    std::vector<finding>& all_;
};

constexpr const char* text_field = "component/nonXMLBody/text";

void check_pdf(std::string_view bytes, report& out)
{
    const pdf_facts facts = look_at_pdf(bytes);
    if (!facts.has_header) return out.block(text_field, "le contenu annoncé comme PDF n'en est pas un");
    if (!facts.has_end_mark) out.block(text_field, "PDF tronqué : marque de fin absente");
    if (facts.is_encrypted) out.block(text_field, "PDF chiffré, illisible pour le destinataire");
    if (facts.has_active_content) out.warn(text_field, "PDF avec contenu actif ou fichiers joints");
}

bool looks_like(std::string_view media_type, std::string_view bytes)
{
    const auto starts = [&](std::string_view with) { return bytes.substr(0, with.size()) == with; };
    if (media_type == "text/plain") return is_utf8(bytes) && bytes.find('\0') == std::string_view::npos;
    if (media_type == "text/rtf" || media_type == "application/rtf") return starts("{\\rtf");
    if (media_type == "image/jpeg") return starts("\xFF\xD8\xFF");
    if (media_type == "image/tiff") return starts(std::string_view("II*\0", 4)) || starts(std::string_view("MM\0*", 4));
    return false;
}

bool is_known_media_type(std::string_view media_type)
{
    constexpr std::array<std::string_view, 5> known = {"text/plain", "text/rtf", "application/rtf", "image/jpeg",
                                                       "image/tiff"};
    return std::find(known.begin(), known.end(), media_type) != known.end();
}

void check_n1(const subject& what, report& out)
{
    if (!what.content) return out.block(what.content.error().field, what.content.error().text);
    const body& content = what.document.body();
    const bool pdf = content.media_type == "application/pdf";
    if (content.media_type.empty()) {
        out.warn("component/nonXMLBody/text@mediaType", "type du contenu absent, reconnu par ses premiers octets");
    }
    if (content.representation != "B64" && pdf) {
        out.warn("component/nonXMLBody/text@representation", "représentation B64 non déclarée");
    }
    if (pdf || content.media_type.empty()) return check_pdf(*what.content, out);
    if (!is_known_media_type(content.media_type)) {
        return out.block("component/nonXMLBody/text@mediaType", "type de contenu inconnu");
    }
    if (content.media_type != "text/plain") {
        out.warn("component/nonXMLBody/text@mediaType", "type de contenu autre que PDF ou texte");
    }
    if (!looks_like(content.media_type, *what.content)) out.block(text_field, "le contenu n'est pas du type annoncé");
}

void check_readable(const subject& what, report& out)  // C01
{
    if (what.document.body().kind == body_kind::non_xml) return check_n1(what, out);
    if (narrative_text(what.document, 1000).empty()) {
        out.block("component/structuredBody", "aucune section avec un texte lisible");
    }
}

void check_signed(const subject& what, report& out)  // C03
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
}

std::optional<std::chrono::year_month_day> birth_day(const patient& who)
{
    const auto read = read_timestamp(who.birth_date.reveal());
    if (!read || read->precision < time_precision::day) return std::nullopt;
    return std::chrono::year_month_day{std::chrono::year{read->year}, std::chrono::month{read->month},
                                       std::chrono::day{read->day}};
}

void check_birth_date(const patient& who, const check_options& options, report& out)
{
    const std::string field = "recordTarget/patientRole/patient/birthTime";
    if (who.birth_date.empty()) return out.block(field, "date de naissance absente");
    const auto day = birth_day(who);
    if (!day) return out.block(field, "date de naissance illisible");
    if (options.today.ok() && *day > options.today) out.block(field, "date de naissance dans le futur");
}

// With an INS the birth name is required; without, any name the document gives is accepted (cda.md §4.3).
void check_identity(const subject& what, report& out)  // C04
{
    const patient& who = what.head().patient;
    const std::string prefix = "recordTarget/patientRole/";
    const bool usable_id = std::any_of(who.ids.begin(), who.ids.end(),
                                       [](const patient_id& id) { return !id.root.empty() && !id.extension.empty(); });
    if (!usable_id) out.block(prefix + "id", "aucun identifiant de patient");
    const bool has_ins = who.ins() != nullptr;
    if (has_ins ? who.birth_family.empty() : who.family_to_show().empty()) {
        out.block(prefix + "patient/name/family", "nom de naissance absent");
    }
    if (has_ins ? who.birth_given.empty() : who.given_to_show().empty()) {
        out.block(prefix + "patient/name/given", "premier prénom absent");
    }
    check_birth_date(who, what.options, out);
    const std::string& gender = who.gender.reveal();
    if (gender.empty()) {
        out.block(prefix + "patient/administrativeGenderCode", "sexe absent");
    } else if (gender != "F" && gender != "M" && gender != "UN") {
        out.warn(prefix + "patient/administrativeGenderCode", "code de sexe hors de la liste F, M, UN");
    }
}

void check_version(const subject& what, report& out)  // T03
{
    const header& head = what.head();
    const bool replaced_self = head.replaces && *head.replaces == head.id;
    if (!head.version || *head.version == 0) out.warn("versionNumber", "numéro de version absent ou nul");
    if (replaced_self) out.warn("relatedDocument", "le document dit se remplacer lui-même");
    if (head.version && (*head.version > 1) != head.replaces.has_value()) {
        out.warn("relatedDocument", "numéro de version et document remplacé ne concordent pas");
    }
}

void check_test_identity(const subject& what, report& out)  // T08
{
    if (what.options.environment != site_environment::production) return;
    for (const patient_id& id : what.head().patient.ids) {
        if (is_ins_root(id.root) && !is_ins_production_root(id.root)) {
            out.block("recordTarget/patientRole/id", "INS de test ou de démonstration en production");
        }
    }
}

struct check {
    std::string_view id;
    void (*run)(const subject&, report&);
};

constexpr std::array checks = {
    check{"C01", check_readable}, check{"C03", check_signed},        check{"C04", check_identity},
    check{"T03", check_version},  check{"T08", check_test_identity},
};
}

std::vector<finding> check_document(const cda_document& document, const cda_result<std::string>& content,
                                    const check_options& options)
{
    std::vector<finding> all;
    const subject what{document, content, options};
    for (const check& one : checks) {
        report out(one.id, all);
        one.run(what, out);
    }
    return all;
}

finding finding_of(const cda_error& error)
{
    return {"T01", level::block, error.field, error.text};
}

bool blocks(const std::vector<finding>& findings) noexcept
{
    return std::any_of(findings.begin(), findings.end(), [](const finding& one) { return one.level == level::block; });
}
}
