-- What is sold, and to whom.

-- Who buys. Name, company, e-mail and metadata are personal: they go when the customer is forgotten, and the id stays.
CREATE TABLE customers (
    customer_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    name TEXT,
    company TEXT,
    email TEXT,
    -- A shop's own name for the customer.
    external_id TEXT,
    -- JSON, in the vendor's own words.
    metadata TEXT NOT NULL,
    -- The most devices over all of the customer's licenses; NULL while they are not counted together.
    max_devices BIGINT,
    -- In lower case, as bytes, so that either engine finds what begins with a text by an index.
    name_search BYTEA,
    email_search BYTEA,
    -- Raised first by every transaction on PostgreSQL that takes a seat under a limit of the customer's: racers meet here.
    seq BIGINT NOT NULL,
    forgotten_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant_id, customer_id)
);
CREATE UNIQUE INDEX customers_by_external_id ON customers (tenant_id, external_id);
CREATE INDEX customers_by_name ON customers (tenant_id, name_search, customer_id);
CREATE INDEX customers_by_email ON customers (tenant_id, email_search, customer_id);

ALTER TABLE licenses ADD COLUMN customer_id TEXT;
-- Until now a license had its buyer's name. Each name becomes a customer, whose id is that of the first license that has it.
INSERT INTO customers (customer_id, tenant_id, name, metadata, name_search, seq, created_at)
    SELECT MIN(license_id), tenant_id, customer, '{}', customer_search, 0, MIN(created_at) FROM licenses
    WHERE customer IS NOT NULL GROUP BY tenant_id, customer, customer_search;
UPDATE licenses SET customer_id = (SELECT c.customer_id FROM customers c
    WHERE c.tenant_id = licenses.tenant_id AND c.name_search = licenses.customer_search AND c.name = licenses.customer)
    WHERE customer IS NOT NULL;
DROP INDEX licenses_by_customer;
ALTER TABLE licenses DROP COLUMN customer;
ALTER TABLE licenses DROP COLUMN customer_search;
CREATE INDEX licenses_by_customer ON licenses (tenant_id, customer_id, license_id);

-- JSON: what the license itself says about its buyer.
ALTER TABLE licenses ADD COLUMN licensee TEXT NOT NULL DEFAULT '{}';
-- A trial: how many days from first use, and for whom there is one: device or customer.
ALTER TABLE licenses ADD COLUMN trial_days BIGINT;
ALTER TABLE licenses ADD COLUMN trial_per TEXT;
-- The day of the month on which a license ends that is renewed by months; a shorter month does not move it.
ALTER TABLE licenses ADD COLUMN end_day BIGINT;

ALTER TABLE plans ADD COLUMN trial_days BIGINT;
ALTER TABLE plans ADD COLUMN trial_per TEXT;
ALTER TABLE plans ADD COLUMN variables TEXT NOT NULL DEFAULT '{}';
-- JSON list: which of the customer's name, company and email a license says.
ALTER TABLE plans ADD COLUMN licensee TEXT NOT NULL DEFAULT '[]';
-- How long a license lasts, such as 365d, 3m or 1y; NULL forever.
ALTER TABLE plans ADD COLUMN duration TEXT;
UPDATE plans SET duration = CAST(duration_days AS TEXT) || 'd' WHERE duration_days IS NOT NULL;
ALTER TABLE plans DROP COLUMN duration_days;

-- What devices say of themselves, and what the vendor notes about them.
ALTER TABLE devices ADD COLUMN name TEXT;
ALTER TABLE devices ADD COLUMN platform TEXT;
ALTER TABLE devices ADD COLUMN product_version TEXT;
ALTER TABLE devices ADD COLUMN fingerprint TEXT;
ALTER TABLE devices ADD COLUMN last_seen BIGINT;
-- JSON, the vendor's.
ALTER TABLE devices ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
-- When the trial of the license began for this device.
ALTER TABLE devices ADD COLUMN trial_began BIGINT;
CREATE INDEX devices_by_fingerprint ON devices (tenant_id, fingerprint, device_id) WHERE fingerprint IS NOT NULL;

-- What a certificate lets its server do, one operation a line: one that lets it do less than a server does now is made anew.
ALTER TABLE server_certificates ADD COLUMN operations TEXT NOT NULL DEFAULT 'validate';

-- Who tried an app, a row added once and never changed: a device (by what its client says of the machine), with its first use;
-- a customer (by id), when the license is issued; and a customer's license (by id), with its first use by any device.
CREATE TABLE trials (
    app_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    license_id TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, kind, subject),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);
CREATE INDEX trials_by_license ON trials (license_id, kind);

-- Keys that licenses had before: whoever still has one is told so.
CREATE TABLE former_keys (
    key_hash BYTEA NOT NULL,
    app_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    license_id TEXT NOT NULL,
    replaced_at BIGINT NOT NULL,
    PRIMARY KEY (key_hash, app_id),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);
CREATE INDEX former_keys_by_license ON former_keys (license_id, replaced_at);
