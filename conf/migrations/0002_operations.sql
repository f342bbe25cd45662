-- Replacement and deletion of letters, two documents in one letter (domain.md §4, mssante.md §2.1, §4.6).
-- Letters from before are initial ones: a replacing version among them was told by its version alone.

ALTER TABLE letter ADD COLUMN operation TEXT NOT NULL DEFAULT 'initial';
ALTER TABLE letter ADD COLUMN parent_key TEXT NOT NULL DEFAULT '';
ALTER TABLE letter ADD COLUMN completeness TEXT NOT NULL DEFAULT '';
ALTER TABLE letter ADD COLUMN identity_key TEXT NOT NULL DEFAULT '';
CREATE INDEX letter_parent ON letter (parent_key) WHERE parent_key <> '';

-- The index gives its name to the table.
DROP INDEX letter_document;
CREATE INDEX letter_first_document ON letter (document_key, received_at);

-- Documents of a letter beside its first, which stays in its own row.
CREATE TABLE letter_document (
    letter TEXT NOT NULL REFERENCES letter (id),
    place INTEGER NOT NULL,
    document_key TEXT NOT NULL,
    parent_key TEXT NOT NULL,
    type_code TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (letter, place)
) WITHOUT ROWID;
CREATE INDEX letter_further_document ON letter_document (document_key);
CREATE INDEX letter_further_parent ON letter_document (parent_key) WHERE parent_key <> '';

-- The order of leaving inside a set and mailbox: twice the version, one more for its deletion.
ALTER TABLE delivery ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET turn = 2 * version;
DROP INDEX delivery_set;
CREATE INDEX delivery_set ON delivery (set_key, recipient_key, turn) WHERE set_key <> '';
