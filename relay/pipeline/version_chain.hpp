// relay/pipeline/version_chain.hpp: a letter among the versions of its set (domain.md §4, mssante.md §2.1, §4.6): where
// a new one stands and whether it may come in, and what the mail of one delivery has to say about those before it.
// Decides only: reads the store, writes nothing. Keys are HMACs, as in the rows. Worker threads only, inside a unit or
// a read.
#pragma once

#include <span>

#include "relay/pipeline/ports/store.hpp"
#include "relay/pipeline/route.hpp"

namespace relay::pipeline {
// Flags of a letter, and of the events of its deliveries.
inline constexpr std::string_view flag_target_unknown = "target_unknown";    // replaces or deletes what never came here
inline constexpr std::string_view flag_content_differs = "content_differs";  // deletes a known document in other bytes
inline constexpr std::string_view flag_recipient_missing = "recipient_missing";  // somebody who got the set is left out
inline constexpr std::string_view flag_deleted = "deleted";                      // closed: its document was deleted
inline constexpr std::string_view flag_nothing_to_delete = "nothing_to_delete";  // nothing had been sent there

struct incoming_document {
    std::string document_key;
    std::string parent_key;  // of the version it replaces; empty: none
    std::string content_sha256;
};

struct incoming_letter {
    letter_operation operation = letter_operation::initial;
    std::span<const incoming_document> documents;  // never empty
    std::string set_key;                           // by its own header
    bool names_set = true;                         // the header has a setId: else set_key is made of the document's id
    int version = 1;                               // by its own header
};

enum class admission_fault {
    document_reused =
        1,           // a known id with other content (a deletion: of another set), or documents of two letters in one
    not_latest,      // the document to delete has a newer version here
    deleted_already  // came again after its deletion
};

struct admission {
    std::optional<admission_fault> fault;
    std::optional<letter_row> known;  // the letter this one repeats: nothing else below counts
    std::string set_key;              // the parent's where it is known: old documents carry no setId
    int version = 1;                  // after its parent's and before that of a version which overtook it
    bool target_known = true;         // the replaced or deleted document came here
    bool content_differs = false;     // of a deletion: the bytes are not those that came to be sent
};

[[nodiscard]] admission admit(ports::reader& store, const incoming_letter& coming);

// A delivery of another letter of the set, with its letter.
struct earlier_delivery {
    letter_row letter;
    delivery_row row;
};

// Every delivery of the set with an earlier turn, in the order of turns.
[[nodiscard]] std::vector<earlier_delivery> earlier_deliveries(ports::reader& store, std::string_view set_key,
                                                               int turn);
// It was sent, is being sent, or may have been: the recipient has to be told of what follows.
[[nodiscard]] bool has_begun(ports::reader& store, const delivery_row& row);
// Waits to leave: for an address, its turn or another attempt.
[[nodiscard]] bool is_unsent(const delivery_row& row) noexcept;

struct mail_role {
    enum class kind { first_mail, replacement, deletion, nothing_to_delete };
    kind what = kind::first_mail;
    letter_id carried;             // whose documents leave: for a deletion, the last version that mailbox got, as sent
    std::string first_message_id;  // of the first mail of the set to this mailbox; empty: none
    std::optional<instant> earlier;  // date of the version that is replaced or deleted
    friend bool operator==(const mail_role&, const mail_role&) = default;
};

// Decided when the mail is sealed, since it hangs on what became of the mails before it.
[[nodiscard]] mail_role role_of_mail(ports::reader& store, const ports::vault& vault, const letter_row& letter,
                                     const delivery_row& row);
}
