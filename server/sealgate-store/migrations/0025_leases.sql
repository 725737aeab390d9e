-- Seats that are leases, and chains that the vendor re-anchors (spec/activation.md §7.7, spec/chain.md §4.6).

-- Until when a device of a license whose seats are leases holds its seat. NULL: nobody told it an end yet.
ALTER TABLE devices ADD COLUMN lease_until BIGINT;
CREATE INDEX devices_by_lease ON devices (license_id, lease_until) WHERE lease_until IS NOT NULL;

-- When this generation began.
ALTER TABLE activations ADD COLUMN activated_at BIGINT NOT NULL DEFAULT 0;
-- When the vendor asked that what the next heartbeat claims of its chain is taken; NULL once it was, and before.
ALTER TABLE activations ADD COLUMN reanchor_asked_at BIGINT;
-- How often that happened in the generation that counts.
ALTER TABLE activations ADD COLUMN anchor BIGINT NOT NULL DEFAULT 0;
CREATE INDEX activations_by_tenant ON activations (tenant_id, activation_id);

-- A chain that was re-anchored may have an entry with a number that another entry had before.
CREATE TABLE anchored_entries (
    activation_id TEXT NOT NULL REFERENCES activations (activation_id),
    generation BIGINT NOT NULL,
    anchor BIGINT NOT NULL,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    entries BYTEA NOT NULL,
    heard_at BIGINT NOT NULL,
    PRIMARY KEY (activation_id, generation, anchor, first_seq)
);
INSERT INTO anchored_entries (activation_id, generation, anchor, first_seq, last_seq, entries, heard_at)
    SELECT activation_id, generation, 0, first_seq, last_seq, entries, heard_at FROM chain_entries;
DROP TABLE chain_entries;
ALTER TABLE anchored_entries RENAME TO chain_entries;

-- Where a chain was re-anchored: what was held, what was taken instead, when that was asked, and when it was done.
CREATE TABLE chain_anchors (
    activation_id TEXT NOT NULL REFERENCES activations (activation_id),
    generation BIGINT NOT NULL,
    anchor BIGINT NOT NULL,
    held_seq BIGINT NOT NULL,
    held_mac TEXT NOT NULL,
    taken_seq BIGINT NOT NULL,
    taken_mac TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (activation_id, generation, anchor)
);
