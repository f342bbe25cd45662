#include "mime/message/letter_body.hpp"

namespace mime::message {
namespace {
constexpr std::size_t line_characters = 78;

bool is_lead(char c) noexcept
{
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

std::size_t characters(std::string_view utf8) noexcept
{
    std::size_t count = 0;
    for (const char c : utf8) count += is_lead(c) ? 1U : 0U;
    return count;
}

// Octets of the first `count` characters.
std::size_t octets_of(std::string_view utf8, std::size_t count) noexcept
{
    std::size_t at = 0;
    while (at < utf8.size()) {
        if (is_lead(utf8[at]) && count-- == 0) break;
        ++at;
    }
    return at;
}

void wrap_line(std::string& out, std::string_view line, std::size_t max)
{
    while (characters(line) > max) {
        const std::size_t limit = octets_of(line, max);
        const auto blank = line.substr(0, limit + 1).rfind(' ');
        const bool at_blank = blank != std::string_view::npos && blank > 0;
        out.append(line.substr(0, at_blank ? blank : limit)) += '\n';
        line.remove_prefix(at_blank ? blank + 1 : limit);
    }
    out.append(line) += '\n';
}

std::string patient_line(const letter_body_input& in)
{
    std::string out = in.birth_name.reveal();
    if (!in.used_name.empty() && in.used_name != in.birth_name)
        out += out.empty() ? in.used_name.reveal() : " (nom utilisé : " + in.used_name.reveal() + ')';
    if (!in.given_names.empty()) out += (out.empty() ? "" : " ") + in.given_names.reveal();
    return out;
}

std::string birth_line(const letter_body_input& in)
{
    if (in.birth_date.empty()) return {};
    const std::string& sex = in.sex.reveal();
    return in.birth_date.reveal() + (sex == "F" ? " (sexe féminin)" : sex == "M" ? " (sexe masculin)" : "");
}

std::string status_text(const letter_body_input& in)
{
    switch (in.status) {
        case letter_status::final_version: return "document définitif";
        case letter_status::provisional: return "document PROVISOIRE, une version définitive suivra";
        case letter_status::replacement: return "document définitif, annule et remplace la version précédente";
        case letter_status::complement: return "document définitif, complète un envoi précédent";
        case letter_status::deletion: return "document à supprimer";
    }
    return {};
}

// domain.md §9: a replacement or complement says so in line 1.
std::string first_line(const letter_body_input& in)
{
    if (in.text_is_given) return {};
    const std::string of_date = in.replaced_date.empty() ? "" : " du " + in.replaced_date.reveal();
    const bool many = in.documents > 1;
    switch (in.status) {
        case letter_status::replacement:
            return (many ? "CES DOCUMENTS ANNULENT ET REMPLACENT" : "CE DOCUMENT ANNULE ET REMPLACE") +
                   std::string(" LA VERSION PRÉCÉDENTE") + of_date + ".";
        case letter_status::complement: return "CE DOCUMENT COMPLÈTE NOTRE ENVOI" + of_date + ".";
        case letter_status::deletion:
            return (many ? "LES DOCUMENTS JOINTS" : "LE DOCUMENT JOINT") + of_date +
                   (many ? " DOIVENT ÊTRE SUPPRIMÉS" : " DOIT ÊTRE SUPPRIMÉ") + " DE VOTRE DOSSIER.";
        case letter_status::final_version:
        case letter_status::provisional: break;
    }
    return {};
}

std::string stay_line(const letter_body_input& in)
{
    if (in.stay_from.empty() && in.stay_to.empty()) return {};
    if (in.stay_from.empty()) return "sortie le " + in.stay_to.reveal();
    if (in.stay_to.empty()) return "entrée le " + in.stay_from.reveal();
    return "du " + in.stay_from.reveal() + " au " + in.stay_to.reveal();
}

std::string service_line(const letter_body_input& in)
{
    if (in.service.empty() || in.establishment.empty()) return in.service + in.establishment;
    return in.service + ", " + in.establishment;
}

std::string joined(const std::vector<std::string>& names)
{
    std::string out;
    for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

class body_writer {
public:
    void line(std::string_view text) { wrap_line(out_, text, line_characters); }
    void field(std::string_view label, std::string_view value)
    {
        if (value.empty()) return;
        std::string flat(value);
        for (char& c : flat)
            if (c == '\r' || c == '\n' || c == '\t') c = ' ';
        const std::size_t width = 17;
        std::string text(label);
        text.append(characters(label) < width ? width - characters(label) : 1, ' ');
        line(text.append(": ").append(flat));
    }
    void blank() { out_ += '\n'; }
    void text(std::string_view utf8) { out_ += wrap_text(utf8, line_characters); }
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    std::string out_;
};
}

std::string wrap_text(std::string_view utf8, std::size_t max_characters)
{
    std::string out;
    while (!utf8.empty()) {
        const auto end = utf8.find_first_of("\r\n");
        wrap_line(out, utf8.substr(0, end), max_characters == 0 ? 1 : max_characters);
        if (end == std::string_view::npos) break;
        utf8.remove_prefix(end + (utf8.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    return out;
}

patient_text write_letter_body(const letter_body_input& input)
{
    body_writer out;
    if (const std::string first = first_line(input); !first.empty()) {
        out.line(first);
        out.blank();
    }
    out.field("Patient", patient_line(input));
    out.field("Né(e) le", birth_line(input));
    out.field("Document", input.document_type);
    out.field("Statut", status_text(input));
    out.field("Séjour", stay_line(input));
    out.field("Service", service_line(input));
    out.field("Signataire", input.signatory);
    out.field("Ligne directe", input.phone);
    out.field("Copie à", joined(input.copies_to));
    if (!input.text.empty()) {
        out.blank();
        out.text(input.text.reveal());
    }
    if (!input.attachment_names.empty()) {
        out.blank();
        out.line("Pièces jointes :");
        for (const auto& name : input.attachment_names) out.line("- " + name.reveal());
    }
    return patient_text(out.take());
}
}
