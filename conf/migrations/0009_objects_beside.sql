-- Large sealed objects lie in files beside the database (relay/store/object_files.hpp); their row says where, keeps the
-- wrapped key and an empty ciphertext. Without a segment the ciphertext is in the row, as all were before.

ALTER TABLE blob ADD COLUMN segment INTEGER;
ALTER TABLE blob ADD COLUMN at INTEGER;
ALTER TABLE blob ADD COLUMN octets INTEGER;
-- Read whole at start: what is in use, where each file ends. Unique: no two objects begin at the same place.
CREATE UNIQUE INDEX blob_place ON blob (segment, at, octets) WHERE segment IS NOT NULL;

-- Deliveries change several times a letter: the writer sums up what that does to the counters and writes it once per
-- commit, in the same transaction. The triggers of removals stay.
DROP TRIGGER delivery_added;
DROP TRIGGER delivery_moved;
DROP TRIGGER delivery_octets_moved;
INSERT INTO counter VALUES ('#queue_octets', 0) ON CONFLICT (name) DO NOTHING;
