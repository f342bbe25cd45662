#include "mime/cda/document.hpp"

#include <algorithm>
#include <utility>

#include "mime/cda/header_reader.hpp"
#include "mime/cda/xml_tree.hpp"
#include "mime/text/base64.hpp"

namespace mime::cda {
namespace {
using detail::at;
using detail::attribute;
using detail::child;
using detail::each;

constexpr std::string_view pdf_copy_template = "1.2.250.1.213.1.1.2.243";
constexpr std::string_view pdf_copy_code = "55108-5";

// Every ClinicalDocument of the tree, at most two: more than one is refused anyway.
std::vector<pugi::xml_node> find_documents(const pugi::xml_document& document)
{
    std::vector<pugi::xml_node> found;
    document.find_node([&](const pugi::xml_node& node) {
        if (detail::is(node, "ClinicalDocument")) found.push_back(node);
        return found.size() > 1;
    });
    return found;
}

// The bytes as the parser gets them: without their long base64, of which the header needs nothing.
void leave_out(cda_document::tree& tree, std::string_view bytes, const std::vector<base64_run>& runs)
{
    std::size_t size = bytes.size();
    for (const base64_run& run : runs) size -= run.size - 1;
    tree.parsed.reserve(size);
    std::size_t done = 0;
    for (const base64_run& run : runs) {
        tree.parsed += bytes.substr(done, run.offset - done);
        tree.left_out.push_back({tree.parsed.size(), bytes.substr(run.offset, run.size)});
        tree.parsed += ' ';
        done = run.offset + run.size;
    }
    tree.parsed += bytes.substr(done);
}

cda_error parse_error(const cda_document::tree& tree, const pugi::xml_parse_result& parsed)
{
    auto offset = static_cast<std::size_t>(std::max<std::ptrdiff_t>(parsed.offset, 0));
    const std::size_t there = offset;
    for (const left_out_text& each : tree.left_out) {
        if (each.at < there) offset += each.text.size() - 1;
    }
    return {cda_errc::malformed, "offset " + std::to_string(offset), "XML mal formé"};
}

envelope envelope_of(const cda_document::tree& tree)
{
    const pugi::xml_node outermost = tree.document.document_element();
    if (outermost == tree.root) return envelope::none;
    const std::string_view space = detail::namespace_of(outermost);
    const std::string_view name = detail::local_name(outermost);
    if (space == "http://www.w3.org/1999/XSL/Transform" && (name == "stylesheet" || name == "transform"))
        return envelope::style_sheet;
    return space == "http://www.w3.org/2000/09/xmldsig#" && name == "Signature" ? envelope::signature : envelope::other;
}

cda_result<void> find_body(cda_document::tree& tree)
{
    const pugi::xml_node component = child(tree.root, "component");
    if (const pugi::xml_node node = child(component, "nonXMLBody")) {
        const pugi::xml_node text = child(node, "text");
        tree.body = node;
        tree.content = {body_kind::non_xml, attribute(text, "mediaType"), attribute(text, "representation"), {}};
        return {};
    }
    if (const pugi::xml_node node = child(component, "structuredBody")) {
        tree.body = node;
        tree.content = {body_kind::structured, {}, {}, {}};
        return {};
    }
    return cda_error{cda_errc::no_body, "component", "ni nonXMLBody ni structuredBody"};
}

cda_result<void> check_usable(const header& head)
{
    if (head.id.root.empty()) return cda_error{cda_errc::missing, "id", "identifiant du document absent"};
    if (head.type.code.empty()) return cda_error{cda_errc::missing, "code", "type du document absent"};
    return {};
}

// The text of a node without copying it where it is in one piece, as base64 nearly always is.
std::string_view whole_text(const cda_document::tree& tree, const pugi::xml_node& node, std::string& storage)
{
    std::string_view only;
    for (const pugi::xml_node part : node.children()) {
        if (part.type() != pugi::node_pcdata && part.type() != pugi::node_cdata) continue;
        const std::string_view value = detail::value_of(tree, part);
        if (only.empty() && storage.empty()) {
            only = value;
            continue;
        }
        if (storage.empty()) storage = only;
        storage += value;
    }
    return storage.empty() ? only : std::string_view(storage);
}

cda_result<std::string> decode(const cda_document::tree& tree, const pugi::xml_node& node, const std::string& field)
{
    std::string storage;
    auto decoded = base64_decode(whole_text(tree, node, storage));
    if (!decoded) return cda_error{cda_errc::not_base64, field, "base64 illisible"};
    if (decoded->empty()) return cda_error{cda_errc::empty_content, field, "contenu vide"};
    return std::move(*decoded);
}

bool is_plain_text(const body& content)
{
    if (content.representation == "B64") return false;
    return content.representation == "TXT" || content.media_type.substr(0, 5) == "text/";
}

bool is_pdf_copy_section(const pugi::xml_node& node)
{
    if (!detail::is(node, "section")) return false;
    bool found = attribute(child(node, "code"), "code") == pdf_copy_code;
    each(node, "templateId", [&](const pugi::xml_node& id) { found |= attribute(id, "root") == pdf_copy_template; });
    return found;
}
}

cda_document::cda_document(std::unique_ptr<tree> parsed) noexcept : tree_(std::move(parsed)) {}
cda_document::cda_document(cda_document&&) noexcept = default;
cda_document& cda_document::operator=(cda_document&&) noexcept = default;
cda_document::~cda_document() = default;

const header& cda_document::header() const noexcept
{
    return tree_->head;
}

const body& cda_document::body() const noexcept
{
    return tree_->content;
}

namespace {
cda_result<cda_document> read_into(std::unique_ptr<cda_document::tree> tree, std::string_view bytes,
                                   const cda_limits& limits)
{
    std::vector<base64_run> runs;
    if (auto scanned = scan_xml(bytes, limits, &runs); !scanned) return scanned.error();
    leave_out(*tree, bytes, runs);
    const auto parsed = tree->document.load_buffer_inplace(
        tree->parsed.data(), tree->parsed.size(), pugi::parse_default | pugi::parse_ws_pcdata, pugi::encoding_utf8);
    if (!parsed) return parse_error(*tree, parsed);
    const auto found = find_documents(tree->document);
    if (found.empty()) return cda_error{cda_errc::not_a_document, "ClinicalDocument", "aucun ClinicalDocument CDA R2"};
    if (found.size() > 1) return cda_error{cda_errc::two_documents, "ClinicalDocument", "plusieurs ClinicalDocument"};
    tree->root = found.front();
    tree->head = detail::read_header(tree->root);
    if (auto usable = check_usable(tree->head); !usable) return usable.error();
    if (auto body = find_body(*tree); !body) return body.error();
    tree->content.around = envelope_of(*tree);
    return cda_document(std::move(tree));
}
}

cda_result<cda_document> read_document(std::string_view bytes, const cda_limits& limits)
{
    return read_into(std::make_unique<cda_document::tree>(), bytes, limits);
}

cda_result<cda_document> read_and_keep(std::string bytes, const cda_limits& limits)
{
    auto tree = std::make_unique<cda_document::tree>();
    tree->kept = std::move(bytes);
    const std::string_view kept = tree->kept;
    return read_into(std::move(tree), kept, limits);
}

cda_result<std::string> extract_body(const cda_document& document)
{
    static const std::string field = "component/nonXMLBody/text";
    if (document.body().kind != body_kind::non_xml) {
        return cda_error{cda_errc::not_non_xml_body, field, "document structuré, sans fichier encapsulé"};
    }
    const pugi::xml_node text = child(document.parsed().body, "text");
    if (!is_plain_text(document.body())) return decode(document.parsed(), text, field);
    std::string storage;
    std::string content(whole_text(document.parsed(), text, storage));
    if (content.find_first_not_of(" \t\r\n") == std::string::npos) {
        return cda_error{cda_errc::empty_content, field, "contenu vide"};
    }
    return content;
}

cda_result<std::optional<std::string>> extract_pdf_copy(const cda_document& document)
{
    if (document.body().kind != body_kind::structured) return std::optional<std::string>();
    const pugi::xml_node section = document.parsed().body.find_node(is_pdf_copy_section);
    if (!section) return std::optional<std::string>();
    const pugi::xml_node media =
        section.find_node([](const pugi::xml_node& node) { return detail::is(node, "observationMedia"); });
    auto decoded = decode(document.parsed(), child(media, "value"), "section 55108-5/observationMedia/value");
    if (!decoded) return decoded.error();
    return std::optional<std::string>(std::move(*decoded));
}
}
