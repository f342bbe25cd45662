// relay/pipeline/model.hpp: the words of the pipeline as plain values: stays, letters, deliveries, events (domain.md
// §1, §4, §8). Rows hold no identity in clear: what names a patient or an address is a sealed field or a keyed HMAC
// (design.md §3.4). Pure data: no behaviour but the names of enumerators, safe to copy and to use from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/base/clock.hpp"
#include "relay/base/ids.hpp"

namespace relay::pipeline {
using base::instant;
using stay_id = base::id<struct stay_tag>;
using letter_id = base::id<struct letter_tag>;
using delivery_id = base::id<struct delivery_tag>;
using blob_id = base::id<struct blob_tag>;

// domain.md §4. `deferred` is a sub-state of queued, `uncertain` of sending.
enum class delivery_state {
    received,
    held,
    queued,
    deferred,
    sending,
    uncertain,
    accepted,
    confirmed,
    displayed,
    processed,
    rejected_by_software,
    failed,
    undeliverable,
    cancelled,
    superseded,
    other_channel
};
// domain.md §8, and what has to be told apart beside it. What each means is in causes.hpp.
enum class cause {
    none,
    no_doctor,
    doctor_unknown,
    no_mailbox,
    ambiguous,
    closed,
    no_certificate,
    mailbox_full,
    too_big,
    untrusted_domain,
    tls_refused,
    peer_down,
    reply_lost,
    expired,
    content_refused,
    filing_900,  // an MDN says that the recipient's software could not file it (mssante.md §3.4)
    filing_901,
    filing_902,
    filing_903,
    filing_904,
    filing_905,
    filing_906,
    disputed,
    minor_patient,    // hidden from the representatives of a minor, whose mailbox they read (mssante.md §2.6)
    address_refused,  // no address of a patient: 15 digits before patient.mssante.fr (§2.8)
    unknown
};
enum class event_kind {
    stay_admitted,
    stay_admission_cancelled,
    stay_moved,
    stay_move_cancelled,
    stay_discharged,
    stay_discharge_cancelled,
    stay_excluded,  // about a stay
    letter_received,
    letter_matched,  // about a letter
    held,
    routed,
    sealed,
    attempt_started,
    accepted,
    deferred,
    refused,
    reply_lost,  // about a delivery: our own acts
    warned,      // it has not left in time (domain.md §4): changes no state
    undeliverable,
    requeued,
    cancelled,
    superseded,
    other_channel,
    report_delivered,
    report_relayed,
    report_delayed,
    report_failed,  // DSN (RFC 3464)
    displayed,
    processed,
    software_rejected,  // MDN (RFC 8098)
    disputed,           // a reply: the addressee says that the letter is not for him
    work_assigned,
    work_snoozed,
    work_done,        // a person about a line of the worklist (worklist.hpp): changes no state
    handed_over,      // about a stay: the letter was handed to the patient (domain.md §2)
    content_expired,  // about a letter: its content was destroyed (domain.md §10 rule 7)
    content_purged,   // about the store as a whole: what one page of a purge destroyed
    period_recorded,  // about the store as a whole: the figures of a closed day, or others than were recorded
    traces_expired,   // about the store as a whole: rows of a month gone, its counts kept
    mailbox_warned,
    mailbox_closed,
    mailbox_reopened  // about the store as a whole: a mailbox that nobody uses (idle_mailboxes.hpp), by its number
};
// Such an event names no stay, letter or delivery.
[[nodiscard]] constexpr bool is_about_the_store(event_kind kind) noexcept
{
    return kind == event_kind::content_purged || kind == event_kind::period_recorded ||
           kind == event_kind::traces_expired || kind == event_kind::mailbox_warned ||
           kind == event_kind::mailbox_closed || kind == event_kind::mailbox_reopened;
}
// domain.md §3 rule 1: where the discharge instant comes from. Lower is better.
enum class discharge_quality { exact, movement, event, document, date_only };
// A report is a DSN of ours on its way back: no patient data, TLS only. A mail was submitted by a person for another
// operator: no letter of the hospital, counted nowhere among them (submitted_mail.hpp).
enum class delivery_kind { letter, report, mail };
enum class recipient_role { treating_doctor, professional, organisation, patient };
enum class ack_kind { shared_record, reception, reading, certificate };  // ZAM^Z01, Z02, Z03; always a file
enum class ack_outcome { positive, negative };
enum class ack_state { waiting, done, parked };  // parked: refused by the hospital's software (AE), for a person
enum class ack_channel { none, file, mllp };
enum class submission_form { hl7_mdm, cda, pdf_sidecar, hl7_adt };
enum class movement_action { insert, update };  // a cancellation is an event kind of its own
// How a letter came to its stay. `open`: no stay of the ADT feed was found, a person may name it.
enum class match_state { open, number, identity, person };
enum class letter_operation { initial, replace, remove };  // mssante.md §2.1

[[nodiscard]] std::string_view name(delivery_state value) noexcept;
[[nodiscard]] std::string_view name(cause value) noexcept;
[[nodiscard]] std::string_view name(event_kind value) noexcept;
[[nodiscard]] std::string_view name(discharge_quality value) noexcept;
[[nodiscard]] std::string_view name(delivery_kind value) noexcept;
[[nodiscard]] std::string_view name(recipient_role value) noexcept;
[[nodiscard]] std::string_view name(submission_form value) noexcept;
[[nodiscard]] std::string_view name(letter_operation value) noexcept;
[[nodiscard]] std::string_view name(movement_action value) noexcept;
[[nodiscard]] std::string_view name(match_state value) noexcept;
[[nodiscard]] std::string_view name(ack_kind value) noexcept;
[[nodiscard]] std::string_view name(ack_outcome value) noexcept;
[[nodiscard]] std::string_view name(ack_state value) noexcept;
[[nodiscard]] std::string_view name(ack_channel value) noexcept;
// The reverse of name(); nullopt for an unknown word.
template <class Enum>
[[nodiscard]] std::optional<Enum> from_name(std::string_view text) noexcept;
template <>
[[nodiscard]] std::optional<cause> from_name<cause>(std::string_view text) noexcept;

// Of an event about a stay that the ADT feed told: one message about one movement (IHE PAM France). Several messages
// may be about one movement: stay_fold says which is right.
struct movement_facts {
    std::string id;  // ZBE-1; may be empty
    movement_action action = movement_action::insert;
    std::optional<instant> recorded;  // EVN-2, or when a document was written: orders what is said about one stay
    std::optional<instant> at;        // of an admission or a transfer; of a discharge, the admission it names
    std::string patient_class;        // PV1-2
    std::string service;              // UF code
    std::string treating_rpps;
    std::string identity_key, traits_key;  // keyed HMACs, as in stay_row
    friend bool operator==(const movement_facts&, const movement_facts&) = default;
};

// What a person says in words of ours, never in free text: about a line of the worklist, another channel, an exclusion.
struct said_facts {
    std::string to;             // who shall see to it; empty: nobody in particular any more
    std::optional<instant> at;  // snoozed until; when the other channel was used
    std::string reason;         // a code of work_words.hpp
    std::string about;          // the state in which he saw it: what he said ends with it
    friend bool operator==(const said_facts&, const said_facts&) = default;
};

// What an event says beside its kind. Which members are used depends on the kind; kept encrypted in the ledger.
struct event_facts {
    cause why = cause::none;
    int smtp_code = 0;            // three digits, 0 when there was no reply
    std::string enhanced_status;  // RFC 3463, "5.1.1"
    std::string peer;             // host of the next hop, never a full address
    std::string tls;              // "TLSv1.3 TLS_AES_256_GCM_SHA384"
    int attempt = 0;
    std::optional<instant> discharge;
    discharge_quality quality = discharge_quality::exact;
    std::string flags;      // space-separated: ambiguous_time, mt_assumed, crh_as_letter, ...
    std::string evidence;   // id of the report this was read from: the same report applied twice changes nothing
    std::string peer_text;  // words of the peer: shown to operators only, never logged
    std::string actor;      // the person who did it; empty for what happens by itself
    movement_facts movement;
    said_facts said;
    friend bool operator==(const event_facts&, const event_facts&) = default;
};

// Exactly one of stay, letter, delivery is set; none for what is about the store.
struct event {
    std::int64_t sequence = 0;  // given by the ledger
    instant at{};               // our own clock
    event_kind kind{};
    stay_id stay;
    letter_id letter;
    delivery_id delivery;
    event_facts facts;
};

struct stay_row {
    stay_id id;
    std::string visit_key;             // HMAC of PV1-19 in its establishment; empty if unknown
    std::string file_key;              // HMAC of PID-18; empty if unknown
    std::string establishment;         // FINESS or site code, allowed in logs
    std::string service;               // UF code, allowed in logs
    std::string treating_rpps;         // from the ADT feed; empty if not given
    std::optional<instant> admission;  // projections of the stay's events
    std::optional<instant> discharge;
    discharge_quality quality = discharge_quality::exact;
    std::string flags;
    std::string exclusion;  // empty, or the code of domain.md §5
    instant created_at{};
    std::string details;        // sealed field (details.hpp)
    std::string patient_class;  // PV1-2
    std::string identity_key;   // HMAC of the INS; empty if unknown
    std::string traits_key;     // HMAC of birth name, first given name, birth date and sex; empty if incomplete
    bool in_feed = false;       // the ADT feed knows it; else only a letter spoke of it
};

struct letter_row {
    letter_id id;
    stay_id stay;  // empty until matched
    submission_form form{};
    std::string document_key;  // HMAC of ClinicalDocument/id
    std::string set_key;       // HMAC of setId (or of the document id when there is none)
    int version = 1;
    std::string type_code;       // LOINC, "11490-0"
    std::string content_sha256;  // of the CDA bytes, hex
    blob_id document;            // the CDA, as received or as written by us
    std::string establishment;
    std::string service;
    std::string treating_rpps;  // domain.md §3 rule 5; empty when none was given
    std::string flags;
    std::string
        source_name_key;  // HMAC of the spool file's name: the same file found again after a crash gets the same answer
    instant received_at{};
    std::optional<instant> signed_at;
    std::string details;  // sealed field: names for subject and body, MSH of the message, recipients as given
    letter_operation operation = letter_operation::initial;
    std::string parent_key;    // HMAC of the replaced document's id; empty for any other operation
    std::string completeness;  // of the first document, text of pipeline/completeness: ids and places only
};

// A letter carries one document in its own row; any further one (CDA N1 and N3 of one ORU) has a row of its own.
struct letter_document_row {
    letter_id letter;
    int place = 2;             // 2, 3...: the first is the letter's own
    std::string document_key;  // as in letter_row
    std::string parent_key;
    std::string type_code;
    std::string content_sha256;
    blob_id document;
    std::string completeness;
};

// What a letter says of its stay, kept to match it again when the ADT feed knows more. Keys are keyed HMACs, as in
// stay_row.
struct letter_clues {
    letter_id letter;
    match_state state = match_state::open;
    std::string visit_key, file_key, identity_key, traits_key;
    std::optional<instant> starts;  // admission, by the letter
    std::optional<instant> ends;    // discharge, by the letter
    discharge_quality ends_quality = discharge_quality::document;
    std::string ends_flags;
    instant written{};  // when the letter was written
};

// Of the addressee, by the directory when it was routed (domain.md §5 "Breakdowns"). Public data; empty: not known.
struct addressee_facts {
    std::string structure;   // its id in the directory: FINESS...
    std::string kind;        // of structure: word of pipeline/addressee.hpp
    std::string profession;  // code
    std::string department;  // "75"
    friend bool operator==(const addressee_facts&, const addressee_facts&) = default;
};

struct delivery_row {
    delivery_id id;
    delivery_kind kind = delivery_kind::letter;
    letter_id letter;  // of a letter only
    recipient_role role = recipient_role::professional;
    std::string recipient_key;  // HMAC of the address, or of the RPPS while no address is known
    std::string recipient;      // sealed field: address, name, RPPS; of a mail its envelope
    std::string domain;         // of the address, lower case; empty while unknown
    std::string set_key;        // of the letter, so that versions leave in order
    int version = 1;
    delivery_state state = delivery_state::received;  // projection: fold of this delivery's events
    cause why = cause::none;
    int attempts = 0;
    instant created_at{};
    instant next_try{};
    std::optional<instant> accepted_at;
    std::optional<instant> confirmed_at;
    std::string message_id;  // without angle brackets; empty until sealed
    std::string envid;       // RFC 3461; empty until sealed
    blob_id mail;            // the sealed bytes; empty until sealed
    std::string sealed_sha256;
    std::int64_t lease = 0;  // fencing number: an outcome recorded under another lease is refused
    int turn = 0;            // order inside a set and mailbox: turn_of(version, operation)
    // What the letter has to be accepted by (domain.md §3): the next goal that can still be met, and the last one.
    instant deadline{};
    instant last_deadline{};
    std::uint64_t octets = 0;           // of the sealed mail; 0 until sealed
    std::optional<instant> warned_at;   // people were told that it has not left in time
    cause first_trouble = cause::none;  // of the first routing or the first attempt, none if both went well
    addressee_facts addressee;
};

// Goals of one delivery in time: J0, then 48 h. Past both, it leaves after all that can still be in time, in its order.
struct delivery_goals {
    instant first{};
    instant last{};
};
inline constexpr std::chrono::hours past_all_goals{24 * 365 * 100};
[[nodiscard]] constexpr instant next_deadline(const delivery_goals& goals, instant now) noexcept
{
    if (goals.first > now) return goals.first;
    return goals.last > now ? goals.last : goals.last + past_all_goals;
}

// What is tried again is due at its time, and also when that is further away than any pause: a clock that was ahead
// wrote it, and is no longer.
struct due_times {
    instant until{};
    instant beyond{};
    [[nodiscard]] constexpr bool hold(instant at) const noexcept { return at <= until || at > beyond; }
};

// Something of one domain waits in the queue.
struct queue_lane {
    std::string domain;
    std::optional<instant> soonest;   // deadline, of what is ready to leave
    std::optional<instant> next_try;  // of what is tried again: the first
    std::optional<instant> last_try;  // and the last
};
struct due_delivery {
    delivery_id id;
    instant deadline{};
};
// Where somebody who goes through the deliveries of one state has come to; at first before all of them.
struct delivery_place {
    delivery_state state = delivery_state::held;
    instant created_at = instant::min();
    delivery_id id;
};
struct domain_hold {
    std::string domain;
    instant since{};
    std::string actor;
};

// Versions leave in order, the deletion of one right after it and before the next.
[[nodiscard]] constexpr int turn_of(int version, letter_operation operation) noexcept
{
    return 2 * version + (operation == letter_operation::remove ? 1 : 0);
}

// A file that was refused: the bytes are kept as a vault object.
struct refusal_row {
    blob_id content;
    instant at{};
    std::string form;             // "hl7", "cda", "pdf", "unknown"
    std::string code;             // "AE 203", "SIDECAR_FIELD", ...
    std::string field;            // place, never a value
    std::string message;          // French, what to do; never a value
    std::string source_name;      // sealed field: the file's name
    std::string source_name_key;  // HMAC of the name and content: the same file found again gets the same answer
};

// A business acknowledgement to the hospital's software (ZAM, mssante.md §3.3). It stays once told, without its
// content: so that the same news is told once, and a person can see what was told.
struct ack_row {
    std::int64_t sequence = 0;  // given by the store
    std::string file_name;      // sealed field
    std::string content;        // sealed field; empty once done
    ack_kind kind = ack_kind::reception;
    ack_outcome outcome = ack_outcome::positive;
    std::string control_id;  // MSH-10 of ours, the same at each attempt
    letter_id letter;        // those of one letter are told in their order
    delivery_id delivery;    // empty for what is about the message as a whole
    ack_state state = ack_state::waiting;
    ack_channel channel = ack_channel::none;  // by which it went; chosen by the settings when it goes
    int attempts = 0;
    instant next_try{};
};
}
