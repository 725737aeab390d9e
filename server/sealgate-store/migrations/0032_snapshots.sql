-- Revocation data that was signed (spec/revocation.md §3, §4).

-- The newest shard of each block.
CREATE TABLE shards (
    app_id TEXT NOT NULL,
    block BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    -- How many slots it lists.
    listed BIGINT NOT NULL,
    -- What slot_blocks.listings was before the list was read.
    listings BIGINT NOT NULL,
    -- The snapshot key that signed it.
    signer TEXT NOT NULL,
    -- The statement's id, and itself with its body.
    statement_id TEXT NOT NULL,
    statement BYTEA NOT NULL,
    PRIMARY KEY (app_id, block),
    FOREIGN KEY (app_id, block) REFERENCES slot_blocks (app_id, block)
);
CREATE INDEX shards_by_tenant ON shards (tenant_id, app_id, block);
CREATE INDEX shards_by_signer ON shards (signer);

-- The newest snapshots of each tenant, each a whole container. It is here once all of its parts are.
CREATE TABLE snapshots (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    version BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    signer TEXT NOT NULL,
    -- The versions of the root statement, keyset and tenant keyset that it names; empty where another database signed it.
    chain TEXT NOT NULL,
    -- How many shards it names, the sum of the versions of all that there were, and how many slots they list.
    shards BIGINT NOT NULL,
    versions BIGINT NOT NULL,
    listed BIGINT NOT NULL,
    -- The container: its length, its SHA-256, and the name of its parts.
    bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    container TEXT NOT NULL,
    -- The statement with its list of shards.
    statement BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, version)
);

-- The statement ids of the snapshots that were signed or taken over here, for longer than the snapshots: one that is not among them was
-- signed by a history that this database lost.
CREATE TABLE snapshot_ids (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    statement_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    signer TEXT NOT NULL,
    noted_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, statement_id)
);
CREATE INDEX snapshot_ids_by_age ON snapshot_ids (tenant_id, noted_at);
CREATE INDEX snapshot_ids_by_signer ON snapshot_ids (tenant_id, signer, version);

-- Parts of containers, in their order.
CREATE TABLE snapshot_parts (
    tenant_id TEXT NOT NULL,
    container TEXT NOT NULL,
    part BIGINT NOT NULL,
    contents BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, container, part)
);

-- Keys that left a keyset to make room (spec/keys.md §7.2). No old file brings them back.
CREATE TABLE forgotten_keys (
    public_key TEXT NOT NULL PRIMARY KEY
);
