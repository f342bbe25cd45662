// relay/pipeline/ports/retention.hpp: what the store is asked when content and traces come to their end (domain.md §10
// rule 7) and what it keeps of them: signed statements. Reached by reader::retention() and
// transaction::retention_changes(). Everything comes in pages of `limit`. Same threads and errors as ports/store.hpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/pipeline/model.hpp"

namespace relay::pipeline::ports {
struct letter_place {
    instant received_at = instant::min();
    letter_id id;
};

// Of an object, without its bytes.
struct object_facts {
    std::uint64_t length = 0;
    std::string sha256;  // of the clear bytes, 32 octets
};

// Something listed for people that still has its bytes.
struct kept_refusal {
    std::int64_t sequence = 0;
    blob_id content;
    instant at{};
};

// A statement of the node, signed (CMS), about one event of the ledger that is about the store as a whole.
struct store_statement {
    std::int64_t sequence = 0;  // of that event
    event_kind kind{};
    instant at{};
    std::string statement;
};

// The figures of one closed day as they were recorded; a further revision when late evidence changed them.
struct period_record {
    std::int32_t day = 0;  // cohort, since 1970-01-01
    std::int32_t revision = 1;
    instant at{};
    std::string counts;   // text of pipeline/period_records.hpp
    std::string changes;  // "j0 41 -> 42, ..."; empty in the first
};

class retention_reader {
public:
    virtual ~retention_reader() = default;
    [[nodiscard]] virtual std::optional<instant> last_event_at() = 0;  // as it was written, by the chain's order
    // Received until then, with their content, behind `place`, by age then id.
    [[nodiscard]] virtual std::vector<letter_row> letters_with_content(instant until, const letter_place& place,
                                                                       std::size_t limit) = 0;
    [[nodiscard]] virtual std::vector<kept_refusal> refusals_with_content(instant until, std::size_t limit) = 0;
    // Reports of ours on their way back, with their bytes; oldest first.
    [[nodiscard]] virtual std::vector<delivery_row> reports_with_content(instant until, std::size_t limit) = 0;
    [[nodiscard]] virtual std::optional<object_facts> object(const blob_id& id) = 0;
    // Transmission certificates that wait to be written and are due, those put off behind the others; all of a letter,
    // oldest first.
    [[nodiscard]] virtual std::vector<ack_row> certificates_waiting(instant now, std::size_t limit) = 0;
    [[nodiscard]] virtual std::vector<ack_row> certificates_of(const letter_id& id) = 0;

    // Events about the store as a whole with a sequence above `after`, in order.
    [[nodiscard]] virtual std::vector<event> store_events(std::int64_t after, std::size_t limit) = 0;
    [[nodiscard]] virtual std::vector<store_statement> statements() = 0;  // oldest first
    [[nodiscard]] virtual std::int64_t last_statement() = 0;              // its event's sequence; 0: none
    // [from, to), by day and revision; without their counts: a year of them is megabytes.
    [[nodiscard]] virtual std::vector<period_record> records(std::int32_t from, std::int32_t to) = 0;
    [[nodiscard]] virtual std::optional<period_record> last_record(std::int32_t day) = 0;
    [[nodiscard]] virtual std::vector<std::int32_t> changed_days(std::size_t limit) = 0;
    // Those of [from, to), in order: their traces expired, so that no facts are left of them.
    [[nodiscard]] virtual std::vector<std::int32_t> frozen_days(std::int32_t from, std::int32_t to) = 0;
    // The first day with facts, from `day` on, that has no record yet.
    [[nodiscard]] virtual std::optional<std::int32_t> next_unrecorded(std::int32_t day) = 0;
};

class retention_writer : public retention_reader {
public:
    // What this unit removes is overwritten in the database as well, at the price of more writing.
    virtual void erase_thoroughly() = 0;
    virtual void forget_refusal(std::int64_t sequence) = 0;  // its bytes and file name
    virtual void forget_ack_names(const letter_id& id) = 0;  // file names of those that are done
    // It could not be written: after 10 minutes again, then 20, 40, and every hour.
    virtual void put_off_certificate(std::int64_t sequence, instant now) = 0;
    virtual void add_statement(const store_statement& row) = 0;
    virtual void add_record(const period_record& row) = 0;
    virtual void day_is_recorded(std::int32_t day) = 0;  // nothing changed since
};
}
