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

-- Every root statement: clients that pinned an old one follow them to today's roots.
CREATE TABLE roots (
    version BIGINT NOT NULL PRIMARY KEY,
    envelope BYTEA NOT NULL
);

-- The newest keyset of the installation and of each tenant: the scope is 'installation', or the tenant's id.
CREATE TABLE keysets (
    scope TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    envelope BYTEA NOT NULL
);

-- Public halves of the keys that sign. The scope is the installation, a tenant's id or an app's.
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

-- License servers, each with a key of its own; the Authority certifies those that were approved.
-- What servers say of themselves.
CREATE TABLE servers (
    server_key TEXT NOT NULL PRIMARY KEY,
    -- Where clients find it, one origin a line.
    origins TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- What the Authority decided about them: no server writes here. An approval holds for the origins that it was given for.
CREATE TABLE server_decisions (
    server_key TEXT NOT NULL PRIMARY KEY REFERENCES servers (server_key),
    origins TEXT NOT NULL,
    approved_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE tenants (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    issuer_key TEXT NOT NULL,
    -- 1: licenses may be handed out for use offline.
    offline BIGINT NOT NULL,
    suspended_at BIGINT,
    created_at BIGINT NOT NULL
);

-- The newest certificate of a server for a tenant.
CREATE TABLE server_certificates (
    server_key TEXT NOT NULL REFERENCES servers (server_key),
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    -- The authority that signed it.
    signer TEXT NOT NULL,
    origins TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    envelope BYTEA NOT NULL,
    PRIMARY KEY (server_key, tenant_id)
);

CREATE TABLE tokens (
    token_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    name TEXT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    -- One scope a line.
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX tokens_by_tenant ON tokens (tenant_id, token_id);

CREATE TABLE apps (
    app_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    name TEXT NOT NULL,
    secret_hash BYTEA NOT NULL,
    -- The secret before the present one is taken until then.
    former_secret_hash BYTEA,
    former_secret_until BIGINT,
    public_key TEXT NOT NULL,
    next_public_key TEXT NOT NULL,
    -- JSON, as the vendor set it.
    variables TEXT NOT NULL,
    -- Validations left; NULL while they are not counted.
    credits BIGINT,
    -- 1: nobody asks without the app's secret.
    require_secret BIGINT NOT NULL,
    -- 1: hands out license files that last for ever and cannot be revoked.
    lifetime_files BIGINT NOT NULL,
    disabled_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant_id, app_id),
    UNIQUE (tenant_id, name)
);

CREATE INDEX apps_by_key ON apps (public_key);
CREATE INDEX apps_by_next_key ON apps (next_public_key);

CREATE TABLE plans (
    plan_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    name TEXT NOT NULL,
    tier TEXT NOT NULL,
    -- JSON lists of names and values.
    features TEXT NOT NULL,
    limits TEXT NOT NULL,
    max_devices BIGINT,
    duration_days BIGINT,
    offline BIGINT NOT NULL,
    policy TEXT NOT NULL,
    releases_per_seat BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (app_id, name),
    UNIQUE (tenant_id, plan_id),
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, app_id)
);

CREATE TABLE licenses (
    license_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    plan_id TEXT,
    key_hash BYTEA NOT NULL,
    key_sealed BYTEA NOT NULL,
    label TEXT,
    customer TEXT,
    -- Both in lower case, as bytes, so that either engine finds what begins with a text by an index.
    label_search BYTEA,
    customer_search BYTEA,
    tier TEXT NOT NULL,
    features TEXT NOT NULL,
    limits TEXT NOT NULL,
    variables TEXT NOT NULL,
    max_devices BIGINT,
    offline BIGINT NOT NULL,
    releases_per_seat BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    expires_at BIGINT,
    suspended_at BIGINT,
    revoked_at BIGINT,
    revoke_reason TEXT,
    version BIGINT NOT NULL,
    -- The name of that version's statement.
    statement_id BYTEA NOT NULL,
    -- Raised first by every transaction on PostgreSQL that takes a seat: racers meet here.
    seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant_id, license_id),
    -- Both in one: a look for an app's key that is another app's ends in the index, like one for a key of nobody's.
    UNIQUE (key_hash, app_id),
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, app_id),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES plans (tenant_id, plan_id)
);
CREATE INDEX licenses_by_app ON licenses (tenant_id, app_id, license_id);
CREATE INDEX licenses_by_label ON licenses (tenant_id, label_search, license_id);
CREATE INDEX licenses_by_customer ON licenses (tenant_id, customer_search, license_id);

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
    device_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    PRIMARY KEY (license_id, kind, identity),
    UNIQUE (tenant_id, device_id),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);
CREATE INDEX devices_by_identity ON devices (tenant_id, identity, license_id);

-- Seats that were freed by hand: the license's allowance is counted here.
CREATE TABLE releases (
    device_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    license_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);
CREATE INDEX releases_by_license ON releases (license_id, at);

CREATE TABLE access_entries (
    entry_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    -- Empty: the entry counts for every license of the app.
    license_id TEXT NOT NULL,
    -- vendor, or self_ban where a client reported itself.
    source TEXT NOT NULL,
    effect TEXT NOT NULL,
    -- hwid or ip.
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    reason TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    UNIQUE (app_id, license_id, kind, value, effect),
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, app_id)
);
CREATE INDEX access_by_tenant ON access_entries (tenant_id, entry_id);
CREATE INDEX access_by_end ON access_entries (source, expires_at);

-- Files that last for ever, by the device they were made for: as many devices as a license has seats get one, and the
-- same device gets the same file again.
CREATE TABLE lifetime_files (
    license_id TEXT NOT NULL,
    identity TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    file_id TEXT NOT NULL,
    file_sealed BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (license_id, identity),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);

-- Questions that cost a credit lately: asked again, they cost nothing.
CREATE TABLE debits (
    question BYTEA NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);
CREATE INDEX debits_by_time ON debits (at);

-- Answers to requests that created something, sealed, so that a request that is sent again is answered again.
CREATE TABLE idempotency (
    tenant_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request BYTEA NOT NULL,
    answer BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, idempotency_key)
);
CREATE INDEX idempotency_by_time ON idempotency (at);

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
CREATE INDEX events_by_tenant ON events (tenant_id, event_id);
-- Licenses and requests are one tenant's anyway. Short entries: every seat that is taken adds one to each.
CREATE INDEX events_by_license ON events (license_id, event_id);
CREATE INDEX events_by_request ON events (request_id, event_id);
CREATE INDEX events_by_code ON events (tenant_id, code, event_id) WHERE code IS NOT NULL;

CREATE TABLE audit (
    audit_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    request_id TEXT NOT NULL,
    -- Number and hash in the tenant's chain, given within a second (spec/audit.md).
    seq BIGINT,
    hash BYTEA,
    UNIQUE (tenant_id, seq)
);
CREATE INDEX audit_by_tenant ON audit (tenant_id, audit_id);
CREATE INDEX audit_waiting ON audit (audit_id) WHERE seq IS NULL;

CREATE TABLE audit_heads (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

-- Work that is done again and again, once each time however many servers there are.
CREATE TABLE jobs (
    name TEXT NOT NULL PRIMARY KEY,
    -- When it runs next. While it is claimed: the end of the lease, or earlier if it must run once more.
    due_at BIGINT NOT NULL,
    -- Until when nobody but the holder may run it.
    lease_until BIGINT,
    holder TEXT,
    -- Where to go on; empty at the beginning.
    position TEXT NOT NULL
);
