#include "mime/render/pdf_writer.hpp"

#include <algorithm>

#include "mime/render/characters.hpp"
#include "mime/render/pdf_metadata.hpp"
#include "mime/render/pdf_objects.hpp"
#include "mime/text/digest.hpp"

namespace mime::render {
namespace {
constexpr std::size_t font_objects = 5;  // the font, its descendant, descriptor, file and Unicode map

std::string unicode_map(const std::vector<char32_t>& characters)
{
    std::string out =
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n"
        "1 begincodespacerange <0000> <FFFF> endcodespacerange\n";
    constexpr std::size_t at_once = 100;  // of one bfchar (ISO 32000-1 §9.10.3)
    for (std::size_t from = 0; from < characters.size(); from += at_once) {
        const std::size_t to = std::min(characters.size(), from + at_once);
        out += std::to_string(to - from) + " beginbfchar\n";
        for (std::size_t cid = from; cid < to; ++cid) {
            const char32_t c = characters[cid];
            out += "<" + hex16(static_cast<unsigned>(cid)) + "> <";
            if (c >= 0x10000) out += hex16(static_cast<unsigned>(0xD800 + ((c - 0x10000) >> 10U)));
            out += hex16(static_cast<unsigned>(c >= 0x10000 ? 0xDC00 + ((c - 0x10000) & 0x3FFU) : c)) + ">\n";
        }
        out += "endbfchar\n";
    }
    return out + "endcmap CMapName currentdict /CMap defineresource pop end end";
}

// Six capitals that tell one subset from another (ISO 32000-1 §9.6.4).
std::string subset_tag(std::string_view file)
{
    const auto digest = sha256(file);
    std::string tag;
    for (std::size_t i = 0; i < 6; ++i) tag += static_cast<char>('A' + digest[i] % 26);
    return tag;
}
}

double text_width(std::string_view text, font_weight weight, double size)
{
    const truetype_font& font = embedded_font(weight);
    unsigned thousandths = 0;
    while (!text.empty())
        if (const auto sign = drawn_as(font, take_character(text))) thousandths += font.advance_of(sign->glyph);
    return thousandths * size / 1000;
}

pdf_writer::pdf_writer(pdf_facts facts) : facts_(std::move(facts))
{
    nodes_.push_back({"Document", {}, document, {}});
}

pdf_writer::element pdf_writer::add(element parent, std::string_view type, std::string_view attributes)
{
    nodes_.push_back({std::string(type), std::string(attributes), parent, {}});
    nodes_[parent].kids.push_back({true, 0, nodes_.size() - 1});
    return nodes_.size() - 1;
}

pdf_writer::page pdf_writer::add_page()
{
    pages_.emplace_back();
    current_ = pages_.size() - 1;
    return current_;
}

void pdf_writer::show(double x, double baseline, double size, font_weight weight, std::string_view utf8)
{
    const truetype_font& font = embedded_font(weight);
    used_font& used = fonts_[weight == font_weight::bold ? 1 : 0];
    std::string codes;
    while (!utf8.empty()) {
        const auto sign = drawn_as(font, take_character(utf8));
        if (!sign) continue;
        const auto [at, is_new] = used.numbers.emplace(sign->character, static_cast<std::uint16_t>(used.glyphs.size()));
        if (is_new) {
            used.glyphs.push_back(sign->glyph);
            used.characters.push_back(sign->character);
        }
        codes += hex16(at->second);
    }
    pages_[current_].content += "BT /F" + std::string(weight == font_weight::bold ? "2 " : "1 ") + number_text(size) +
                                " Tf " + number_text(x) + " " + number_text(baseline) + " Td <" + codes + "> Tj ET\n";
}

void pdf_writer::text(element of, double x, double baseline, double size, font_weight weight, std::string_view utf8)
{
    sheet& on = pages_[current_];
    if (on.open != of) {
        end_mark(on);
        on.content += "/" + nodes_[of].type + " <</MCID " + std::to_string(on.marks.size()) + ">> BDC\n";
        nodes_[of].kids.push_back({false, current_, on.marks.size()});
        on.marks.push_back(of);
        on.open = of;
    }
    show(x, baseline, size, weight, utf8);
}

void pdf_writer::end_mark(sheet& on)
{
    if (on.open) on.content += "EMC\n";
    on.open.reset();
}

std::string& pdf_writer::artifact()
{
    end_mark(pages_[current_]);
    return pages_[current_].content.append("/Artifact BMC\n");
}

void pdf_writer::artifact_text(double x, double baseline, double size, font_weight weight, std::string_view utf8)
{
    artifact();
    show(x, baseline, size, weight, utf8);
    pages_[current_].content += "EMC\n";
}

void pdf_writer::artifact_box(double x, double y, double width, double height)
{
    artifact() += "0.6 G 0.5 w " + number_text(x) + " " + number_text(y) + " " + number_text(width) + " " +
                  number_text(height) + " re S\nEMC\n";
}

void pdf_writer::artifact_line(double x, double y, double width)
{
    artifact() += "0.6 G 0.5 w " + number_text(x) + " " + number_text(y) + " m " + number_text(x + width) + " " +
                  number_text(y) + " l S\nEMC\n";
}

void pdf_writer::write_font(pdf_objects& out, std::size_t first, font_weight weight) const
{
    const used_font& used = fonts_[weight == font_weight::bold ? 1 : 0];
    const truetype_font& font = embedded_font(weight);
    const std::string file = font.subset(used.glyphs);
    const std::string name =
        "/" + subset_tag(file) + (weight == font_weight::bold ? "+DejaVuSans-Bold" : "+DejaVuSans");
    const auto& about = font.about();
    std::string widths;
    for (const std::uint16_t glyph : used.glyphs) widths += std::to_string(font.advance_of(glyph)) + " ";
    std::string box;
    for (const int side : about.box) box += std::to_string(side) + " ";
    out.set(first, "<< /Type /Font /Subtype /Type0 /BaseFont " + name + " /Encoding /Identity-H /DescendantFonts [" +
                       reference(first + 1) + "] /ToUnicode " + reference(first + 4) + " >>");
    out.set(first + 1, "<< /Type /Font /Subtype /CIDFontType2 /BaseFont " + name +
                           " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
                           "/CIDToGIDMap /Identity /FontDescriptor " +
                           reference(first + 2) + " /W [0 [" + widths + "]] >>");
    out.set(first + 2, "<< /Type /FontDescriptor /FontName " + name + " /Flags 4 /FontBBox [" + box +
                           "] /ItalicAngle 0 /Ascent " + std::to_string(about.ascent) + " /Descent " +
                           std::to_string(about.descent) + " /CapHeight 729 /StemV " +
                           (weight == font_weight::bold ? "140" : "80") + " /FontFile2 " + reference(first + 3) +
                           " >>");
    out.set_deflated(first + 3, "/Length1 " + std::to_string(file.size()), file);
    out.set_deflated(first + 4, "", unicode_map(used.characters));
}

void pdf_writer::write_structure(pdf_objects& out, std::size_t root, std::size_t first_page) const
{
    const std::size_t first = root + 2;  // after the root and the parent tree
    const auto mark = [&](const kid& k) {
        return "<< /Type /MCR /Pg " + reference(first_page + 2 * k.page) + " /MCID " + std::to_string(k.number) +
               " >> ";
    };
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const node& one = nodes_[i];
        std::string body = "<< /Type /StructElem /S /" + one.type + " /P " +
                           reference(i == document ? root : first + one.parent) + " /K [";
        for (const kid& k : one.kids) body += k.is_element ? reference(first + k.number) + " " : mark(k);
        body += "]";
        if (!one.attributes.empty()) body += " /A << " + one.attributes + " >>";
        out.set(first + i, body + " >>");
    }
    std::string parents = "<< /Nums [";
    for (std::size_t i = 0; i < pages_.size(); ++i) {
        parents += std::to_string(i) + " [";
        for (const element of : pages_[i].marks) parents += reference(first + of) + " ";
        parents += "] ";
    }
    out.set(root + 1, parents + "] >>");
    out.set(root, "<< /Type /StructTreeRoot /K [" + reference(first) + "] /ParentTree " + reference(root + 1) +
                      " /ParentTreeNextKey " + std::to_string(pages_.size()) + " >>");
}

void pdf_writer::write_pages(pdf_objects& out, std::size_t list, std::size_t fonts, std::size_t first) const
{
    std::string kids;
    for (std::size_t i = 0; i < pages_.size(); ++i) {
        const std::size_t number = first + 2 * i;
        kids += reference(number) + " ";
        out.set(number, "<< /Type /Page /Parent " + reference(list) + " /MediaBox [0 0 " + number_text(page_width) +
                            " " + number_text(page_height) + "] /Resources << /Font << /F1 " + reference(fonts) +
                            " /F2 " + reference(fonts + font_objects) + " >> >> /Contents " + reference(number + 1) +
                            " /StructParents " + std::to_string(i) + " /Tabs /S >>");
        out.set_deflated(number + 1, "", pages_[i].content);
    }
    out.set(list, "<< /Type /Pages /Kids [" + kids + "] /Count " + std::to_string(pages_.size()) + " >>");
}

std::string pdf_writer::finish()
{
    for (sheet& one : pages_) end_mark(one);
    pdf_objects out;
    const auto reserve = [&out](std::size_t count) {
        const std::size_t first = out.reserve();
        for (std::size_t i = 1; i < count; ++i) (void)out.reserve();
        return first;
    };
    const std::size_t catalog = reserve(1), info = reserve(1), list = reserve(1), metadata = reserve(1);
    const std::size_t profile = reserve(1), fonts = reserve(2 * font_objects), first = reserve(2 * pages_.size());
    const std::size_t structure = reserve(2 + nodes_.size());
    out.set(catalog, "<< /Type /Catalog /Pages " + reference(list) + " /Lang " + text_string(facts_.language) +
                         " /MarkInfo << /Marked true >> /StructTreeRoot " + reference(structure) + " /Metadata " +
                         reference(metadata) +
                         " /ViewerPreferences << /DisplayDocTitle true >> /OutputIntents [<< /Type /OutputIntent "
                         "/S /GTS_PDFA1 /OutputConditionIdentifier (Grey 2.2) /Info (Grey 2.2) /DestOutputProfile " +
                         reference(profile) + " >>] >>");
    out.set(info, "<< /Title " + text_string(facts_.title) + " /Producer (" + std::string(producer) + ")" +
                      (facts_.created.empty() ? "" : " /CreationDate (D:" + facts_.created + "Z)") + " >>");
    out.set_stream(metadata, "/Type /Metadata /Subtype /XML", xmp(facts_));
    out.set_deflated(profile, "/N 1", grey_profile());
    write_font(out, fonts, font_weight::regular);
    write_font(out, fonts + font_objects, font_weight::bold);
    write_pages(out, list, fonts, first);
    write_structure(out, structure, first);
    return out.finish(catalog, info);
}
}
