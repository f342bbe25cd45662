#include "mime/cda/narrative_blocks.hpp"

#include <algorithm>

#include "mime/cda/xml_tree.hpp"
#include "mime/text/cursor.hpp"

namespace mime::cda {
namespace {
using detail::is_one_of;
using detail::local_name;

void end_line(std::string& out)
{
    while (!out.empty() && out.back() == ' ') out.pop_back();
    if (!out.empty() && out.back() != '\n') out += '\n';
}

void append_run(std::string& out, std::string_view text)
{
    for (const char c : text) {
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            out += c;
        } else if (!out.empty() && out.back() != ' ' && out.back() != '\n') {
            out += ' ';
        }
    }
}

std::string trimmed(std::string text)
{
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.pop_back();
    return text;
}

std::size_t span_of(const pugi::xml_node& cell, const char* name)
{
    const std::string text = detail::attribute(cell, name);
    cursor in(text);
    const auto read = in.accept_number(1, 4);
    return read && in.at_end() && *read > 0 ? static_cast<std::size_t>(*read) : 1;
}

constexpr std::string_view image_notice = "[image du document, non reproduite ici]";

class sequence_reader {
public:
    explicit sequence_reader(const narrative_limits& limits) : limits_(limits) {}

    // Depth is capped by the scan of the XML.
    void sections(const pugi::xml_node& parent, std::size_t level)
    {
        detail::each(parent, "component", [&](const pugi::xml_node& component) {
            const pugi::xml_node section = detail::child(component, "section");
            if (!section || out_.cut) return;
            if (std::string title = detail::text_of(detail::child(section, "title")); !title.empty())
                add({block_kind::heading, level, {}, std::move(title)});
            flow(detail::child(section, "text"), 0);
            end_paragraph();
            sections(section, level + 1);
        });
    }

    narrative_sequence take() { return std::move(out_); }

private:
    void add(narrative_block block)
    {
        if (out_.blocks.size() == limits_.max_blocks) {
            out_.cut = true;
            return;
        }
        const std::size_t left = limits_.max_text_octets - std::min(octets_, limits_.max_text_octets);
        if (block.text.size() > left) {
            out_.cut = true;
            std::size_t end = left;
            while (end > 0 && (static_cast<unsigned char>(block.text[end]) & 0xC0U) == 0x80U) --end;
            block.text.resize(end);  // not inside a character
        }
        octets_ += block.text.size();
        out_.blocks.push_back(std::move(block));
    }

    void end_paragraph()
    {
        std::string text = trimmed(std::move(paragraph_));
        paragraph_.clear();
        if (!text.empty()) add({block_kind::paragraph, 0, {}, std::move(text)});
    }

    // Inline text gathers in paragraph_ until a block begins or ends.
    void flow(const pugi::xml_node& parent, std::size_t list_level)
    {
        for (const pugi::xml_node node : parent.children()) {
            if (out_.cut) return;
            if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata)
                append_run(paragraph_, node.value());
            if (node.type() != pugi::node_element) continue;
            const std::string_view name = local_name(node);
            if (name == "br") {
                end_line(paragraph_);
            } else if (name == "list") {
                end_paragraph();
                list(node, list_level + 1);
            } else if (name == "table") {
                end_paragraph();
                table(node);
            } else if (is_one_of(name, {"paragraph", "caption"})) {
                end_paragraph();
                flow(node, list_level);
                end_paragraph();
            } else if (name == "renderMultiMedia") {
                end_paragraph();
                add({block_kind::paragraph, 0, {}, std::string(image_notice)});
            } else {
                flow(node, list_level);  // content, sub, sup, linkHtml, footnote: their text
            }
        }
    }

    void list(const pugi::xml_node& node, std::size_t level)
    {
        const bool ordered = detail::attribute(node, "listType") == "ordered";
        std::size_t number = 0;
        for (const pugi::xml_node part : node.children()) {
            if (out_.cut) return;
            const std::string_view name = local_name(part);
            if (name == "caption") {
                flow(part, level);
                end_paragraph();
            } else if (name == "item") {
                item(part, level, ordered ? std::to_string(++number) + "." : "•");
            }
        }
    }

    // The first paragraph of an item stands beside its marker; what follows are blocks of their own.
    void item(const pugi::xml_node& node, std::size_t level, std::string marker)
    {
        const std::size_t at = out_.blocks.size();
        flow(node, level);
        end_paragraph();
        if (out_.blocks.size() > at && out_.blocks[at].kind == block_kind::paragraph) {
            out_.blocks[at].kind = block_kind::item;
        } else if (!out_.cut) {
            add({block_kind::item, level, marker, {}});
            if (out_.cut) return;
            std::rotate(out_.blocks.begin() + static_cast<std::ptrdiff_t>(at), out_.blocks.end() - 1,
                        out_.blocks.end());
        } else {
            return;
        }
        out_.blocks[at].level = level;
        out_.blocks[at].marker = std::move(marker);
    }

    void table(const pugi::xml_node& node)
    {
        narrative_block block{block_kind::table, 0, {}, {}};
        block.table.caption = detail::text_of(detail::child(node, "caption"));
        octets_ += block.table.caption.size();
        for (const std::string_view part : {"thead", "tbody", "tfoot"}) {
            detail::each(node, part, [&](const pugi::xml_node& group) { rows(group, block.table); });
            if (part == "thead") block.table.head_rows = block.table.rows.size();
        }
        rows(node, block.table);  // rows without tbody
        if (!block.table.rows.empty()) add(std::move(block));
    }

    void rows(const pugi::xml_node& group, narrative_table& into)
    {
        detail::each(group, "tr", [&](const pugi::xml_node& line) {
            if (out_.cut) return;
            narrative_row row;
            std::size_t columns = 0;
            for (const pugi::xml_node part : line.children()) {
                const std::string_view name = local_name(part);
                if (!is_one_of(name, {"td", "th"})) continue;
                narrative_cell cell{cell_text(part), span_of(part, "colspan"), span_of(part, "rowspan"), name == "th"};
                columns += cell.columns;
                octets_ += cell.text.size();
                row.cells.push_back(std::move(cell));
                if (columns > limits_.max_columns) out_.cut = true;
            }
            if (++rows_ > limits_.max_rows || octets_ > limits_.max_text_octets) out_.cut = true;
            if (!out_.cut) into.rows.push_back(std::move(row));
        });
    }

    // Everything inside a cell as lines, lists and inner tables too.
    std::string cell_text(const pugi::xml_node& cell)
    {
        std::string out;
        cell_lines(cell, out);
        return trimmed(std::move(out));
    }

    void cell_lines(const pugi::xml_node& parent, std::string& out)
    {
        for (const pugi::xml_node node : parent.children()) {
            if (out.size() > limits_.max_text_octets) return;
            if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) append_run(out, node.value());
            if (node.type() != pugi::node_element) continue;
            const std::string_view name = local_name(node);
            const bool is_line = is_one_of(name, {"paragraph", "list", "item", "table", "tr", "caption", "br"});
            if (is_line) end_line(out);
            if (name == "item") out += "• ";
            if (name == "renderMultiMedia") append_run(out, image_notice);
            cell_lines(node, out);
            if (is_one_of(name, {"td", "th"})) append_run(out, " ");
            if (is_line) end_line(out);
        }
    }

    const narrative_limits& limits_;
    narrative_sequence out_;
    std::string paragraph_;
    std::size_t octets_ = 0;  // may pass the limit by one row, then the reading stops
    std::size_t rows_ = 0;
};
}

narrative_sequence narrative_blocks(const cda_document& document, const narrative_limits& limits)
{
    if (document.body().kind != body_kind::structured) return {};
    sequence_reader reader(limits);
    reader.sections(document.parsed().body, 1);
    return reader.take();
}
}
