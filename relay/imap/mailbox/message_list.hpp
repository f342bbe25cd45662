// relay/imap/mailbox/message_list.hpp: the messages of the selected mailbox as this client knows them (RFC 3501
// §2.3.1.2, §7.4.1). Sequence numbers change only when an EXPUNGE is reported; what other connections removed stays in
// the list until then. Not thread-safe: one connection owns it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "relay/imap/wire/command.hpp"
#include "relay/imap/wire/sequence_set.hpp"
#include "relay/pipeline/ports/mailbox.hpp"

namespace relay::imap {
enum class expunge_reports { allowed, withheld };  // withheld during FETCH, STORE and SEARCH (RFC 3501 §7.4.1)
enum class numbers_beyond { refused, ignored };    // FETCH and STORE refuse a sequence number that does not exist

struct list_updates {                     // to be reported in this order
    std::vector<std::uint32_t> expunged;  // sequence numbers, each counted after the removals before it
    std::optional<std::size_t> exists;    // set if messages arrived
    std::vector<std::size_t> changed;     // places of rows whose flags changed
};

class message_list {
public:
    explicit message_list(pipeline::ports::mailbox_snapshot snapshot);

    [[nodiscard]] std::size_t size() const { return rows_.size(); }
    [[nodiscard]] const pipeline::ports::message_row& at(std::size_t place) const
    {
        return rows_[place];
    }  // number is place + 1
    [[nodiscard]] std::optional<std::size_t> find(std::uint32_t uid) const;
    [[nodiscard]] std::uint64_t highest_modseq() const { return highest_modseq_; }

    // Places in ascending order, each once. None only for sequence numbers, under numbers_beyond::refused; a range with
    // "*" is cut to what exists, since clients send "1:*" to an empty mailbox. UIDs that do not exist are no error (RFC
    // 3501 §6.4.8).
    [[nodiscard]] std::optional<std::vector<std::size_t>> resolve(const sequence_set& set, addressing by,
                                                                  numbers_beyond beyond) const;

    // Merges overlapping ranges and replaces "*", for repeated look-ups.
    [[nodiscard]] sequence_set normalized(const sequence_set& set, addressing by) const;

    list_updates apply(const pipeline::ports::mailbox_changes& changes, expunge_reports reports);
    void update(const pipeline::ports::message_row& row);  // after a STORE of our own

private:
    [[nodiscard]] std::uint32_t largest(addressing by) const;
    void remove_gone(list_updates& out);

    std::vector<pipeline::ports::message_row> rows_;  // ascending UID
    std::set<std::uint32_t> gone_;                    // expunged, not yet reported
    std::uint64_t highest_modseq_ = 0;
};

[[nodiscard]] bool contains(const sequence_set& normalized, std::uint32_t number);
}
