#include "relay/imap/engine/selected.hpp"

#include "relay/imap/mailbox/flags.hpp"

namespace relay::imap {
void append_fetch_flags(std::string& out, const selected_mailbox& mailbox, std::size_t place, addressing by)
{
    const auto& row = mailbox.messages.at(place);
    out += "* " + std::to_string(place + 1) + " FETCH (";
    if (by == addressing::uids) out += "UID " + std::to_string(row.uid) + ' ';  // RFC 3501 §6.4.8
    out += "FLAGS ";
    append_flags(out, row.flags);
    out += ")\r\n";
}

void append_updates(output& out, selected_mailbox& mailbox, expunge_reports reports, addressing by)
{
    const auto changes = mailbox.store->refresh(mailbox.messages.highest_modseq());
    if (changes.has_error()) return;
    const list_updates updates = mailbox.messages.apply(*changes, reports);
    std::string text;
    for (const auto number : updates.expunged) text += "* " + std::to_string(number) + " EXPUNGE\r\n";
    if (updates.exists) text += "* " + std::to_string(*updates.exists) + " EXISTS\r\n";
    for (const auto place : updates.changed) append_fetch_flags(text, mailbox, place, by);
    out.add(text);
}
}
