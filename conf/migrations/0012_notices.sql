-- Alerts and digests (relay/pipeline/alert_desk.hpp, digest.hpp): what was told to whom, so that a beginning and an
-- end are told once, also over restarts. `whom` is a keyed hash of an address, or `webhook`.
CREATE TABLE alert_told (
    whom TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    told_at INTEGER NOT NULL,
    PRIMARY KEY (whom, kind, subject)
) WITHOUT ROWID;

CREATE TABLE alert_post (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_try INTEGER NOT NULL
);

CREATE TABLE digest_sent (
    grp TEXT NOT NULL,
    week TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (grp, week)
) WITHOUT ROWID;
