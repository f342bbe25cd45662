-- Checks of a letter's further documents (domain.md §6), beside those of its first in letter.completeness.
ALTER TABLE letter_document ADD COLUMN completeness TEXT NOT NULL DEFAULT '';

-- Never filled: what a letter is matched by stands in letter_clue.
ALTER TABLE letter DROP COLUMN identity_key;
