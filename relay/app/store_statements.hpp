// relay/app/store_statements.hpp: signed statements about events that concern the store as a whole: what a purge
// destroyed, figures of a closed period. Their facts hold counts and digests, no identity, so that a statement says in
// clear what the ledger seals. CMS, multipart/signed: `openssl cms -verify` reads them.
#pragma once

#include "certs/trust_anchors.hpp"
#include "mime/smime/sign.hpp"
#include "relay/store/sqlite.hpp"

namespace relay::app {
// Each such event that has none yet.
[[nodiscard]] result<std::size_t> sign_store_events(store::sqlite_store& store, std::string_view node,
                                                    const mime::smime::signer& by, pipeline::instant now);

// The first statement that nobody we trust has signed, or that says something else than its event; its sequence.
[[nodiscard]] result<std::optional<std::int64_t>> first_false_statement(store::sqlite_store& store,
                                                                        const certs::trust_anchors& anchors);
}
