// relay/imap/engine/selected.hpp: the selected mailbox and the long-running commands over it, which go step by step so
// that neither memory nor a worker thread is held for the length of a mailbox. Not thread-safe. Calls the mailbox port,
// which blocks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "relay/imap/engine/output.hpp"
#include "relay/imap/mailbox/message_list.hpp"
#include "relay/imap/wire/command.hpp"
#include "relay/pipeline/ports/mailbox.hpp"

namespace relay::imap {
struct selected_mailbox {
    std::unique_ptr<pipeline::ports::open_mailbox> store;
    message_list messages;
    pipeline::ports::mailbox_access access = pipeline::ports::mailbox_access::read_only;
};

void append_fetch_flags(std::string& out, const selected_mailbox& mailbox, std::size_t place, addressing by);

// Untagged EXPUNGE, EXISTS and FETCH for what changed since the last look. A store that cannot answer now is asked
// again later.
void append_updates(output& out, selected_mailbox& mailbox, expunge_reports reports, addressing by);

enum class progress {
    more,   // call step() again
    flush,  // send everything, then call step() again
    pause,  // let others have the worker
    done    // reply() has the tagged answer
};

// One command that is carried out in steps.
class job {
public:
    virtual ~job() = default;
    [[nodiscard]] virtual progress step(output& out) = 0;
    [[nodiscard]] virtual std::string reply() const = 0;  // after the tag: "OK FETCH completed"
    [[nodiscard]] virtual addressing by() const = 0;
};

struct job_limits {
    std::size_t structures_per_batch = 64;
    std::size_t searched_per_step = 4096;  // messages looked at by their row only
    std::size_t loads_per_step = 16;       // messages a SEARCH reads before it pauses
};

// `mailbox` outlives the job. `places` are of mailbox.messages, which is not renumbered while the job lasts.
[[nodiscard]] std::unique_ptr<job> make_fetch(selected_mailbox& mailbox, fetch_arguments arguments, addressing by,
                                              std::vector<std::size_t> places, const job_limits& limits);
[[nodiscard]] std::unique_ptr<job> make_search(selected_mailbox& mailbox, search_arguments arguments, addressing by,
                                               const job_limits& limits);
}
