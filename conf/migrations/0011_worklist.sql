-- What asks for a person (relay/pipeline/worklist.hpp) is found by indexes over what is open: a line is derived from
-- the rows it points at, never kept. What people said of a line is the projection of their events.

CREATE INDEX stay_fact_open ON stay_fact (service, h48_deadline, stay)
    WHERE stop IS NULL AND exclusion = '' AND (flags & 64) = 0;

-- Deliveries of letters that are held, ended without success, refused by software or disputed; letters without a
-- known stay. `kind` patient: to a patient's mailbox, told together.
-- `first_deadline` is J0, 0 where there is one goal only.
CREATE TABLE work_row (
    item TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    service TEXT NOT NULL,
    letter TEXT NOT NULL,
    stay TEXT,
    first_deadline INTEGER NOT NULL,
    last_deadline INTEGER NOT NULL,
    since INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX work_row_order ON work_row (service, last_deadline, item) WHERE kind <> 'patient';
CREATE INDEX work_row_patient ON work_row (service, last_deadline) WHERE kind = 'patient';
CREATE INDEX work_row_letter ON work_row (letter);
CREATE INDEX work_row_stay ON work_row (stay) WHERE stay IS NOT NULL;

INSERT INTO work_row
    SELECT d.id, CASE d.role WHEN 'patient' THEN 'patient' ELSE 'delivery' END, l.service, l.id, l.stay,
           CASE WHEN d.deadline > d.last_deadline - 82800000 THEN 0 ELSE d.deadline END, d.last_deadline, d.created_at
    FROM delivery AS d JOIN letter AS l ON l.id = d.letter
    WHERE d.kind = 'letter'
        AND (d.state IN ('held', 'failed', 'undeliverable', 'rejected_by_software')
            OR (d.why = 'DISPUTED' AND d.state IN ('accepted', 'confirmed', 'displayed', 'processed')));
INSERT INTO work_row
    SELECT c.letter, 'letter', l.service, l.id, l.stay, 0, coalesce(c.ends, c.written) + 172800000, c.written
    FROM letter_clue AS c JOIN letter AS l ON l.id = c.letter WHERE c.state = 'open';

CREATE TABLE work_said (
    item TEXT NOT NULL PRIMARY KEY,
    assigned_to TEXT NOT NULL,
    last TEXT NOT NULL,
    until INTEGER,
    reason TEXT NOT NULL,
    about TEXT NOT NULL,
    actor TEXT NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
