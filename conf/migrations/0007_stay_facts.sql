-- What the indicators of domain.md §5 need of each stay, derived in the unit that changed it (relay/pipeline/stay_facts.hpp).
-- It can be derived again from the other tables at any time; `stay_fact_basis` says with what it was.

CREATE TABLE stay_fact (
    stay TEXT NOT NULL,
    day INTEGER NOT NULL,
    band INTEGER NOT NULL,
    establishment TEXT NOT NULL,
    service TEXT NOT NULL,
    site TEXT NOT NULL,
    grp TEXT NOT NULL,
    patient_class TEXT NOT NULL,
    exclusion TEXT NOT NULL,
    discharge INTEGER NOT NULL,
    quality TEXT NOT NULL,
    j0_deadline INTEGER NOT NULL,
    h48_deadline INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    letter_type TEXT NOT NULL,
    recipient_operator TEXT NOT NULL,
    no_address TEXT,
    stop INTEGER,
    signed_at INTEGER,
    received_at INTEGER,
    accepted INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    read INTEGER NOT NULL,
    filing_refused INTEGER NOT NULL,
    repeated INTEGER NOT NULL,
    failures TEXT NOT NULL,
    PRIMARY KEY (day, stay)
) WITHOUT ROWID;
CREATE UNIQUE INDEX stay_fact_stay ON stay_fact (stay);
CREATE INDEX stay_fact_service ON stay_fact (service, day);

CREATE TABLE stay_fact_basis (basis TEXT NOT NULL);
INSERT INTO stay_fact_basis VALUES ('');

-- Why there was no usable mailbox at the first routing or attempt; not known of rows from before.
ALTER TABLE delivery ADD COLUMN first_trouble TEXT NOT NULL DEFAULT 'NONE';
