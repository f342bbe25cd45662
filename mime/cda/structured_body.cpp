#include "mime/cda/structured_body.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "mime/cda/xml_tree.hpp"

namespace mime::cda {
namespace {
using detail::attribute;
using detail::child;
using detail::each;

constexpr std::string_view examination_request = "ORG-064";

bool is_null(const pugi::xml_node& node)
{
    return !node || node.attribute("nullFlavor");
}

coded code_of(const pugi::xml_node& node)
{
    if (is_null(node)) return {};
    return {attribute(node, "code"), attribute(node, "codeSystem"), {}};
}

// What xsi:type says is not asked: the attributes that are there tell CE and CD, BL and ST apart.
coded_fact read_fact(const pugi::xml_node& observation)
{
    coded_fact out;
    out.code = code_of(child(observation, "code"));
    const pugi::xml_node value = child(observation, "value");
    if (is_null(value)) return out;
    out.value_code = code_of(value);
    const std::string truth = attribute(value, "value");
    if (truth == "true" || truth == "1") out.value_bool = true;
    if (truth == "false" || truth == "0") out.value_bool = false;
    out.has_value_text = !detail::text_of(value).empty();
    return out;
}

bool has_quantity(const pugi::xml_node& dose)
{
    if (is_null(dose)) return false;
    if (!attribute(dose, "value").empty()) return true;
    return !attribute(child(dose, "low"), "value").empty() || !attribute(child(dose, "high"), "value").empty();
}

bool has_end(const pugi::xml_node& administration)
{
    bool found = false;
    each(administration, "effectiveTime", [&](const pugi::xml_node& time) {
        found |= !attribute(child(time, "high"), "value").empty() || !attribute(child(time, "width"), "value").empty();
    });
    return found;
}

bool has_product(const pugi::xml_node& administration)
{
    const pugi::xml_node material =
        detail::at(administration, {"consumable", "manufacturedProduct", "manufacturedMaterial"});
    return !code_of(child(material, "code")).empty() || !detail::text_of(child(material, "name")).empty() ||
           !detail::text_of(child(child(material, "code"), "originalText")).empty();
}

class body_reader {
public:
    explicit body_reader(const structured_limits& limits) : limits_(limits) {}

    structured_body read(const pugi::xml_node& root)
    {
        read_components(root);
        for (const std::string_view target : references_) {
            if (ids_.find(target) == ids_.end()) ++out_.broken_references;
        }
        return std::move(out_);
    }

private:
    // Gives the narrative of the sections below, which belongs to the section around them too.
    std::string read_components(const pugi::xml_node& parent)
    {
        std::string all;
        each(parent, "component", [&](const pugi::xml_node& component) {
            each(component, "section", [&](const pugi::xml_node& section) { append(all, read_section(section)); });
        });
        return all;
    }

    std::string read_section(const pugi::xml_node& node)
    {
        if (++sections_ > limits_.max_sections) return stop();
        const pugi::xml_node text = child(node, "text");
        std::string narrative = words_of(text);
        collect_ids(text);
        const std::string code = attribute(child(node, "code"), "code");
        each(node, "entry", [&](const pugi::xml_node& entry) { read_entry(entry, slot(code)); });
        append(narrative, read_components(node));
        append(slot(code).narrative, narrative);
        return narrative;
    }

    // Empty for a narrative of blanks, or of a table whose cells are empty.
    std::string words_of(const pugi::xml_node& text) const
    {
        std::string narrative = detail::narrative_of(text, limits_.max_narrative_octets);
        while (!narrative.empty() && narrative.back() == '\n') narrative.pop_back();
        const bool has_word = std::any_of(narrative.begin(), narrative.end(), [](char c) {
            const auto octet = static_cast<unsigned char>(c);
            return octet >= 0x80 || (octet >= '0' && octet <= '9') ||
                   ((octet | 0x20U) >= 'a' && (octet | 0x20U) <= 'z');
        });
        return has_word ? narrative : std::string();
    }

    std::string stop()
    {
        out_.complete = false;
        return {};
    }

    // Each text was cut to the limit before: a section never keeps more than twice that.
    void append(std::string& to, const std::string& text) const
    {
        if (text.empty() || to.size() >= limits_.max_narrative_octets) return;
        to += (to.empty() ? "" : "\n") + text;
    }

    section_facts& slot(const std::string& code)
    {
        const auto found = std::find_if(out_.sections.begin(), out_.sections.end(),
                                        [&](const section_facts& one) { return one.code == code; });
        if (found != out_.sections.end()) return *found;
        out_.sections.emplace_back().code = code;
        return out_.sections.back();
    }

    void read_entry(const pugi::xml_node& entry, section_facts& into)
    {
        if (++entries_ > limits_.max_entries) {
            out_.complete = false;
            return;
        }
        ++into.entries;
        if (const pugi::xml_node top = child(entry, "substanceAdministration")) read_treatment(top, into);
        walk(entry, into);
    }

    void read_treatment(const pugi::xml_node& node, section_facts& into)
    {
        const std::string code = code_of(child(node, "code")).code;
        treatment out;
        out.says_none = code == "no-known-medications" || code == "no-medication-info";
        out.has_product = has_product(node);
        out.has_dose = has_quantity(child(node, "doseQuantity"));
        out.has_end = has_end(node);
        // Tapered, split and combined dosing: the doses, and with them the ends, are in administrations inside.
        each(node, "entryRelationship", [&](const pugi::xml_node& relation) {
            const pugi::xml_node part = child(relation, "substanceAdministration");
            out.has_product |= has_product(part);
            out.has_dose |= has_quantity(child(part, "doseQuantity"));
            out.has_end |= has_end(part);
        });
        into.treatments.push_back(out);
    }

    void walk(const pugi::xml_node& parent, section_facts& into)  // depth is capped by the scan
    {
        for (const pugi::xml_node node : parent.children()) {
            if (node.type() != pugi::node_element) continue;
            const std::string_view name = detail::local_name(node);
            if (name == "observation" && detail::is(node, name)) {
                into.facts.push_back(read_fact(node));
                into.acts += into.facts.back().code.code == examination_request ? 1U : 0U;
            } else if (name == "procedure" && detail::is(node, name)) {
                into.acts += attribute(node, "negationInd") == "true" ? 0U : 1U;
            } else if (name == "reference" && node.attribute("value")) {
                collect_reference(node.attribute("value").value());
            }
            walk(node, into);
        }
    }

    // "#x" points into the narrative; a bare word is the same link badly written; "scheme:…" points elsewhere.
    void collect_reference(std::string_view value)
    {
        if (value.find(':') != std::string_view::npos) return;
        if (references_.size() == limits_.max_references) {
            out_.complete = false;
            return;
        }
        references_.push_back(value.starts_with('#') ? value.substr(1) : std::string_view());
    }

    void collect_ids(const pugi::xml_node& node)
    {
        for (const pugi::xml_node part : node.children()) {
            if (part.type() != pugi::node_element) continue;
            if (const char* id = part.attribute("ID").value(); *id != '\0') {
                if (ids_.size() < limits_.max_references) {
                    ids_.insert(id);
                } else {
                    out_.complete = false;
                }
            }
            collect_ids(part);
        }
    }

    const structured_limits& limits_;
    structured_body out_;
    std::size_t sections_ = 0;
    std::size_t entries_ = 0;
    std::vector<std::string_view> references_;  // into the tree
    std::unordered_set<std::string_view> ids_;
};
}

const coded_fact* section_facts::fact(std::string_view ta_asip_code) const noexcept
{
    const auto found =
        std::find_if(facts.begin(), facts.end(), [&](const coded_fact& one) { return one.code.code == ta_asip_code; });
    return found == facts.end() ? nullptr : &*found;
}

const section_facts* structured_body::section(std::string_view loinc) const noexcept
{
    const auto found =
        std::find_if(sections.begin(), sections.end(), [&](const section_facts& one) { return one.code == loinc; });
    return found == sections.end() ? nullptr : &*found;
}

const coded_fact* structured_body::fact(std::string_view ta_asip_code) const noexcept
{
    for (const section_facts& one : sections) {
        if (const coded_fact* found = one.fact(ta_asip_code)) return found;
    }
    return nullptr;
}

structured_body read_structured_body(const cda_document& document, const structured_limits& limits)
{
    if (document.body().kind != body_kind::structured) return {};
    return body_reader(limits).read(document.parsed().body);
}
}
