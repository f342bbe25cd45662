-- Mail that a person submitted for other operators waits in the queue beside letters and reports (kind 'mail'). Its
-- recipients share one object, which goes with the last of them.
CREATE INDEX delivery_shared_mail ON delivery (mail) WHERE kind = 'mail' AND mail IS NOT NULL;

-- Its sender is told of a delay after a time of its own.
DROP INDEX delivery_unwarned;
CREATE INDEX delivery_unwarned ON delivery (kind, created_at)
    WHERE warned_at IS NULL AND state IN ('queued', 'deferred', 'uncertain');
