-- What people said of a line that is about no stay, letter or delivery, and so is no event of the ledger.
CREATE TABLE work_log (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    item TEXT NOT NULL,
    act TEXT NOT NULL,
    assigned_to TEXT NOT NULL,
    until INTEGER,
    reason TEXT NOT NULL,
    about TEXT NOT NULL
);
CREATE TRIGGER work_log_is_never_changed BEFORE UPDATE ON work_log BEGIN
    SELECT RAISE(ABORT, 'what people said is append-only');
END;
CREATE TRIGGER work_log_is_never_removed BEFORE DELETE ON work_log BEGIN
    SELECT RAISE(ABORT, 'what people said is append-only');
END;
