-- Large sealed objects lie in files beside the database (relay/store/object_files.hpp); their row says where, keeps the
-- wrapped key and an empty ciphertext. Without a segment the ciphertext is in the row, as all were before.

ALTER TABLE blob ADD COLUMN segment INTEGER;
ALTER TABLE blob ADD COLUMN at INTEGER;
ALTER TABLE blob ADD COLUMN octets INTEGER;
-- Read whole at start: what is in use, where each file ends. Unique: no two objects begin at the same place.
CREATE UNIQUE INDEX blob_place ON blob (segment, at, octets) WHERE segment IS NOT NULL;
