-- The facts of a recorded day once more, in one value, so that long periods are read day by day and not stay by stay
-- (relay/store/fact_pack.hpp). What changes a fact drops the pack of its day in the same unit, whoever writes; the day
-- is marked as changed by that unit too, and packed again when it is recorded.
CREATE TABLE fact_pack (day INTEGER NOT NULL PRIMARY KEY, facts BLOB NOT NULL);
-- Before: INSERT OR REPLACE removes the stay's row of another day without telling.
CREATE TRIGGER fact_pack_insert BEFORE INSERT ON stay_fact BEGIN
    DELETE FROM fact_pack WHERE day IN (NEW.day, (SELECT day FROM stay_fact WHERE stay = NEW.stay));
END;
CREATE TRIGGER fact_pack_update BEFORE UPDATE ON stay_fact BEGIN
    DELETE FROM fact_pack WHERE day IN (OLD.day, NEW.day);
END;
CREATE TRIGGER fact_pack_delete BEFORE DELETE ON stay_fact BEGIN
    DELETE FROM fact_pack WHERE day = OLD.day;
END;

-- Days recorded before are looked at once more, and packed.
INSERT OR IGNORE INTO period_changed
    SELECT DISTINCT day FROM period_record WHERE day NOT IN (SELECT day FROM period_frozen);
