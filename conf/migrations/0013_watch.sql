-- Watch on misrouting (relay/pipeline/watch.hpp): counters of each mailbox that took letters, by keyed hash, and what
-- they warn of. Kept from now on: what was sent before has no history.
CREATE TABLE mailbox_seen (
    mailbox TEXT NOT NULL PRIMARY KEY,
    domain TEXT NOT NULL,
    first INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    is_read INTEGER NOT NULL,
    doctors INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX mailbox_seen_read ON mailbox_seen (domain) WHERE is_read = 1;

CREATE TABLE mailbox_day (
    mailbox TEXT NOT NULL,
    day INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    PRIMARY KEY (mailbox, day)
) WITHOUT ROWID;
CREATE INDEX mailbox_day_age ON mailbox_day (day);

CREATE TABLE mailbox_doctor (
    mailbox TEXT NOT NULL,
    doctor TEXT NOT NULL,
    PRIMARY KEY (mailbox, doctor)
) WITHOUT ROWID;

CREATE TABLE mailbox_warning (
    item TEXT NOT NULL PRIMARY KEY,
    topic TEXT NOT NULL,
    domain TEXT NOT NULL,
    letter TEXT,
    since INTEGER NOT NULL,
    count INTEGER NOT NULL
) WITHOUT ROWID;
