-- When a hosted mailbox was last used by its owner, warned of its end, closed (relay/pipeline/idle_rule.hpp).
-- Milliseconds since 1970. Of those that exist nothing is known: their year begins now.
ALTER TABLE account ADD COLUMN last_used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN warned_at INTEGER;
ALTER TABLE account ADD COLUMN closed_at INTEGER;
UPDATE account SET last_used = CAST(strftime('%s', 'now') AS INTEGER) * 1000;
