-- Where revocation data speaks of what was signed (spec/revocation.md §1).

-- The blocks of an app from which slots were drawn.
CREATE TABLE slot_blocks (
    tenant_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    block BIGINT NOT NULL,
    -- Slots are drawn from its first 2^bits.
    bits BIGINT NOT NULL,
    -- 1: nothing is drawn from it any more.
    is_full BIGINT NOT NULL,
    -- Slots of statements that ended before then may be forgotten.
    forgotten_until BIGINT NOT NULL DEFAULT 0,
    -- How often something in it was listed or forgotten: its shard is due while it knows another number.
    listings BIGINT NOT NULL DEFAULT 0,
    -- 1: a runtime said that a device showed a proof in it. Of a tenant there are so many and no more (know_slot_block).
    is_shown BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app_id, block),
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, app_id)
);
CREATE INDEX slot_blocks_by_tenant ON slot_blocks (tenant_id, app_id, block);
CREATE INDEX slot_blocks_shown ON slot_blocks (tenant_id) WHERE is_shown = 1;
INSERT INTO slot_blocks (tenant_id, app_id, block, bits, is_full) SELECT tenant_id, app_id, 0, 10, 0 FROM apps;

-- Every slot that was given out: what has it, and whether it is listed. The key is why none is given out twice.
CREATE TABLE slots (
    app_id TEXT NOT NULL,
    slot BIGINT NOT NULL,
    block BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    -- NULL where only an imported snapshot knows the slot.
    license_id TEXT,
    -- What has it: a version of the license, or a proof of a generation of an activation.
    version BIGINT,
    activation_id TEXT,
    generation BIGINT,
    -- When what has it ends by itself; NULL: never.
    expires_at BIGINT,
    -- Since when it is listed; NULL: it is not.
    listed_at BIGINT,
    -- When the imported snapshot was signed that listed it, as long as what follows from that is not done.
    pending_since BIGINT,
    PRIMARY KEY (app_id, slot),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);
CREATE INDEX slots_of_license ON slots (license_id, activation_id, slot);
CREATE INDEX slots_listed ON slots (app_id, block, listed_at, slot) WHERE listed_at IS NOT NULL;
CREATE INDEX slots_pending ON slots (tenant_id, app_id, slot) WHERE pending_since IS NOT NULL;

-- Revoked licenses of which more is to be listed than one transaction lists.
CREATE TABLE slots_left (
    license_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    -- What was looked at last, by activation and slot. NULL: a version; they come before the proofs.
    activation_id TEXT,
    slot BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);
CREATE INDEX slots_left_by_app ON slots_left (tenant_id, app_id, license_id);
