-- Terms for what had none, and certificates that cannot be written do not stand before the others (domain.md §10 rule 7).

-- A submission is known again by keyed hashes and gets the same answer: for as long as those are kept. `at`: of the
-- newest event when the answer was written.
ALTER TABLE answer ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
UPDATE answer SET at = COALESCE((SELECT received_at FROM letter WHERE letter.id = answer.letter),
                                CAST(strftime('%s', 'now') AS INTEGER) * 1000);
CREATE INDEX answer_at ON answer (at);
CREATE INDEX returned_mail_known ON returned_mail (at) WHERE content IS NULL;

-- Stays that no day expires: never discharged, cancelled, or of a day that is frozen already.
CREATE INDEX stay_created ON stay (created_at);

-- When a certificate is tried again as a file, and how often it was. `next_try` says up to when it tells.
ALTER TABLE ack_out ADD COLUMN file_try INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ack_out ADD COLUMN file_attempts INTEGER NOT NULL DEFAULT 0;
DROP INDEX ack_certificate;
CREATE INDEX ack_certificate ON ack_out (file_try, sequence) WHERE state = 'waiting' AND kind = 'certificate';
