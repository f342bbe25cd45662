#include <algorithm>
#include <array>
#include <string>

#include "mime/cda/check_rules.hpp"
#include "mime/cda/document_types.hpp"
#include "mime/cda/identifiers.hpp"
#include "mime/cda/pdf.hpp"
#include "mime/text/charset.hpp"

namespace mime::cda::detail {
namespace {
constexpr const char* text_field = "component/nonXMLBody/text";
constexpr const char* media_field = "component/nonXMLBody/text@mediaType";
constexpr std::string_view france_template = "2.16.840.1.113883.2.8.2.1";
constexpr std::string_view ci_sis_template = "1.2.250.1.213.1.1.1.1";

void check_pdf(std::string_view bytes, check_report& out)
{
    const pdf_facts facts = look_at_pdf(bytes);
    if (!facts.has_header) return out.block(text_field, "le contenu annoncé comme PDF n'en est pas un");
    if (!facts.has_end_mark) out.block(text_field, "PDF tronqué : marque de fin absente");
    if (facts.is_encrypted) out.block(text_field, "PDF chiffré, illisible pour le destinataire");
    if (facts.has_active_content) out.warn(text_field, "PDF avec contenu actif ou fichiers joints");
}

bool looks_like(std::string_view media_type, std::string_view bytes)
{
    if (media_type == "text/plain") return is_utf8(bytes) && bytes.find('\0') == std::string_view::npos;
    if (media_type == "text/rtf" || media_type == "application/rtf") return bytes.starts_with("{\\rtf");
    if (media_type == "image/jpeg") return bytes.starts_with("\xFF\xD8\xFF");
    if (media_type == "image/tiff") {
        return bytes.starts_with(std::string_view("II*\0", 4)) || bytes.starts_with(std::string_view("MM\0*", 4));
    }
    return false;
}

bool is_known_media_type(std::string_view media_type)
{
    constexpr std::array<std::string_view, 5> known = {"text/plain", "text/rtf", "application/rtf", "image/jpeg",
                                                       "image/tiff"};
    return std::find(known.begin(), known.end(), media_type) != known.end();
}

void check_n1(const check_subject& what, check_report& out)
{
    if (!what.content) return out.block(what.content.error().field, what.content.error().text);
    const body& content = what.document.body();
    const bool pdf = content.media_type == "application/pdf";
    if (content.media_type.empty()) {
        out.warn(media_field, "type du contenu absent, reconnu par ses premiers octets");
    }
    if (content.representation != "B64" && pdf) {
        out.warn("component/nonXMLBody/text@representation", "représentation B64 non déclarée");
    }
    if (pdf || content.media_type.empty()) return check_pdf(*what.content, out);
    if (!is_known_media_type(content.media_type)) return out.block(media_field, "type de contenu inconnu");
    if (content.media_type != "text/plain") out.warn(media_field, "type de contenu autre que PDF ou texte");
    if (!looks_like(content.media_type, *what.content)) out.block(text_field, "le contenu n'est pas du type annoncé");
}

bool has_template(const header& head, std::string_view root)
{
    return std::any_of(head.templates.begin(), head.templates.end(),
                       [&](const template_id& one) { return one.root == root; });
}
}

void check_content(const check_subject& what, check_report& out)
{
    if (!is_listed_type(what.head().type)) out.warn("code", "type de document hors de la liste JDV_J07");
    if (what.is_n1()) return check_n1(what, out);
    const auto& sections = what.sections.sections;
    if (std::none_of(sections.begin(), sections.end(), [](const section_facts& one) { return one.has_text(); })) {
        out.block("component/structuredBody", "aucune section avec un texte lisible");
    }
}

void check_templates(const check_subject& what, check_report& out)
{
    const header& head = what.head();
    for (const std::string_view root : {france_template, ci_sis_template}) {
        if (!has_template(head, root)) out.warn("templateId", "modèle national absent : " + std::string(root));
    }
    const bool n1_template = has_template(head, oid::n1_pdf_template);
    if (!what.is_n1()) {
        if (n1_template) out.warn("templateId", "modèle de document non structuré sur un corps structuré");
        return;
    }
    if (!n1_template) out.warn("templateId", "modèle de document non structuré absent");
    if (n1_template && head.templates.size() > 3) out.warn("templateId", "modèle de trop sur un corps non structuré");
}

void check_references(const check_subject& what, check_report& out)
{
    if (what.is_n1()) return out.not_applicable();
    if (what.sections.broken_references > 0) {
        out.warn("structuredBody/reference@value",
                 "renvois sans texte correspondant : " + std::to_string(what.sections.broken_references));
    } else if (!what.sections.complete) {
        out.not_assessable();
    }
}
}
