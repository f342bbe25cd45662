// mime/cda/xml_tree.hpp: looking for elements of one namespace in a pugixml tree (Namespaces in XML 1.0 §6). Prefixes
// do not matter. For the source files of mime/cda only. Null nodes in, null nodes out.
#pragma once

#include <initializer_list>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "mime/cda/document.hpp"

namespace mime::cda {
inline constexpr std::string_view hl7_namespace = "urn:hl7-org:v3";

struct cda_document::tree {
    pugi::xml_document document;  // owns its copy of the bytes
    pugi::xml_node root;          // ClinicalDocument
    pugi::xml_node body;          // nonXMLBody or structuredBody
    cda::header head;
    cda::body content;
};

namespace detail {
[[nodiscard]] std::string_view local_name(const pugi::xml_node& node) noexcept;
[[nodiscard]] std::string_view namespace_of(const pugi::xml_node& node) noexcept;
[[nodiscard]] bool is(const pugi::xml_node& node, std::string_view name) noexcept;  // name in hl7_namespace
[[nodiscard]] pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) noexcept;
[[nodiscard]] pugi::xml_node next(const pugi::xml_node& node, std::string_view name) noexcept;  // sibling
[[nodiscard]] pugi::xml_node at(pugi::xml_node from, std::initializer_list<std::string_view> path) noexcept;
[[nodiscard]] std::string attribute(const pugi::xml_node& node, const char* name);  // trimmed; empty if absent
[[nodiscard]] std::string text_of(const pugi::xml_node& node);                      // all text below, blanks collapsed
// The narrative of one section, `text` being its text element, as narrative_text gives it.
[[nodiscard]] std::string narrative_of(const pugi::xml_node& text, std::size_t max_octets);

template <class Visit>
void each(const pugi::xml_node& parent, std::string_view name, Visit visit)
{
    for (pugi::xml_node node = child(parent, name); node; node = next(node, name)) visit(node);
}
}
}
