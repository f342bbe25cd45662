#include "mime/render/sheet_pdf.hpp"

#include "mime/render/flow.hpp"
#include "mime/render/measures.hpp"

namespace mime::render {
namespace {
void add(flow& to, const cda::narrative_block& block)
{
    switch (block.kind) {
        case cda::block_kind::heading: to.heading(block.level, block.text); break;
        case cda::block_kind::paragraph: to.paragraph(block.text); break;
        case cda::block_kind::item: to.item(block.level, block.marker, block.text); break;
        case cda::block_kind::table: to.table(block.table); break;
    }
}

void draw_feet(pdf_writer& pdf, std::string_view foot)
{
    for (std::size_t i = 0; i < pdf.pages(); ++i) {
        pdf.draw_on(i);
        const std::string number = "page " + std::to_string(i + 1) + " / " + std::to_string(pdf.pages());
        pdf.artifact_text(margin, margin - 6, foot_size, font_weight::regular, foot);
        pdf.artifact_text(page_width - margin - text_width(number, font_weight::regular, foot_size), margin - 6,
                          foot_size, font_weight::regular, number);
    }
}
}

std::string sheet_pdf(const sheet& from, std::size_t max_pages)
{
    pdf_writer pdf({from.title, "fr-FR", from.created});
    flow page(pdf, max_pages);
    for (const cda::narrative_block& block : from.blocks) add(page, block);
    if (page.is_full()) {
        page.last_page();
        page.paragraph("La suite n'est pas imprimée : le document dépasse " + std::to_string(max_pages) + " pages.");
    }
    draw_feet(pdf, from.foot);
    return pdf.finish();
}
}
