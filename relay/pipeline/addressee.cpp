#include "relay/pipeline/addressee.hpp"

#include <algorithm>

namespace relay::pipeline {
namespace {
// Upper case without accents: names of structures are written in any way.
std::string plain(std::string_view text)
{
    struct folded {
        std::string_view utf8;
        char letter;
    };
    constexpr folded accents[] = {{"é", 'E'}, {"è", 'E'}, {"ê", 'E'}, {"É", 'E'}, {"È", 'E'}, {"Ê", 'E'}, {"ô", 'O'},
                                  {"Ô", 'O'}, {"ç", 'C'}, {"Ç", 'C'}, {"à", 'A'}, {"À", 'A'}, {"â", 'A'}, {"Â", 'A'}};
    std::string out = " ";
    while (!text.empty()) {
        const auto found = std::find_if(std::begin(accents), std::end(accents),
                                        [&](const folded& one) { return text.starts_with(one.utf8); });
        if (found != std::end(accents)) {
            out += found->letter;
            text.remove_prefix(found->utf8.size());
            continue;
        }
        const char c = text.front();
        const bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : word ? c : ' ';
        text.remove_prefix(1);
    }
    return out + ' ';
}

bool says_any(const std::string& name, std::initializer_list<std::string_view> words)
{
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return name.find(word) != std::string::npos; });
}
}

std::string_view structure_kind(const ports::directory_entry& entry)
{
    const std::string name = plain(entry.company + " " + entry.label);
    if (says_any(name, {" CENTRE DE SANTE ", " CENTRE MUNICIPAL DE SANTE ", " CENTRE MEDICAL MUNICIPAL ", " CMS "}))
        return kind_health_centre;
    if (says_any(name, {" MAISON DE SANTE ", " MAISON DE SANTE PLURIPROFESSIONNELLE ", " MSP ", " POLE DE SANTE ",
                        " MAISON MEDICALE "}))
        return kind_group_practice;
    const bool personal = entry.type == ports::mailbox_type::personal || entry.type == ports::mailbox_type::cabinet;
    if (personal && (entry.structure.empty() || says_any(name, {" CABINET ", " CAB "}))) return kind_solo;
    return kind_other;
}

addressee_facts addressee_of(std::span<const ports::directory_entry> rows, std::string_view rpps)
{
    if (rows.empty()) return {};
    const auto named = std::find_if(
        rows.begin(), rows.end(), [&](const ports::directory_entry& row) { return !rpps.empty() && row.rpps == rpps; });
    const ports::directory_entry& row = named == rows.end() ? rows.front() : *named;
    return {row.structure, std::string(structure_kind(row)), row.profession, row.department};
}
}
