-- Alerts (relay/pipeline/alerts.hpp): a dispute is told by itself, `item` names its line of the worklist; what goes on
-- without being told stays known. Disputes told as one of a service so far are each told once more.
CREATE TABLE alert_known (
    whom TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    item TEXT NOT NULL,
    told_at INTEGER NOT NULL,
    is_quiet INTEGER NOT NULL,
    PRIMARY KEY (whom, kind, subject, item)
) WITHOUT ROWID;
INSERT INTO alert_known SELECT whom, kind, subject, '', told_at, 0 FROM alert_told WHERE kind <> 'disputed';
DROP TABLE alert_told;
ALTER TABLE alert_known RENAME TO alert_told;

CREATE INDEX delivery_disputed ON delivery (id) WHERE why = 'DISPUTED';

-- Since when the servers of a domain fail without an answer between. What waits already keeps the age it was told by.
CREATE TABLE peer_failing (
    domain TEXT NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO peer_failing SELECT domain, min(created_at) FROM delivery
    WHERE state IN ('deferred', 'uncertain', 'sending') AND why IN ('PEER_DOWN', 'TLS_REFUSED', 'REPLY_LOST')
        AND domain <> ''
    GROUP BY domain;

-- What was said of a stay is about its discharge, too (relay/pipeline/worklist.hpp).
UPDATE work_said SET about = about || ' ' || (SELECT discharge FROM stay_fact WHERE stay = item)
    WHERE about <> '' AND item IN (SELECT stay FROM stay_fact);
