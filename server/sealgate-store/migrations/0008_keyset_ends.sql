-- Keysets that have ended, or end soon, are found. 0: not known, of one that was stored before; it is made anew once.
ALTER TABLE keysets ADD COLUMN expires_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX keysets_by_end ON keysets (expires_at, scope);
