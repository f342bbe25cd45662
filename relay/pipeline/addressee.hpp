// relay/pipeline/addressee.hpp: who an addressee is, for the breakdowns of domain.md §5: his structure and its kind,
// profession, department, from the row of the directory that the mail is routed by. Public data; pure.
#pragma once

#include <span>
#include <string_view>

#include "relay/pipeline/model.hpp"
#include "relay/pipeline/ports/directory.hpp"

namespace relay::pipeline {
// Words kept in the store. The directory tells no kind: the registered name does, as names of such places are
// (domain.md §1 CMS, MSP); a personal mailbox without a structure, or in a practice, is of a doctor alone.
inline constexpr std::string_view kind_health_centre = "CMS";
inline constexpr std::string_view kind_group_practice = "MSP";
inline constexpr std::string_view kind_solo = "SOLO";
inline constexpr std::string_view kind_other = "OTHER";
[[nodiscard]] std::string_view structure_kind(const ports::directory_entry& entry);

// `rows`: those of the address, of which the one of this RPPS counts, else the first. Empty facts without any.
[[nodiscard]] addressee_facts addressee_of(std::span<const ports::directory_entry> rows, std::string_view rpps);
}
