-- Business acknowledgements are sent until the hospital's software has answered them, and stay once told, without their
-- content. Rows from before are told as they are; nobody can tell any more which letter they are about.
ALTER TABLE ack_out ADD COLUMN kind TEXT NOT NULL DEFAULT 'reception';
ALTER TABLE ack_out ADD COLUMN outcome TEXT NOT NULL DEFAULT 'positive';
ALTER TABLE ack_out ADD COLUMN control_id TEXT NOT NULL DEFAULT '';
ALTER TABLE ack_out ADD COLUMN letter TEXT REFERENCES letter (id);
ALTER TABLE ack_out ADD COLUMN delivery TEXT REFERENCES delivery (id);
ALTER TABLE ack_out ADD COLUMN state TEXT NOT NULL DEFAULT 'waiting';
ALTER TABLE ack_out ADD COLUMN channel TEXT NOT NULL DEFAULT 'none';
ALTER TABLE ack_out ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ack_out ADD COLUMN next_try INTEGER NOT NULL DEFAULT 0;
CREATE INDEX ack_waiting ON ack_out (next_try, sequence) WHERE state = 'waiting';
CREATE INDEX ack_waiting_in_order ON ack_out (sequence) WHERE state = 'waiting';
CREATE INDEX ack_parked ON ack_out (sequence) WHERE state = 'parked';
CREATE INDEX ack_letter ON ack_out (letter, sequence) WHERE letter IS NOT NULL;
CREATE UNIQUE INDEX ack_control_id ON ack_out (control_id) WHERE control_id <> '';

INSERT INTO counter SELECT '#acks_waiting', count(*) FROM ack_out;
CREATE TRIGGER ack_added AFTER INSERT ON ack_out BEGIN
    INSERT INTO counter VALUES ('#acks_' || NEW.state, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER ack_moved AFTER UPDATE OF state ON ack_out WHEN OLD.state <> NEW.state BEGIN
    UPDATE counter SET n = n - 1 WHERE name = '#acks_' || OLD.state;
    INSERT INTO counter VALUES ('#acks_' || NEW.state, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER ack_removed AFTER DELETE ON ack_out BEGIN
    UPDATE counter SET n = n - 1 WHERE name = '#acks_' || OLD.state;
END;
