// relay/pipeline/ports/worklist.hpp: what the worklist asks of the store. Everything is read from indexes that hold
// open stays and deliveries that need a person only, so that it costs what is shown, not what was ever sent. Inside a
// read or a unit of ports::store; throws as its other questions do.
#pragma once

#include "relay/pipeline/ports/store.hpp"
#include "relay/pipeline/worklist.hpp"

namespace relay::pipeline::ports {
class mailbox_use_reader;
class mailbox_use_writer;
class notice_reader;
class notice_writer;
class watch_reader;
class watch_writer;

class work_reader {
public:
    virtual ~work_reader() = default;
    [[nodiscard]] virtual notice_reader& notices() = 0;            // ports/notices.hpp
    [[nodiscard]] virtual watch_reader& watch() = 0;               // ports/watch.hpp
    [[nodiscard]] virtual mailbox_use_reader& mailbox_uses() = 0;  // ports/mailbox_use.hpp
    // That have something which may ask for a person, by code; "" for what belongs to none. O(services).
    [[nodiscard]] virtual std::vector<std::string> services_with_work() = 0;
    // Of one service, what still can keep J0: of about a day.
    [[nodiscard]] virtual std::vector<work_evidence> work_before_j0(std::string_view service, instant now) = 0;
    // Of one service, the others behind `after`, by the end of their 48 h, then id.
    [[nodiscard]] virtual std::vector<work_evidence> work_after_j0(std::string_view service, instant now,
                                                                   const work_place& after, std::size_t limit) = 0;
    // Whether it asks for a person is about_of()'s to say.
    [[nodiscard]] virtual std::optional<work_evidence> find_work(std::string_view item) = 0;
};

class work_writer {
public:
    virtual ~work_writer() = default;
    [[nodiscard]] virtual notice_writer& notice_changes() = 0;
    [[nodiscard]] virtual watch_writer& watch_changes() = 0;
    [[nodiscard]] virtual mailbox_use_writer& mailbox_use_changes() = 0;
    virtual void save_said(const work_said& said) = 0;  // the last words about an item: the event's projection
    // For a line that the ledger has no subject for: append-only.
    virtual void add_to_log(const work_said& said, event_kind act) = 0;
};
}
