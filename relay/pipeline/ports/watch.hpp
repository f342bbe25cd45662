// relay/pipeline/ports/watch.hpp: what the watch on misrouting (relay/pipeline/watch.hpp) asks of the store, and its
// warnings. Counters move with the deliveries they count, in the same unit. Throws as ports::store does.
#pragma once

#include "relay/pipeline/ports/store.hpp"
#include "relay/pipeline/watch.hpp"

namespace relay::pipeline::ports {
class watch_reader {
public:
    virtual ~watch_reader() = default;
    // By key, those behind `after`; their counters as of `day` (days since 1970-01-01 UTC).
    [[nodiscard]] virtual std::vector<mailbox_history> mailboxes_behind(std::string_view after, std::int64_t day,
                                                                        std::size_t limit) = 0;
};

class watch_writer {
public:
    virtual ~watch_writer() = default;
    // The warnings that counters give about one mailbox, all of them: others of those kinds end.
    virtual void save_findings(const mailbox_history& of, std::span<const mailbox_finding> findings, instant at) = 0;
    // Stands until a person has dealt with it; counted when it comes again.
    virtual void add_mismatch(std::string_view mailbox, std::string_view domain, const letter_id& letter,
                              instant at) = 0;
    virtual void forget_days_before(std::int64_t day) = 0;
};
}
