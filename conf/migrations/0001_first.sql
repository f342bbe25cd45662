-- First schema of the SQLite store. Applied forward at start, in one transaction with user_version.
-- Instants are UTC milliseconds. Columns of type BLOB hold sealed bytes (relay/vault); *_key columns hold keyed HMACs.
-- Nothing here names a patient or a mailbox in clear (design.md §3.4).

-- wrapped_key stands before the ciphertext, on the leaf page: secure_delete=FAST then erases the key of a removed object.
CREATE TABLE blob (
    id TEXT NOT NULL PRIMARY KEY,
    wrapped_key BLOB NOT NULL,
    length INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    ciphertext BLOB NOT NULL
);

CREATE TABLE stay (
    id TEXT NOT NULL PRIMARY KEY,
    visit_key TEXT NOT NULL,
    file_key TEXT NOT NULL,
    establishment TEXT NOT NULL,
    service TEXT NOT NULL,
    treating_rpps TEXT NOT NULL,
    discharge INTEGER,
    quality TEXT NOT NULL,
    flags TEXT NOT NULL,
    exclusion TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    details BLOB NOT NULL
);
CREATE INDEX stay_visit ON stay (visit_key) WHERE visit_key <> '';
CREATE INDEX stay_file ON stay (file_key) WHERE file_key <> '';
CREATE INDEX stay_discharge ON stay (discharge) WHERE discharge IS NOT NULL;

CREATE TABLE letter (
    id TEXT NOT NULL PRIMARY KEY,
    stay TEXT REFERENCES stay (id),
    form TEXT NOT NULL,
    document_key TEXT NOT NULL,
    set_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    type_code TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    document TEXT,
    establishment TEXT NOT NULL,
    service TEXT NOT NULL,
    treating_rpps TEXT NOT NULL,
    flags TEXT NOT NULL,
    source_name_key TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    signed_at INTEGER,
    details BLOB NOT NULL
);
CREATE INDEX letter_stay ON letter (stay) WHERE stay IS NOT NULL;
CREATE INDEX letter_document ON letter (document_key, received_at);
CREATE INDEX letter_set ON letter (set_key, version);
CREATE INDEX letter_received ON letter (received_at);

CREATE TABLE delivery (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    letter TEXT REFERENCES letter (id),
    role TEXT NOT NULL,
    recipient_key TEXT NOT NULL,
    recipient BLOB NOT NULL,
    domain TEXT NOT NULL,
    set_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    next_try INTEGER NOT NULL,
    accepted_at INTEGER,
    confirmed_at INTEGER,
    message_id TEXT NOT NULL,
    envid TEXT NOT NULL,
    mail TEXT,
    sealed_sha256 TEXT NOT NULL,
    lease INTEGER NOT NULL
);
CREATE INDEX delivery_letter ON delivery (letter) WHERE letter IS NOT NULL;
CREATE INDEX delivery_due ON delivery (next_try) WHERE state IN ('queued', 'deferred', 'uncertain');
CREATE INDEX delivery_state ON delivery (state, created_at);
CREATE INDEX delivery_set ON delivery (set_key, recipient_key, version) WHERE set_key <> '';
CREATE INDEX delivery_message_id ON delivery (message_id) WHERE message_id <> '';
CREATE INDEX delivery_envid ON delivery (envid) WHERE envid <> '';

-- Counts kept as rows change, so that pages and metrics never walk two million rows.
CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER delivery_added AFTER INSERT ON delivery BEGIN
    INSERT INTO counter VALUES (NEW.state, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER delivery_moved AFTER UPDATE OF state ON delivery WHEN OLD.state <> NEW.state BEGIN
    UPDATE counter SET n = n - 1 WHERE name = OLD.state;
    INSERT INTO counter VALUES (NEW.state, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER delivery_removed AFTER DELETE ON delivery BEGIN
    UPDATE counter SET n = n - 1 WHERE name = OLD.state;
END;
CREATE TRIGGER letter_added AFTER INSERT ON letter BEGIN
    INSERT INTO counter VALUES ('#letters', 1) ON CONFLICT (name) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER letter_removed AFTER DELETE ON letter BEGIN
    UPDATE counter SET n = n - 1 WHERE name = '#letters';
END;
CREATE TRIGGER stay_added AFTER INSERT ON stay BEGIN
    INSERT INTO counter VALUES ('#stays', 1) ON CONFLICT (name) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER stay_removed AFTER DELETE ON stay BEGIN
    UPDATE counter SET n = n - 1 WHERE name = '#stays';
END;

-- The ledger: append-only, hash-chained (relay/store/ledger.hpp). The head is written in the same transaction.
CREATE TABLE event (
    sequence INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    stay TEXT,
    letter TEXT,
    delivery TEXT,
    payload BLOB NOT NULL,
    hash BLOB NOT NULL
);
CREATE INDEX event_stay ON event (stay) WHERE stay IS NOT NULL;
CREATE INDEX event_letter ON event (letter) WHERE letter IS NOT NULL;
CREATE INDEX event_delivery ON event (delivery) WHERE delivery IS NOT NULL;
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TABLE ledger_head (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL
);
INSERT INTO ledger_head VALUES (1, 0, zeroblob(32));

CREATE TABLE refusal (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    content TEXT,
    at INTEGER NOT NULL,
    form TEXT NOT NULL,
    code TEXT NOT NULL,
    field TEXT NOT NULL,
    message TEXT NOT NULL,
    source_name BLOB NOT NULL,
    source_name_key TEXT NOT NULL
);
CREATE TRIGGER refusal_added AFTER INSERT ON refusal BEGIN
    INSERT INTO counter VALUES ('#refusals', 1) ON CONFLICT (name) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER refusal_removed AFTER DELETE ON refusal BEGIN
    UPDATE counter SET n = n - 1 WHERE name = '#refusals';
END;

CREATE TABLE ack_out (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    file_name BLOB NOT NULL,
    content BLOB NOT NULL
);

CREATE TABLE answer (
    submission_key TEXT NOT NULL PRIMARY KEY,
    letter TEXT,
    answer BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_key TEXT NOT NULL UNIQUE,
    address_key TEXT NOT NULL UNIQUE,
    user BLOB NOT NULL,
    address BLOB NOT NULL,
    password_hash BLOB NOT NULL,
    enabled INTEGER NOT NULL
);

CREATE TABLE mailbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    uid_next INTEGER NOT NULL DEFAULT 1,
    highest_modseq INTEGER NOT NULL DEFAULT 1,
    UNIQUE (account, name)
);

CREATE TABLE message (
    mailbox INTEGER NOT NULL REFERENCES mailbox (id),
    uid INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    size INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (mailbox, uid)
) WITHOUT ROWID;
CREATE INDEX message_modseq ON message (mailbox, modseq);

-- Apart from message, so that opening a mailbox reads small rows only.
CREATE TABLE message_structure (
    mailbox INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    structure BLOB NOT NULL,
    PRIMARY KEY (mailbox, uid)
);

-- What was delivered, so that a repeat is recognised even after the message was expunged.
CREATE TABLE received (
    mailbox INTEGER NOT NULL,
    message_id_key TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (mailbox, message_id_key, sha256)
) WITHOUT ROWID;

CREATE TABLE expunged (
    mailbox INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    PRIMARY KEY (mailbox, modseq, uid)
) WITHOUT ROWID;
