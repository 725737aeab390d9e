-- A kept answer belongs to who asked. Answers that were kept before name nobody, so nobody may get them.
DROP TABLE idempotency;

CREATE TABLE idempotency (
    tenant_id TEXT NOT NULL,
    -- Who asked, as the audit log names them.
    caller TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request BYTEA NOT NULL,
    answer BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, caller, idempotency_key)
);
CREATE INDEX idempotency_by_time ON idempotency (at);

-- The vendor's own name for a license. Where there is none, both engines allow any number of them.
ALTER TABLE licenses ADD COLUMN external_id TEXT;
CREATE UNIQUE INDEX licenses_by_external_id ON licenses (tenant_id, external_id);

-- How many rows of devices the license has: it changes in the transaction that takes or releases a seat.
ALTER TABLE licenses ADD COLUMN devices_used BIGINT NOT NULL DEFAULT 0 CHECK (devices_used >= 0);
UPDATE licenses SET devices_used = (SELECT COUNT(*) FROM devices d WHERE d.license_id = licenses.license_id);

-- 1: a client that reports itself in a session lists its address for an hour.
ALTER TABLE apps ADD COLUMN list_reported_addresses BIGINT NOT NULL DEFAULT 0;

-- What the vendor took off an access list again, after a client had reported itself.
CREATE TABLE pardons (
    app_id TEXT NOT NULL,
    license_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (app_id, license_id, kind, value)
);

-- A client's report touches its device on its license, and nothing else.
DELETE FROM access_entries WHERE source = 'self_ban' AND license_id = '';
