-- Licenses that came from elsewhere.

-- The row of an import that a license was made from: the same row makes no second one. The name is a keyed hash, because a row
-- may hold a license key.
CREATE TABLE imported_rows (
    tenant_id TEXT NOT NULL,
    name BYTEA NOT NULL,
    license_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);

-- Keys that licenses brought along from elsewhere. They count beside ours until the license gets another key.
CREATE TABLE foreign_keys (
    key_hash BYTEA NOT NULL,
    app_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    license_id TEXT NOT NULL,
    PRIMARY KEY (key_hash, app_id),
    UNIQUE (license_id),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);
