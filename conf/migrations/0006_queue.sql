-- The queue by domain and deadline: what is due is found without looking at what waits, however much that is.
-- `deadline` is the next goal that can still be met (J0, then 48 h), `last_deadline` the 48 h (domain.md §3); what is
-- past both leaves last. `queued` is ready to leave; `deferred` and `uncertain` wait for next_try.

ALTER TABLE delivery ADD COLUMN deadline INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN last_deadline INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN warned_at INTEGER;
-- Of the sealed mail; 0 until then.
ALTER TABLE delivery ADD COLUMN octets INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET deadline = created_at + 86400000, last_deadline = created_at + 172800000
    WHERE state IN ('received', 'held', 'queued', 'deferred', 'sending', 'uncertain');

DROP INDEX delivery_due;
CREATE INDEX delivery_lane ON delivery (domain, deadline) WHERE state = 'queued';
CREATE INDEX delivery_again ON delivery (domain, next_try, deadline) WHERE state IN ('deferred', 'uncertain');
CREATE INDEX delivery_unwarned ON delivery (created_at)
    WHERE warned_at IS NULL AND state IN ('queued', 'deferred', 'uncertain');

-- Domains a person has put on hold: nothing leaves for them until they are resumed.
CREATE TABLE domain_hold (
    domain TEXT NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL,
    actor TEXT NOT NULL
) WITHOUT ROWID;

-- Octets of sealed mail that waits or is under way: a load driver, so never counted by a walk.
CREATE TRIGGER delivery_octets_moved AFTER UPDATE OF state, octets ON delivery
    WHEN NEW.octets > 0 AND (OLD.octets <> NEW.octets OR OLD.state <> NEW.state) BEGIN
    INSERT INTO counter VALUES ('#queue_octets', 0) ON CONFLICT (name) DO NOTHING;
    UPDATE counter SET n = n
        + CASE WHEN NEW.state IN ('queued', 'deferred', 'sending', 'uncertain') THEN NEW.octets ELSE 0 END
        - CASE WHEN OLD.state IN ('queued', 'deferred', 'sending', 'uncertain') THEN OLD.octets ELSE 0 END
        WHERE name = '#queue_octets';
END;
CREATE TRIGGER delivery_octets_removed AFTER DELETE ON delivery
    WHEN OLD.octets > 0 AND OLD.state IN ('queued', 'deferred', 'sending', 'uncertain') BEGIN
    UPDATE counter SET n = n - OLD.octets WHERE name = '#queue_octets';
END;
