-- Signed statements about the end of the ledger (relay/app/ledger_seals.hpp); append-only, as the ledger is.
CREATE TABLE ledger_seal (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    statement TEXT NOT NULL
);
CREATE TRIGGER ledger_seal_is_never_changed BEFORE UPDATE ON ledger_seal BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER ledger_seal_is_never_removed BEFORE DELETE ON ledger_seal BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
