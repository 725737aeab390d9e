-- Columns are TEXT, BIGINT and BYTEA only, so that one text serves SQLite and PostgreSQL.

CREATE TABLE installation (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- One row: the number of the last group of writes. Taking it first puts all writers of all processes in one order.
CREATE TABLE change_counter (
    id BIGINT NOT NULL PRIMARY KEY,
    n BIGINT NOT NULL
);
INSERT INTO change_counter (id, n) VALUES (1, 0);

-- What each group of writes changed, for the caches of every process.
CREATE TABLE changes (
    n BIGINT NOT NULL PRIMARY KEY,
    subjects TEXT NOT NULL
);

CREATE TABLE keysets (
    scope TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    envelope BYTEA NOT NULL
);

-- Public halves of the keys that sign statements. The scope is the installation or a tenant's id.
CREATE TABLE signing_keys (
    public_key TEXT NOT NULL PRIMARY KEY,
    key_use TEXT NOT NULL,
    scope TEXT NOT NULL,
    -- next: published, signs later; active; retired: verifies only; revoked: verifies nothing.
    state TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX signing_keys_by_scope ON signing_keys (scope, published_at);

CREATE TABLE tenants (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    issuer_key TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE tokens (
    token_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    name TEXT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE apps (
    app_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    name TEXT NOT NULL,
    secret_hash BYTEA NOT NULL,
    public_key TEXT NOT NULL,
    next_public_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant_id, app_id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE plans (
    plan_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    name TEXT NOT NULL,
    tier TEXT NOT NULL,
    features TEXT NOT NULL,
    max_devices BIGINT,
    duration_seconds BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (app_id, name),
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, app_id)
);

CREATE TABLE licenses (
    license_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    plan_id TEXT REFERENCES plans (plan_id),
    key_hash BYTEA NOT NULL UNIQUE,
    key_sealed BYTEA NOT NULL,
    label TEXT,
    tier TEXT NOT NULL,
    features TEXT NOT NULL,
    max_devices BIGINT,
    not_before BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    revoke_reason TEXT,
    version BIGINT NOT NULL,
    -- Raised first by every transaction that takes a seat: racers meet here.
    seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant_id, license_id),
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, app_id)
);
CREATE INDEX licenses_by_app ON licenses (tenant_id, app_id, license_id);

-- Apart from the row that every validation reads, which stays small.
CREATE TABLE license_statements (
    license_id TEXT NOT NULL REFERENCES licenses (license_id),
    version BIGINT NOT NULL,
    -- The issuer that signed it: what a revoked key had signed must be found.
    signer TEXT NOT NULL,
    envelope BYTEA NOT NULL,
    PRIMARY KEY (license_id, version)
);
CREATE INDEX license_statements_by_signer ON license_statements (signer, license_id);

CREATE TABLE devices (
    license_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    identity TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    PRIMARY KEY (license_id, kind, identity),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);

CREATE TABLE events (
    event_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    app_id TEXT,
    license_id TEXT,
    device TEXT,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    code TEXT,
    request_id TEXT NOT NULL,
    count BIGINT NOT NULL
);
CREATE INDEX events_by_license ON events (tenant_id, license_id, event_id);

CREATE TABLE audit (
    audit_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    request_id TEXT NOT NULL
);
CREATE INDEX audit_by_tenant ON audit (tenant_id, audit_id);
