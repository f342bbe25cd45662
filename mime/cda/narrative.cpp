// The narrative of structured documents as plain text (CDA R2 §4.3.5): a small closed vocabulary, not HTML. Only text
// and its lay-out is kept; links, images and style are not.

#include "mime/cda/document.hpp"
#include "mime/cda/xml_tree.hpp"

namespace mime::cda {
namespace {
class text_writer {
public:
    explicit text_writer(std::size_t max_octets) : max_octets_(max_octets) {}

    [[nodiscard]] bool full() const noexcept { return out_.size() >= max_octets_; }

    void text(std::string_view run)
    {
        for (const char c : run) {
            const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
            if (!blank) {
                out_ += c;
            } else if (!out_.empty() && out_.back() != ' ' && out_.back() != '\n') {
                out_ += ' ';
            }
        }
    }

    void end_line()
    {
        while (!out_.empty() && out_.back() == ' ') out_.pop_back();
        if (!out_.empty() && out_.back() != '\n') out_ += '\n';
    }

    void blank_line()
    {
        end_line();
        if (!out_.empty() && (out_.size() < 2 || out_[out_.size() - 2] != '\n')) out_ += '\n';
    }

    std::string take()
    {
        end_line();
        if (out_.size() > max_octets_) {
            std::size_t cut = max_octets_;
            while (cut > 0 && (static_cast<unsigned char>(out_[cut]) & 0xC0U) == 0x80U) --cut;
            out_.resize(cut);
        }
        return std::move(out_);
    }

private:
    std::string out_;
    std::size_t max_octets_;
};

void write_narrative(const pugi::xml_node& parent, text_writer& out)
{
    bool first_cell = true;
    for (const pugi::xml_node node : parent.children()) {
        if (out.full()) return;
        if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) out.text(node.value());
        if (node.type() != pugi::node_element) continue;
        const std::string_view name = detail::local_name(node);
        const bool block =
            detail::is_one_of(name, {"paragraph", "list", "item", "table", "thead", "tbody", "tr", "caption", "br"});
        if (block) out.end_line();
        if (name == "item") out.text("- ");
        if (detail::is_one_of(name, {"td", "th"})) {
            if (!first_cell) out.text(" | ");
            first_cell = false;
        }
        write_narrative(node, out);
        if (block) out.end_line();
    }
}

void write_sections(const pugi::xml_node& parent, text_writer& out)
{
    detail::each(parent, "component", [&](const pugi::xml_node& component) {
        const pugi::xml_node section = detail::child(component, "section");
        if (!section || out.full()) return;
        out.blank_line();
        out.text(detail::text_of(detail::child(section, "title")));
        out.end_line();
        write_narrative(detail::child(section, "text"), out);
        write_sections(section, out);
    });
}
}

std::string detail::narrative_of(const pugi::xml_node& text, std::size_t max_octets)
{
    text_writer out(max_octets);
    write_narrative(text, out);
    return out.take();
}

std::string narrative_text(const cda_document& document, std::size_t max_octets)
{
    if (document.body().kind != body_kind::structured) return {};
    text_writer out(max_octets);
    write_sections(document.parsed().body, out);
    return out.take();
}
}
