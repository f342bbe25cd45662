// relay/app/ledger_seals.hpp: statements about the end of the ledger, signed with the node's signing key (CMS,
// multipart/signed: `openssl cms -verify` reads them), and their verification. Whoever can write the database can redo
// the chain and its head; he cannot redo a statement that others hold (design.md §3.3). A statement names no patient.
#pragma once

#include "mime/smime/sign.hpp"
#include "relay/app/parts.hpp"

namespace relay::app {
// The text that is signed, without its MIME form.
struct ledger_statement {
    std::string node;  // [node] name
    std::int64_t sequence = 0;
    std::string hash;  // of the chain up to there, hex
    pipeline::instant at{};
    friend bool operator==(const ledger_statement&, const ledger_statement&) = default;
};
[[nodiscard]] std::string write_statement(const ledger_statement& from);
[[nodiscard]] std::optional<ledger_statement> read_statement(std::string_view entity);

// Signs the end of the ledger, if it has moved since the last statement, and keeps the statement in the store; also as
// a file of `copies`, a folder that may lie on another machine.
enum class sealing { done, not_moved };
[[nodiscard]] result<sealing> seal_ledger(store::sqlite_store& store, std::string_view node,
                                          const mime::smime::signer& by, const config::path& copies,
                                          pipeline::instant now);

enum class ledger_fault {
    none,
    chain,        // a row is missing, changed or added
    statement,    // signed by nobody we trust, or of another form
    rewritten,    // the chain holds in itself, but is not what was signed
    cut,          // it ends before what was signed
    declaration,  // of what was destroyed or recorded: not signed by us, or not what the event says
};
struct ledger_verdict {
    ledger_fault fault = ledger_fault::none;
    std::int64_t sequence = 0;  // where; without a fault, of the end
    std::size_t statements = 0;
    std::size_t expired = 0;  // events whose facts nobody can read any more; the chain holds over them
};
// Walks the chain, and holds it against the statements of the store and those of `others`, as exported or copied.
[[nodiscard]] result<ledger_verdict> verify_ledger(store::sqlite_store& store, const certs::trust_anchors& anchors,
                                                   const std::vector<std::string>& others);
}
