// relay/pipeline/idle_mailboxes.hpp: the rule of idle_rule.hpp over the store (domain.md §10 rule 7). One unit each:
// the warning is put into the mailbox with the mark that it was; the closing (logins refused, mail answered 550 5.2.1);
// the destruction, page by page, with one event of the ledger that names the mailbox by its number. Each decides again
// in its unit, so a login in between keeps the mailbox, and a death between two steps loses and repeats none. Blocking:
// worker threads.
#pragma once

#include <functional>
#include <string>

#include "relay/pipeline/idle_rule.hpp"
#include "relay/pipeline/ports/mailbox_use.hpp"
#include "relay/pipeline/services.hpp"

namespace relay::pipeline {
struct idle_options {
    idle_policy policy;
    std::string node;  // in Message-ID
    std::string from;  // of the warning: an address of this node
    mime::zone zone;
};

struct idle_counts {
    std::size_t warned = 0;
    std::size_t closed = 0;
    std::size_t emptied = 0;  // mailboxes: of a plan
    std::size_t mails = 0;    // destroyed: of a run
};

// All that is due now. `going` is asked before each mailbox.
[[nodiscard]] result<idle_counts> end_idle_mailboxes(const services& with, const idle_options& options,
                                                     const std::function<bool()>& going);

// What the next run would do. Changes nothing.
[[nodiscard]] idle_counts idle_plan(ports::reader& store, instant now, const idle_policy& policy);

// A login of the owner, by user name. Written at most once a day, behind the caller's back: a login never waits for it
// nor fails by it.
void note_mailbox_use(ports::store& store, std::string_view user, instant now);

enum class reopening { done, not_closed, unknown };
// By a person: mail and logins are taken again; its year without use begins anew.
[[nodiscard]] result<reopening> reopen_mailbox(ports::store& store, std::string_view user, instant now);
}
