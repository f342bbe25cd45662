-- The end of content and of traces (domain.md §10 rule 7), closed periods (§5), and who the addressee is (§5).

-- Facts of an event are sealed under a key of their own, which is not chained: without it they cannot be read, and the
-- chain holds. NULL: an event from before, under the node's key; empty: the key was destroyed.
ALTER TABLE event ADD COLUMN key BLOB;
DROP TRIGGER event_is_never_changed;
CREATE TRIGGER event_is_never_changed
    BEFORE UPDATE OF sequence, at, kind, stay, letter, delivery, payload, hash ON event BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER event_key_only_goes BEFORE UPDATE OF key ON event WHEN NEW.key IS NULL OR NEW.key <> x'' BEGIN
    SELECT RAISE(ABORT, 'the key of an event is destroyed, never changed');
END;
CREATE INDEX event_of_store ON event (sequence) WHERE stay IS NULL AND letter IS NULL AND delivery IS NULL;

-- Whose content is still here, by age.
CREATE INDEX letter_content ON letter (received_at, id) WHERE document IS NOT NULL;
CREATE INDEX refusal_content ON refusal (at) WHERE content IS NOT NULL;
CREATE INDEX delivery_report_content ON delivery (created_at) WHERE kind = 'report' AND mail IS NOT NULL;

-- Transmission certificates are told by files whatever the channel of the others.
CREATE INDEX ack_certificate ON ack_out (sequence) WHERE state = 'waiting' AND kind = 'certificate';

-- Signed by the node about one event of the ledger; kept and exported like ledger_seal.
CREATE TABLE store_statement (
    sequence INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    statement TEXT NOT NULL
);
CREATE TRIGGER store_statement_is_never_changed BEFORE UPDATE ON store_statement BEGIN
    SELECT RAISE(ABORT, 'statements are append-only');
END;
CREATE TRIGGER store_statement_is_never_removed BEFORE DELETE ON store_statement BEGIN
    SELECT RAISE(ABORT, 'statements are append-only');
END;

-- The figures of each closed day, and of each later change.
CREATE TABLE period_record (
    day INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    at INTEGER NOT NULL,
    counts TEXT NOT NULL,
    changes TEXT NOT NULL,
    PRIMARY KEY (day, revision)
) WITHOUT ROWID;
-- Days with a record whose facts were written since.
CREATE TABLE period_changed (day INTEGER NOT NULL PRIMARY KEY);

ALTER TABLE delivery ADD COLUMN structure TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN structure_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN profession TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN department TEXT NOT NULL DEFAULT '';
ALTER TABLE stay_fact ADD COLUMN structure TEXT NOT NULL DEFAULT '';
ALTER TABLE stay_fact ADD COLUMN structure_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE stay_fact ADD COLUMN profession TEXT NOT NULL DEFAULT '';
ALTER TABLE stay_fact ADD COLUMN department TEXT NOT NULL DEFAULT '';

-- Days whose traces expired: their last record is all that is left of them. Stays whose rows are going.
CREATE TABLE period_frozen (day INTEGER NOT NULL PRIMARY KEY);
CREATE TABLE trace_expiring (stay TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;
-- Letters without a stay expire by their own age; a row whose traces are gone has no establishment.
CREATE INDEX letter_without_stay ON letter (received_at) WHERE stay IS NULL AND establishment <> '';
CREATE INDEX letter_keys_only ON letter (received_at) WHERE establishment = '';
CREATE INDEX answer_letter ON answer (letter) WHERE letter IS NOT NULL;
