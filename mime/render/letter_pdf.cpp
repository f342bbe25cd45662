#include "mime/render/letter_pdf.hpp"

#include <algorithm>

#include "mime/render/flow.hpp"
#include "mime/render/measures.hpp"
#include "mime/text/charset.hpp"

namespace mime::render {
namespace {
constexpr std::string_view cut_notice =
    "La suite de ce document n'est pas reproduite ici : il est trop long pour ce PDF. Le document complet est dans la "
    "pièce jointe IHE_XDM.zip.";

void add_part(std::string& line, std::string_view part, std::string_view separator = ", ")
{
    if (part.empty()) return;
    if (!line.empty()) line += separator;
    line += part;
}

std::string shown_name(const cda::person_name& name)
{
    std::string out;
    add_part(out, name.prefix, " ");
    add_part(out, name.suffix, " ");
    add_part(out, name.given, " ");
    add_part(out, name.family, " ");
    return out;
}

std::string shown_phone(const std::vector<cda::telecom>& telecoms)
{
    for (const cda::telecom& one : telecoms)
        if (one.value.starts_with("tel:")) return "tél. " + one.value.substr(4);
    return {};
}

std::string shown_person(const cda::professional& who)
{
    std::string out = shown_name(who.name);
    if (who.made_by) add_part(out, who.made_by->software);
    add_part(out, who.speciality.label);
    add_part(out, who.place.name);
    add_part(out, shown_phone(who.telecoms));
    return out;
}

// Of a structured document, or of an N1 that is plain text: a paragraph for each line.
cda::narrative_sequence narrative_of(const cda::cda_document& document, const cda::narrative_limits& limits)
{
    if (document.body().kind == cda::body_kind::structured) return cda::narrative_blocks(document, limits);
    cda::narrative_sequence out;
    auto text = cda::extract_body(document);
    if (!text.has_value() || document.body().media_type != "text/plain") return out;
    if (!is_utf8(*text)) *text = latin9_to_utf8(*text);
    out.cut = text->size() > limits.max_text_octets;
    std::string_view rest = std::string_view(*text).substr(0, limits.max_text_octets);
    while (!rest.empty() && out.blocks.size() < limits.max_blocks) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        if (end > 0) out.blocks.push_back({cda::block_kind::paragraph, 0, {}, std::string(rest.substr(0, end))});
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    out.cut = out.cut || !rest.empty();
    return out;
}

class letter_layout {
public:
    letter_layout(const cda::cda_document& document, const mime::zone& zone, const render_limits& limits)
        : header_(document.header()),
          zone_(zone),
          narrative_(narrative_of(document, limits.narrative)),
          pdf_({title(), header_.language.empty() ? "fr-FR" : header_.language, created()}),
          flow_(pdf_, limits.max_pages)
    {
    }

    std::string run()
    {
        head();
        for (const cda::narrative_block& block : narrative_.blocks) add(block);
        if (narrative_.cut || flow_.is_full()) {
            flow_.last_page();
            flow_.paragraph(cut_notice);
        }
        feet();
        return pdf_.finish();
    }

private:
    [[nodiscard]] std::string title() const { return header_.title.empty() ? header_.type.label : header_.title; }

    [[nodiscard]] std::string created() const
    {
        return header_.effective_time ? format_utc(to_utc(*header_.effective_time, zone_).at) : std::string();
    }

    [[nodiscard]] std::string shown(const std::optional<timestamp>& at) const
    {
        if (!at) return {};
        const auto when = to_utc(*at, zone_);
        return format_local(
            when.at, zone_,
            when.detail == time_detail::date_only ? local_format::date_text : local_format::date_time_text);
    }

    [[nodiscard]] std::string birth() const
    {
        const auto at = shown(read_timestamp(header_.patient.birth_date.reveal()));
        const std::string& sex = header_.patient.gender.reveal();
        return at.empty() ? at : (sex == "F" ? "née le " : sex == "M" ? "né le " : "né(e) le ") + at;
    }

    [[nodiscard]] std::string patient_name() const
    {
        const cda::patient& who = header_.patient;
        std::string out = who.family_to_show().reveal();
        add_part(out, who.given_list.empty() ? who.given_to_show().reveal() : who.given_list.reveal(), " ");
        return out;
    }

    [[nodiscard]] std::string patient() const
    {
        const cda::patient& who = header_.patient;
        std::string out = patient_name();
        if (!who.used_family.empty() && who.used_family != who.birth_family)
            add_part(out, "nom utilisé " + who.used_family.reveal());
        add_part(out, birth());
        if (who.gender.reveal() == "F") add_part(out, "sexe féminin");
        if (who.gender.reveal() == "M") add_part(out, "sexe masculin");
        return out;
    }

    [[nodiscard]] std::string stay() const
    {
        if (!header_.encounter) return {};
        std::string out;
        if (const std::string from = shown(header_.encounter->when.low); !from.empty()) out += "du " + from;
        if (const std::string to = shown(header_.encounter->when.high); !to.empty()) add_part(out, "au " + to, " ");
        add_part(out, header_.encounter->facility_name);
        return out;
    }

    void head()
    {
        flow_.heading(1, title());
        if (header_.type.label != title()) flow_.labelled("Type", header_.type.label);
        flow_.labelled("Date du document", shown(header_.effective_time));
        flow_.labelled("Patient", patient());
        if (const cda::patient_id* ins = header_.patient.ins())
            flow_.labelled("Matricule INS", ins->extension.reveal());
        flow_.labelled("Séjour", stay());
        for (const cda::professional& author : header_.authors) flow_.labelled("Auteur", shown_person(author));
        flow_.labelled("Établissement", std::string(header_.author_organisation_name()));
        if (header_.legal_authenticator) {
            std::string signed_by = shown_person(*header_.legal_authenticator);
            if (const std::string at = shown(header_.legal_authenticator->at); !at.empty())
                add_part(signed_by, "le " + at);
            flow_.labelled("Signataire", signed_by);
        }
        if (const cda::participant* doctor = header_.treating_doctor())
            flow_.labelled("Médecin traitant", shown_person(doctor->who));
        for (const cda::recipient& one : header_.recipients) {
            std::string to = shown_name(one.name);
            add_part(to, one.place.name);
            flow_.labelled("Destinataire", to);
        }
        if (header_.replaces) flow_.labelled("Version", "annule et remplace la version précédente");
        flow_.rule();
    }

    void add(const cda::narrative_block& block)
    {
        switch (block.kind) {
            case cda::block_kind::heading: flow_.heading(block.level + 1, block.text); break;
            case cda::block_kind::paragraph: flow_.paragraph(block.text); break;
            case cda::block_kind::item: flow_.item(block.level, block.marker, block.text); break;
            case cda::block_kind::table: flow_.table(block.table); break;
        }
    }

    // On paper every page says whose it is and how many there are.
    void feet()
    {
        std::string whose = patient_name();
        add_part(whose, birth());
        while (text_width(whose, font_weight::regular, foot_size) > measure - 80) {
            whose.pop_back();
            while (!whose.empty() && (static_cast<unsigned char>(whose.back()) & 0xC0U) == 0x80U) whose.pop_back();
        }
        for (std::size_t i = 0; i < pdf_.pages(); ++i) {
            pdf_.draw_on(i);
            const std::string number = "page " + std::to_string(i + 1) + " / " + std::to_string(pdf_.pages());
            pdf_.artifact_text(margin, margin - 6, foot_size, font_weight::regular, whose);
            pdf_.artifact_text(page_width - margin - text_width(number, font_weight::regular, foot_size), margin - 6,
                               foot_size, font_weight::regular, number);
        }
    }

    const cda::header& header_;
    const mime::zone& zone_;
    cda::narrative_sequence narrative_;
    pdf_writer pdf_;
    flow flow_;
};
}

std::string letter_pdf(const cda::cda_document& document, const mime::zone& zone, const render_limits& limits)
{
    return letter_layout(document, zone, limits).run();
}
}
