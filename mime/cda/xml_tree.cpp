#include "mime/cda/xml_tree.hpp"

#include <algorithm>

namespace mime::cda::detail {
namespace {
bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string_view prefix_of(std::string_view qualified)
{
    const std::size_t colon = qualified.find(':');
    return colon == std::string_view::npos ? std::string_view() : qualified.substr(0, colon);
}

bool declares(std::string_view attribute_name, std::string_view prefix)
{
    if (prefix.empty()) return attribute_name == "xmlns";
    return attribute_name.size() == prefix.size() + 6 && attribute_name.substr(0, 6) == "xmlns:" &&
           attribute_name.substr(6) == prefix;
}

void append_collapsed(std::string& out, std::string_view text)
{
    for (const char c : text) {
        if (!is_blank(c)) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
}

void append_text(std::string& out, const pugi::xml_node& node)
{
    for (const pugi::xml_node part : node.children()) {  // depth is capped by the scan
        if (part.type() == pugi::node_element) append_text(out, part);
        if (part.type() == pugi::node_pcdata || part.type() == pugi::node_cdata) append_collapsed(out, part.value());
    }
}
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) noexcept
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string_view local_name(const pugi::xml_node& node) noexcept
{
    const std::string_view qualified = node.name();
    const std::size_t colon = qualified.find(':');
    return colon == std::string_view::npos ? qualified : qualified.substr(colon + 1);
}

std::string_view namespace_of(const pugi::xml_node& node) noexcept
{
    const std::string_view prefix = prefix_of(node.name());
    for (pugi::xml_node scope = node; scope; scope = scope.parent()) {
        for (const pugi::xml_attribute attribute : scope.attributes()) {
            if (declares(attribute.name(), prefix)) return attribute.value();
        }
    }
    return {};
}

bool is(const pugi::xml_node& node, std::string_view name) noexcept
{
    return node.type() == pugi::node_element && local_name(node) == name && namespace_of(node) == hl7_namespace;
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) noexcept
{
    for (const pugi::xml_node node : parent.children()) {
        if (is(node, name)) return node;
    }
    return {};
}

pugi::xml_node next(const pugi::xml_node& node, std::string_view name) noexcept
{
    for (pugi::xml_node other = node.next_sibling(); other; other = other.next_sibling()) {
        if (is(other, name)) return other;
    }
    return {};
}

pugi::xml_node at(pugi::xml_node from, std::initializer_list<std::string_view> path) noexcept
{
    for (const std::string_view name : path) from = child(from, name);
    return from;
}

std::string attribute(const pugi::xml_node& node, const char* name)
{
    std::string_view value = node.attribute(name).value();
    while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
    while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
    return std::string(value);
}

std::string text_of(const pugi::xml_node& node)
{
    std::string out;
    append_text(out, node);
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

std::string_view value_of(const cda_document::tree& tree, const pugi::xml_node& text) noexcept
{
    const char* value = text.value();  // in tree.parsed, or the parser's own empty text
    for (const left_out_text& each : tree.left_out) {
        if (value == tree.parsed.data() + each.at) return each.text;
    }
    return value;
}
}
