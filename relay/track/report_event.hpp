// relay/track/report_event.hpp: what a report proves about one delivery, as an event for the ledger (domain.md §4,
// mssante.md §6.5). Pure, any thread.
#pragma once

#include "mime/report/returned_mail.hpp"
#include "relay/pipeline/model.hpp"

namespace relay::track {
// `recipient`: which of the report's recipients is ours; not looked at for other kinds than dsn and bounce. nullopt: it
// says nothing new (dispatched, deleted and denied receipts, automatic replies, replies that dispute nothing). The
// evidence is a digest of the report's own id, so that the ledger names nobody and a repeat is known.
[[nodiscard]] std::optional<pipeline::event> event_of_report(const mime::report::returned_mail& report,
                                                             std::size_t recipient, pipeline::instant now);
}
