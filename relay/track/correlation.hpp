// relay/track/correlation.hpp: which delivery a mail that came back is about, in the order of mssante.md §6.4: ENVID,
// the Message-ID that an MDN names, the one of the mail given back, In-Reply-To and References. All hold 128 random
// bits: who names one has seen our mail. The uniqueId of a returned document (§6.4, 6) is no such secret and matches
// nothing. Inside a store unit or a read; worker threads.
#pragma once

#include "mime/report/returned_mail.hpp"
#include "relay/pipeline/ports/store.hpp"
#include "relay/pipeline/ports/vault.hpp"

namespace relay::track {
enum class match_outcome {
    unknown,  // it names no letter of ours
    matched,
    contradictory,    // it names two
    other_recipient,  // ours, but it reports on somebody we did not send to
};

struct match {
    match_outcome outcome = match_outcome::unknown;
    std::optional<pipeline::delivery_row> row;  // unless unknown
    std::size_t recipient = 0;                  // dsn, bounce: which of the report's recipients is ours
};

// A report on delivery must name the address we sent to, as its final or original recipient; of two that do, the failed
// one counts. One that names nobody at all is about the only recipient the mail had. A receipt may come from another
// mailbox: mail is passed on inside an organisation (§6.1), and its Message-ID shows that it got there.
[[nodiscard]] match correlate(pipeline::ports::reader& store, const pipeline::ports::vault& vault,
                              const mime::report::returned_mail& mail);
}
