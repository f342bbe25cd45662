// relay/app/partner_command.hpp: `liaison report --partner STRUCTURE --format html|pdf`: the printable report of a
// partner health centre, in French. Counts and rates only; small ones suppressed (pipeline/partner_report.hpp).
#pragma once

#include "mime/cda/narrative_blocks.hpp"
#include "relay/app/command_tools.hpp"
#include "relay/pipeline/partner_report.hpp"
#include "relay/pipeline/period_records.hpp"

namespace relay::app {
struct partner_sheet {
    std::string partner, establishment;  // as people call them
    std::string from, until;             // JJ/MM/AAAA, both included
    std::string made;                    // JJ/MM/AAAA HH:MM
    std::string standing;                // "chiffres provisoires jusqu'au ...", "chiffres clos, révision 2 du ..."
    pipeline::partner_figures figures;
};
// One content for both forms.
[[nodiscard]] std::vector<mime::cda::narrative_block> partner_blocks(const partner_sheet& from);
[[nodiscard]] std::string partner_html(const partner_sheet& from);
[[nodiscard]] std::string partner_pdf(const partner_sheet& from, std::string_view created);

int run_partner_report(const console& to, const open_reading& from, const report_request& wanted);
}
