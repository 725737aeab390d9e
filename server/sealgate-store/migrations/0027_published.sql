-- What vendors published, and which modules count as approved (spec/activation.md §8, §9).

-- Versions of products. A row stays when its release is revoked: its version and target are never used again.
CREATE TABLE published_releases (
    release_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    version TEXT NOT NULL,
    target TEXT NOT NULL,
    -- The package: its length in bytes, and its SHA-256.
    package_bytes BIGINT NOT NULL,
    package_sha256 BYTEA NOT NULL,
    -- How many modules it lists.
    modules BIGINT NOT NULL,
    -- The update key that signed it last, and the statement with its list of modules.
    signer TEXT NOT NULL,
    statement BYTEA NOT NULL,
    published_at BIGINT NOT NULL,
    revoked_at BIGINT,
    revoke_reason TEXT,
    UNIQUE (app_id, version, target),
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, app_id)
);
CREATE INDEX published_by_tenant ON published_releases (tenant_id, release_id);
CREATE INDEX published_by_app ON published_releases (tenant_id, app_id, release_id);
CREATE INDEX published_by_signer ON published_releases (signer, release_id);

-- The modules of releases that were not revoked. A module stands here as the SHA-256 of its four parts.
CREATE TABLE published_modules (
    app_id TEXT NOT NULL,
    module TEXT NOT NULL,
    release_id TEXT NOT NULL REFERENCES published_releases (release_id),
    PRIMARY KEY (app_id, module, release_id)
);
CREATE INDEX published_modules_by_release ON published_modules (release_id);

-- Modules of one license: those that wait, and what the vendor decided. A license server adds those that wait, and nothing else.
CREATE TABLE approvals (
    approval_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    license_id TEXT NOT NULL,
    -- The SHA-256 of the four parts that follow.
    module TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    version TEXT,
    signer TEXT,
    -- Who named it: the vendor, or a device.
    source TEXT NOT NULL,
    submitted_at BIGINT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    decided_at BIGINT,
    reason TEXT,
    UNIQUE (license_id, module),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);
CREATE INDEX approvals_by_tenant ON approvals (tenant_id, approval_id);
CREATE INDEX approvals_by_status ON approvals (tenant_id, status, approval_id);
CREATE INDEX approvals_by_license ON approvals (tenant_id, license_id, approval_id);
CREATE INDEX approvals_of_license_by_status ON approvals (license_id, status, approval_id);
CREATE INDEX approvals_of_app_by_status ON approvals (app_id, status, approval_id);
