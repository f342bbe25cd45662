-- What expiring traces look for: acknowledgements of a delivery that goes (its foreign key), refusals without their file.
CREATE INDEX ack_delivery ON ack_out (delivery) WHERE delivery IS NOT NULL;
CREATE INDEX refusal_without_content ON refusal (at) WHERE content IS NULL;
