-- Bundles for machines without a network (spec/offline.md §5).

-- The seats that pools of live bundles take: of each line those of its largest.
ALTER TABLE licenses ADD COLUMN pools BIGINT NOT NULL DEFAULT 0;
-- When the next bundle of the license ends, or one that lasted no longer: then what bundles hold is counted anew. NULL: none holds anything.
ALTER TABLE licenses ADD COLUMN bundles_end BIGINT;
CREATE INDEX licenses_by_bundles_end ON licenses (bundles_end) WHERE bundles_end IS NOT NULL;

-- Until when bundles hold the seat, whatever is released.
ALTER TABLE devices ADD COLUMN bundle_until BIGINT;
-- 1: only bundles hold it; the device has not asked for it itself, or gave it back.
ALTER TABLE devices ADD COLUMN only_bundled BIGINT NOT NULL DEFAULT 0;
CREATE INDEX devices_by_bundle ON devices (license_id, bundle_until) WHERE bundle_until IS NOT NULL;

-- A bundle may have a slot, too.
ALTER TABLE slots ADD COLUMN bundle_id TEXT;
-- What a new bundle says was taken back.
CREATE INDEX slots_taken_back ON slots (license_id, listed_at, slot) WHERE activation_id IS NULL AND listed_at IS NOT NULL;

CREATE TABLE bundles (
    bundle_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    license_id TEXT NOT NULL,
    serial BIGINT NOT NULL,
    -- The version of the license whose terms it carries.
    version BIGINT NOT NULL,
    -- The first bundle of its line.
    line TEXT NOT NULL,
    -- How many machines its vendor agreed upon; NULL: it names them.
    pool BIGINT,
    machines BIGINT NOT NULL,
    request TEXT,
    replaces TEXT,
    statement_id TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    signer TEXT NOT NULL,
    slot BIGINT NOT NULL,
    revoked_at BIGINT,
    revoke_reason TEXT,
    -- 1: it says something about the customer.
    is_personal BIGINT NOT NULL,
    -- The carrier; NULL once its customer was forgotten, and long after its end.
    statement BYTEA,
    -- 1 until what nobody needs of it after its end was forgotten.
    is_kept BIGINT NOT NULL DEFAULT 1,
    UNIQUE (license_id, serial),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);
CREATE INDEX bundles_by_license ON bundles (tenant_id, license_id, bundle_id);
CREATE INDEX bundles_of_license_by_end ON bundles (license_id, ends_at);
CREATE INDEX bundles_by_signer ON bundles (signer, ends_at);
CREATE INDEX bundles_kept ON bundles (ends_at) WHERE is_kept = 1;

-- The machines that bound bundles name. Those that asked stay: a request is answered once.
CREATE TABLE bundle_devices (
    bundle_id TEXT NOT NULL REFERENCES bundles (bundle_id),
    license_id TEXT NOT NULL,
    device_key TEXT NOT NULL,
    -- The statement id of the machine's request.
    request TEXT,
    PRIMARY KEY (bundle_id, device_key)
);
CREATE UNIQUE INDEX bundle_devices_by_request ON bundle_devices (license_id, request) WHERE request IS NOT NULL;
CREATE INDEX bundle_devices_by_key ON bundle_devices (license_id, device_key, bundle_id);

-- Keyed hashes of the digests by which requests name licenses (spec/offline.md §2.2), of our keys and of those from elsewhere.
CREATE TABLE key_digests (
    digest BYTEA NOT NULL,
    app_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    license_id TEXT NOT NULL,
    PRIMARY KEY (digest, app_id),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);
CREATE INDEX key_digests_of_license ON key_digests (license_id);
