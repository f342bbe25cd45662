#include "relay/track/correlation.hpp"

#include "mime/text/ascii.hpp"
#include "relay/pipeline/services.hpp"

namespace relay::track {
using namespace pipeline;
using mime::report::id_source;
using mime::report::recipient_status;
using mime::report::return_kind;
namespace {
// Only a letter can be moved: reports of ours have Message-IDs too.
std::optional<delivery_row> only_letter(std::optional<delivery_row> row)
{
    if (row && row->kind != delivery_kind::letter) row.reset();
    return row;
}

// ORCPT comes back decoded, or as it was written (xtext).
bool names(const recipient_status& status, std::string_view address)
{
    if (mime::same_text(status.final_recipient, address) || mime::same_text(status.original_recipient, address))
        return true;
    const auto plain = mime::report::decode_xtext(status.original_recipient);
    return plain && mime::same_text(*plain, address);
}

bool names_nobody(const std::vector<recipient_status>& all)
{
    return all.size() == 1 && all[0].final_recipient.empty() && all[0].original_recipient.empty();
}

std::optional<std::size_t> find_ours(const std::vector<recipient_status>& all, std::string_view address)
{
    std::optional<std::size_t> found;
    for (std::size_t n = 0; n < all.size(); ++n)
        if (names(all[n], address) && (!found || all[n].action == mime::report::dsn_action::failed)) found = n;
    return found;
}

void check_recipient(const ports::vault& vault, const mime::report::returned_mail& mail, match& found)
{
    if (mail.kind != return_kind::dsn && mail.kind != return_kind::bounce) return;
    const auto opened = vault.open_field(field::recipient, found.row->recipient);
    const std::string address = opened.has_value() ? read_recipient(*opened).address : std::string();
    const auto ours = address.empty() ? std::nullopt : find_ours(mail.recipients, address);
    if (ours)
        found.recipient = *ours;
    else if (!names_nobody(mail.recipients))
        found.outcome = match_outcome::other_recipient;
}
}

match correlate(ports::reader& store, const ports::vault& vault, const mime::report::returned_mail& mail)
{
    match found;
    if (!mail.envelope_id.empty()) found.row = only_letter(store.delivery_by_envid(mail.envelope_id));
    for (const auto& original : mail.originals) {
        if (found.row && original.source == id_source::references) break;  // weaker than what was found
        if (found.row && found.row->message_id == original.id) continue;   // Message-IDs of ours are of one mail each
        auto row = only_letter(store.delivery_by_message_id(original.id));
        if (!row) continue;
        if (found.row && found.row->id != row->id) {
            found.outcome = match_outcome::contradictory;
            return found;
        }
        found.row = std::move(row);
    }
    if (!found.row) return found;
    found.outcome = match_outcome::matched;
    check_recipient(vault, mail, found);
    return found;
}
}
