#include "relay/pipeline/version_chain.hpp"

#include <algorithm>

#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/services.hpp"
#include "relay/pipeline/stay_fold.hpp"

namespace relay::pipeline {
namespace {
bool is_removal(const letter_row& letter)
{
    return letter.operation == letter_operation::remove;
}

// Digest of the document with this key in a letter; empty when it has none such.
std::string digest_in(ports::reader& store, const letter_row& letter, std::string_view document_key)
{
    if (letter.document_key == document_key) return letter.content_sha256;
    for (const letter_document_row& further : store.further_documents(letter.id))
        if (further.document_key == document_key) return further.content_sha256;
    return {};
}

struct known_documents {
    bool other_bytes = false;
    bool of_two_letters = false;
    std::optional<letter_row> letter;  // that brought all of them that are known
    std::size_t count = 0;
};

template <class Find>
known_documents look_up(ports::reader& store, const incoming_letter& coming, Find find)
{
    known_documents found;
    for (const incoming_document& one : coming.documents) {
        const std::optional<letter_row> letter = find(one.document_key);
        if (!letter) continue;
        ++found.count;
        found.other_bytes = found.other_bytes || digest_in(store, *letter, one.document_key) != one.content_sha256;
        found.of_two_letters = found.of_two_letters || (found.letter && found.letter->id != letter->id);
        found.letter = letter;
    }
    return found;
}

std::optional<letter_row> parent_of(ports::reader& store, const incoming_letter& coming)
{
    for (const incoming_document& one : coming.documents)
        if (!one.parent_key.empty())
            if (auto parent = store.letter_by_document(one.parent_key)) return parent;
    return std::nullopt;
}

// The version that replaces this one and came before it.
std::optional<letter_row> overtaker_of(ports::reader& store, const incoming_letter& coming)
{
    for (const incoming_document& one : coming.documents) {
        const auto replacing = store.letters_replacing(one.document_key);
        if (!replacing.empty()) return replacing.front();
    }
    return std::nullopt;
}

bool has_newer(const std::vector<letter_row>& set, int version)
{
    return std::any_of(set.begin(), set.end(),
                       [&](const letter_row& other) { return !is_removal(other) && other.version > version; });
}

admission refused(admission_fault why)
{
    admission made;
    made.fault = why;
    return made;
}

admission repeats(letter_row known)
{
    admission made;
    made.known = std::move(known);
    return made;
}

// A deletion names a document by its id and its set; what leaves is the version that was sent. Senders write the
// document anew for it, with another line end for instance: that is told, not refused.
bool is_of_other_set(const incoming_letter& coming, const known_documents& known)
{
    return known.other_bytes && coming.names_set && coming.set_key != known.letter->set_key;
}

admission admit_removal(ports::reader& store, const incoming_letter& coming, const known_documents& known)
{
    const known_documents removed =
        look_up(store, coming, [&](std::string_view key) { return store.removal_of_document(key); });
    if (removed.of_two_letters || known.of_two_letters || is_of_other_set(coming, removed) ||
        is_of_other_set(coming, known))
        return refused(admission_fault::document_reused);
    if (removed.letter) return repeats(*removed.letter);
    admission made;
    made.target_known = known.letter.has_value();
    made.content_differs = known.other_bytes;
    made.set_key = known.letter ? known.letter->set_key : coming.set_key;
    made.version = known.letter ? known.letter->version : coming.version;
    if (overtaker_of(store, coming) || has_newer(store.letters_of_set(made.set_key), made.version))
        return refused(admission_fault::not_latest);
    return made;
}

// Versions without a number, or with one that was used already, take the next one.
int version_after(ports::reader& store, const letter_row& parent, int version)
{
    version = std::max(version, parent.version + 1);
    int latest = parent.version;
    bool taken = false;
    for (const letter_row& other : store.letters_of_set(parent.set_key)) {
        latest = std::max(latest, other.version);
        taken = taken || (!is_removal(other) && other.version == version);
    }
    return taken ? latest + 1 : version;
}

admission admit_version(ports::reader& store, const incoming_letter& coming, const known_documents& known)
{
    if (known.other_bytes || known.of_two_letters || (known.letter && known.count < coming.documents.size()))
        return refused(admission_fault::document_reused);
    for (const incoming_document& one : coming.documents)
        if (store.removal_of_document(one.document_key)) return refused(admission_fault::deleted_already);
    if (known.letter) return repeats(*known.letter);
    admission made;
    made.set_key = coming.set_key;
    made.version = coming.version;
    const bool replaces = coming.operation == letter_operation::replace;
    const auto parent = replaces ? parent_of(store, coming) : std::nullopt;
    const auto overtaker = overtaker_of(store, coming);
    made.target_known = !replaces || parent.has_value();
    if (replaces) made.version = std::max(made.version, 2);
    if (parent) {
        made.set_key = parent->set_key;
        if (!overtaker) made.version = version_after(store, *parent, made.version);
    }
    if (overtaker) {
        if (!parent) made.set_key = overtaker->set_key;
        made.version = std::min(made.version, overtaker->version - 1);
    }
    return made;
}

instant date_of(const letter_row& letter)
{
    return letter.signed_at.value_or(letter.received_at);
}

// What of the set went to the mailbox of `row` before it, in order.
std::vector<earlier_delivery> begun_to_mailbox(ports::reader& store, const ports::vault& vault, const delivery_row& row)
{
    std::vector<earlier_delivery> earlier = earlier_deliveries(store, row.set_key, row.turn);
    if (earlier.empty()) return earlier;
    const auto opened = vault.open_field(field::recipient, row.recipient);
    if (!opened.has_value()) return {};
    const recipient to = read_recipient(*opened);
    std::erase_if(earlier, [&](const earlier_delivery& one) {
        if (one.row.recipient.empty())  // its traces expired: the hash is left
            return one.row.recipient_key != row.recipient_key || !has_begun(store, one.row);
        const auto other = vault.open_field(field::recipient, one.row.recipient);
        return !other.has_value() || !same_mailbox(to, read_recipient(*other)) || !has_begun(store, one.row);
    });
    return earlier;
}
}

admission admit(ports::reader& store, const incoming_letter& coming)
{
    const known_documents known =
        look_up(store, coming, [&](std::string_view key) { return store.letter_by_document(key); });
    return coming.operation == letter_operation::remove ? admit_removal(store, coming, known)
                                                        : admit_version(store, coming, known);
}

std::vector<earlier_delivery> earlier_deliveries(ports::reader& store, std::string_view set_key, int turn)
{
    std::vector<earlier_delivery> found;
    if (set_key.empty()) return found;
    for (const letter_row& letter : store.letters_of_set(set_key)) {
        if (turn_of(letter.version, letter.operation) >= turn) continue;
        for (delivery_row& row : store.deliveries_of_letter(letter.id)) found.push_back({letter, std::move(row)});
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const earlier_delivery& a, const earlier_delivery& b) { return a.row.turn < b.row.turn; });
    return found;
}

bool has_begun(ports::reader& store, const delivery_row& row)
{
    if (is_accepted(row.state) || row.state == delivery_state::sending || row.state == delivery_state::uncertain)
        return true;
    return !row.message_id.empty() && fold_delivery(store.events_of(row.id)).may_have_arrived;
}

bool is_unsent(const delivery_row& row) noexcept
{
    return row.state == delivery_state::received || row.state == delivery_state::held ||
           row.state == delivery_state::queued || row.state == delivery_state::deferred;
}

mail_role role_of_mail(ports::reader& store, const ports::vault& vault, const letter_row& letter,
                       const delivery_row& row)
{
    mail_role role;
    role.carried = letter.id;
    std::optional<letter_row> last;
    for (const earlier_delivery& earlier : begun_to_mailbox(store, vault, row)) {
        if (role.first_message_id.empty()) role.first_message_id = earlier.row.message_id;
        last = earlier.letter;
    }
    using enum mail_role::kind;
    const bool unknown = has_flag(letter.flags, flag_target_unknown);
    const bool has_something = last && !is_removal(*last);
    if (letter.operation == letter_operation::remove) {
        role.what = has_something || (unknown && !last) ? deletion : nothing_to_delete;
        // Other bytes than those that were sent are of no use to who has to find what was sent.
        const bool as_sent = last && last->version == letter.version && !has_flag(letter.flags, flag_content_differs);
        // Where the content of what was sent is destroyed, the deletion's own document has to do.
        if (has_something && !as_sent && !last->document.empty()) role.carried = last->id;
        role.earlier = date_of(has_something ? *last : letter);
    } else if (letter.operation == letter_operation::replace) {
        role.what = has_something || (unknown && !last) ? replacement : first_mail;
        if (has_something) role.earlier = date_of(*last);
    }
    return role;
}
}
