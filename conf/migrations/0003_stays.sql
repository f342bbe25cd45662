-- Stays from the admission on, and what letters say of theirs. *_key columns hold keyed HMACs; nothing here names a
-- patient in clear (design.md §3.4).

ALTER TABLE stay ADD COLUMN admission INTEGER;
ALTER TABLE stay ADD COLUMN patient_class TEXT NOT NULL DEFAULT '';
ALTER TABLE stay ADD COLUMN identity_key TEXT NOT NULL DEFAULT '';
ALTER TABLE stay ADD COLUMN traits_key TEXT NOT NULL DEFAULT '';
-- 1: the ADT feed knows the stay; 0: only a letter spoke of it.
ALTER TABLE stay ADD COLUMN in_feed INTEGER NOT NULL DEFAULT 0;
UPDATE stay SET in_feed = 1 WHERE ' ' || flags || ' ' LIKE '% adt %';
CREATE INDEX stay_admission ON stay (admission) WHERE admission IS NOT NULL;
CREATE INDEX stay_identity ON stay (identity_key) WHERE identity_key <> '';
CREATE INDEX stay_traits ON stay (traits_key) WHERE traits_key <> '';

-- What a letter was matched by, and is matched by again when the feed knows more.
CREATE TABLE letter_clue (
    letter TEXT NOT NULL PRIMARY KEY REFERENCES letter (id),
    state TEXT NOT NULL,
    visit_key TEXT NOT NULL,
    file_key TEXT NOT NULL,
    identity_key TEXT NOT NULL,
    traits_key TEXT NOT NULL,
    starts INTEGER,
    ends INTEGER,
    ends_quality TEXT NOT NULL,
    ends_flags TEXT NOT NULL,
    written INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX letter_clue_open ON letter_clue (written) WHERE state = 'open';
CREATE INDEX letter_clue_visit ON letter_clue (visit_key) WHERE visit_key <> '';
CREATE INDEX letter_clue_file ON letter_clue (file_key) WHERE file_key <> '';
CREATE INDEX letter_clue_identity ON letter_clue (identity_key) WHERE identity_key <> '';
CREATE INDEX letter_clue_traits ON letter_clue (traits_key) WHERE traits_key <> '';
