-- A seat moves to another key of the same machine: who had it before, and when it moved, the last three times.
ALTER TABLE devices ADD COLUMN moved_from TEXT;
ALTER TABLE devices ADD COLUMN moved_at BIGINT;
ALTER TABLE devices ADD COLUMN moved_before BIGINT;
ALTER TABLE devices ADD COLUMN moved_first BIGINT;
-- The devices of a license that said the same of their machine.
CREATE INDEX devices_by_machine ON devices (license_id, fingerprint) WHERE fingerprint IS NOT NULL;
-- Which device had the seat before.
ALTER TABLE events ADD COLUMN moved_from TEXT;
