// mime/cda/xml_tree.hpp: looking for elements of one namespace in a pugixml tree (Namespaces in XML 1.0 §6). Prefixes
// do not matter. For the source files of mime/cda only. Null nodes in, null nodes out.
#pragma once

#include <initializer_list>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "mime/cda/document.hpp"

namespace mime::cda {
inline constexpr std::string_view hl7_namespace = "urn:hl7-org:v3";

// Long base64 is not given to the parser: in the text parsed a blank stands for it.
struct left_out_text {
    std::size_t at = 0;     // of the blank
    std::string_view text;  // in the bytes that were read
};

struct cda_document::tree {
    std::string kept;    // the bytes, when the document keeps them itself
    std::string parsed;  // what `document` was parsed from, and points into
    std::vector<left_out_text> left_out;
    pugi::xml_document document;
    pugi::xml_node root;  // ClinicalDocument
    pugi::xml_node body;  // nonXMLBody or structuredBody
    cda::header head;
    cda::body content;
};

namespace detail {
[[nodiscard]] std::string_view local_name(const pugi::xml_node& node) noexcept;
[[nodiscard]] bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) noexcept;
[[nodiscard]] std::string_view namespace_of(const pugi::xml_node& node) noexcept;
[[nodiscard]] bool is(const pugi::xml_node& node, std::string_view name) noexcept;  // name in hl7_namespace
[[nodiscard]] pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) noexcept;
[[nodiscard]] pugi::xml_node next(const pugi::xml_node& node, std::string_view name) noexcept;  // sibling
[[nodiscard]] pugi::xml_node at(pugi::xml_node from, std::initializer_list<std::string_view> path) noexcept;
[[nodiscard]] std::string attribute(const pugi::xml_node& node, const char* name);  // trimmed; empty if absent
[[nodiscard]] std::string text_of(const pugi::xml_node& node);                      // all text below, blanks collapsed
// The value of a text node, which may have been left out of the tree.
[[nodiscard]] std::string_view value_of(const cda_document::tree& tree, const pugi::xml_node& text) noexcept;
// The narrative of one section, `text` being its text element, as narrative_text gives it.
[[nodiscard]] std::string narrative_of(const pugi::xml_node& text, std::size_t max_octets);

template <class Visit>
void each(const pugi::xml_node& parent, std::string_view name, Visit visit)
{
    for (pugi::xml_node node = child(parent, name); node; node = next(node, name)) visit(node);
}
}
}
