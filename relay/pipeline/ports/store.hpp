// relay/pipeline/ports/store.hpp: the one store interface (design.md §5). Engines: relay/store/sqlite (PostgreSQL
// later). Writes are group-committed: one writer thread gathers what is waiting (up to 2 ms or 64 units), runs each
// unit under a savepoint, commits with full durability, then resumes the callers. A unit that throws is rolled back
// alone. Reads see a committed snapshot, on the caller's thread. All calls block: use them from worker threads only.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/base/result.hpp"
#include "relay/pipeline/model.hpp"
#include "relay/pipeline/ports/retention.hpp"
#include "relay/pipeline/ports/returned_mail.hpp"
#include "relay/pipeline/ports/vault.hpp"
#include "relay/pipeline/stay_facts.hpp"

namespace relay::pipeline::ports {
// Mail for a hosted mailbox; what IMAP serves is computed once, here (design.md §5). Strings are sealed by the store.
struct new_message {
    std::string address;          // of the mailbox, lower-case domain
    std::string message_id;       // may be empty
    std::string received_sha256;  // of the bytes as received, before our trace header: hex (design.md §3.2)
    sealed_object content;        // with our trace header
    std::uint64_t rfc822_size = 0;
    std::string envelope;        // RFC 3501 ENVELOPE
    std::string body;            // BODY
    std::string body_structure;  // BODYSTRUCTURE
    std::string sections;        // offsets of the parts, as message_structure in ports/mailbox.hpp gives them back
    instant received_at{};
};
enum class stored_as { new_message, duplicate };

struct account_row {
    std::string user;  // login name
    std::string address;
    std::string password_hash;  // argon2id, encoded form
    bool enabled = true;
};

struct submission_answer {
    letter_id letter;    // empty for a refusal or an ADT
    std::string answer;  // the acknowledgement already given, clear
};

struct queue_counts {
    std::map<delivery_state, std::int64_t> deliveries;
    std::int64_t refusals = 0;
    std::int64_t acks_waiting = 0;
    std::int64_t acks_parked = 0;
    std::int64_t letters = 0;
    std::int64_t stays = 0;
    std::int64_t queue_octets = 0;       // sealed mail that waits or is under way
    std::optional<instant> oldest_open;  // created_at of the oldest delivery that is neither final nor accepted
};

// Of the stays' facts: cohorts by local discharge day.
struct facts_query {
    std::int32_t from = 0;  // first day, since 1970-01-01
    std::int32_t to = 0;    // the day after the last
    std::string service;    // empty: all
};

class work_reader;
class work_writer;

class reader {
public:
    virtual ~reader() = default;
    [[nodiscard]] virtual work_reader& work() = 0;  // what the worklist is derived from (ports/worklist.hpp)
    [[nodiscard]] virtual std::optional<letter_row> letter(const letter_id& id) = 0;
    // The letter that brought this document, as its first or a further one; never a removal.
    [[nodiscard]] virtual std::optional<letter_row> letter_by_document(std::string_view document_key) = 0;
    // The letter that asks for this document, brought by another, to be deleted.
    [[nodiscard]] virtual std::optional<letter_row> removal_of_document(std::string_view document_key) = 0;
    // Those that came to replace this document, whether it has come itself or not.
    [[nodiscard]] virtual std::vector<letter_row> letters_replacing(std::string_view document_key) = 0;
    // Beside the letter's own, in their order.
    [[nodiscard]] virtual std::vector<letter_document_row> further_documents(const letter_id& id) = 0;
    [[nodiscard]] virtual std::vector<letter_row> letters_of_stay(const stay_id& id) = 0;
    [[nodiscard]] virtual std::vector<letter_row> letters_of_set(
        std::string_view set_key) = 0;  // by version, then as they came
    [[nodiscard]] virtual std::vector<letter_row> letters_received(instant from, instant to) = 0;
    [[nodiscard]] virtual std::optional<stay_row> stay(const stay_id& id) = 0;
    [[nodiscard]] virtual std::optional<stay_row> stay_by_key(std::string_view visit_key,
                                                              std::string_view file_key) = 0;
    // [from, to), and the admissions of that period that were cancelled before any discharge.
    [[nodiscard]] virtual std::vector<stay_row> stays_discharged(instant from, instant to) = 0;
    // With the identity, or with the traits where either has no identity; at most 1000, the newest first.
    [[nodiscard]] virtual std::vector<stay_row> stays_of_person(std::string_view identity_key,
                                                                std::string_view traits_key) = 0;
    [[nodiscard]] virtual std::vector<stay_row> stays_after(std::string_view id, std::size_t limit) = 0;  // by id
    // By day; nothing but `each` may be done meanwhile.
    virtual void read_facts(const facts_query& wanted, const std::function<void(const stay_facts&)>& each) = 0;
    // What the facts were derived with, as save_facts_basis left it; empty at first.
    [[nodiscard]] virtual std::string facts_basis() = 0;
    [[nodiscard]] virtual std::optional<letter_clues> clues_of(const letter_id& id) = 0;
    // Of the letters that share a number or the person with this stay, or belong to it; at most 1000, the newest first.
    [[nodiscard]] virtual std::vector<letter_clues> clues_like(const stay_row& stay) = 0;
    [[nodiscard]] virtual std::vector<letter_clues> open_matches(std::size_t limit) = 0;  // newest first
    [[nodiscard]] virtual std::optional<delivery_row> delivery(const delivery_id& id) = 0;
    [[nodiscard]] virtual std::optional<delivery_row> delivery_by_envid(std::string_view envid) = 0;
    [[nodiscard]] virtual std::optional<delivery_row> delivery_by_message_id(std::string_view message_id) = 0;
    [[nodiscard]] virtual std::vector<delivery_row> deliveries_of_letter(const letter_id& id) = 0;
    [[nodiscard]] virtual std::vector<delivery_row> deliveries_in(delivery_state state, std::size_t limit) = 0;
    // By age, then id: those behind `place`, which need not exist any more. O(limit).
    [[nodiscard]] virtual std::vector<delivery_row> deliveries_behind(const delivery_place& place,
                                                                      std::size_t limit) = 0;
    // Domains with something queued, deferred or uncertain, but those on hold; by name. O(domains).
    [[nodiscard]] virtual std::vector<queue_lane> lanes() = 0;
    // Of one domain, what is queued, or deferred or uncertain with next_try <= now: the soonest deadline first; without
    // those that must wait for one with an earlier turn in the same set to the same recipient. O(limit).
    [[nodiscard]] virtual std::vector<due_delivery> due_deliveries(std::string_view domain, instant now,
                                                                   std::size_t limit) = 0;
    // Of one kind: queued, deferred or uncertain, created until then and nobody warned; oldest first.
    [[nodiscard]] virtual std::vector<delivery_row> unwarned_deliveries(delivery_kind kind, instant until,
                                                                        std::size_t limit) = 0;
    // Some delivery of kind `mail` has these bytes.
    [[nodiscard]] virtual bool is_mail_in_use(const blob_id& bytes) = 0;
    [[nodiscard]] virtual std::vector<domain_hold> domain_holds() = 0;  // by name
    [[nodiscard]] virtual bool is_on_hold(std::string_view domain) = 0;
    [[nodiscard]] virtual std::vector<event> events_of(const stay_id& id) = 0;
    [[nodiscard]] virtual std::vector<event> events_of(const letter_id& id) = 0;
    [[nodiscard]] virtual std::vector<event> events_of(const delivery_id& id) = 0;
    [[nodiscard]] virtual std::vector<refusal_row> refusals(std::size_t limit) = 0;              // newest first
    [[nodiscard]] virtual std::vector<ack_row> acks_in(ack_state state, std::size_t limit) = 0;  // oldest first
    // Waiting, their next_try among those times, oldest first; without those behind another one of their letter.
    [[nodiscard]] virtual std::vector<ack_row> due_acks(const due_times& times, std::size_t limit) = 0;
    [[nodiscard]] virtual std::vector<ack_row> acks_of(const letter_id& id) = 0;  // oldest first
    [[nodiscard]] virtual std::optional<ack_row> ack_by_control_id(std::string_view control_id) = 0;
    // The answer given to a file or message with this key before, if any.
    [[nodiscard]] virtual std::optional<submission_answer> answered(std::string_view submission_key) = 0;
    [[nodiscard]] virtual std::optional<sealed_object> blob(const blob_id& id) = 0;
    [[nodiscard]] virtual std::vector<account_row> accounts() = 0;
    [[nodiscard]] virtual std::optional<account_row> account_by_address(std::string_view address) = 0;
    [[nodiscard]] virtual std::optional<account_row> account_by_user(std::string_view user) = 0;
    [[nodiscard]] virtual queue_counts counts() = 0;
    [[nodiscard]] virtual retention_reader& retention() = 0;
};

class transaction : public reader {
public:
    [[nodiscard]] virtual work_writer& work_changes() = 0;  // what people said of it
    virtual void add_blob(const sealed_object& object) = 0;
    virtual void remove_blob(const blob_id& id) = 0;
    virtual void save_stay(const stay_row& row) = 0;       // insert or update, by id
    virtual void save_facts(const stay_facts& facts) = 0;  // insert or update, by stay
    virtual void remove_facts(const stay_id& stay) = 0;
    virtual void save_facts_basis(std::string_view basis) = 0;
    virtual void save_letter(const letter_row& row) = 0;
    virtual void save_letter_document(const letter_document_row& row) = 0;  // insert or update, by letter and place
    virtual void save_clues(const letter_clues& row) = 0;                   // of a letter that is saved
    virtual void save_delivery(const delivery_row& row) = 0;
    virtual void hold_domain(const domain_hold& row) = 0;     // the first hold stands
    virtual bool resume_domain(std::string_view domain) = 0;  // false: was not on hold
    // What of this domain waits for another try after `beyond`, which is now or later, is due now; how many, `limit` at
    // most.
    virtual std::size_t make_due(std::string_view domain, instant now, instant beyond, std::size_t limit) = 0;
    // Moves deadlines that have passed to the next one; how many, `limit` at most.
    virtual std::size_t roll_deadlines(std::string_view domain, instant now, std::size_t limit) = 0;
    virtual std::int64_t append(const event& entry) = 0;  // to the hash-chained ledger; returns its sequence
    virtual void add_refusal(const refusal_row& row) = 0;
    virtual void add_ack(const ack_row& row) = 0;
    virtual void save_ack(const ack_row& row) = 0;  // its content, state, channel, attempts, next_try; by sequence
    virtual void add_answer(std::string_view submission_key, const submission_answer& answer) = 0;  // the last counts
    virtual stored_as add_message(const new_message& message) = 0;  // gives UID and modification sequence
    virtual void save_account(const account_row& row) = 0;
    [[nodiscard]] virtual returned_mails& returned() = 0;  // of this unit
    [[nodiscard]] virtual retention_writer& retention_changes() = 0;
};

class store {
public:
    using unit = std::function<void(transaction&)>;
    virtual ~store() = default;
    // Queues a unit; `done` is called on the writer thread once it is durable, or with the error that undid it.
    virtual void write(unit work, std::function<void(result<void>)> done) = 0;
    // The same, waiting. store_errc::disk_full, ::busy, ::failed, ::closed.
    [[nodiscard]] virtual result<void> write(unit work) = 0;
    [[nodiscard]] virtual result<void> read(const std::function<void(reader&)>& work) = 0;
    // Walks the whole ledger; the sequence of the first broken link, if any.
    [[nodiscard]] virtual result<std::optional<std::int64_t>> verify_ledger() = 0;
};
}
