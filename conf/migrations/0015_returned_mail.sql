-- Mails that came back, each once by what it is (HMAC of its SHA-256), with its sealed bytes while they are kept.
CREATE TABLE returned_mail (
    key TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    delivery TEXT,
    content TEXT
) WITHOUT ROWID;
CREATE INDEX returned_mail_kept ON returned_mail (at) WHERE content IS NOT NULL;
CREATE INDEX returned_mail_about ON returned_mail (delivery) WHERE delivery IS NOT NULL;
