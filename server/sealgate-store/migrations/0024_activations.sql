-- Devices that were admitted to licenses, and what they keep saying (spec/activation.md).

-- One row for each device of a license that was activated. It stays when the seat is given back: the next activation is the
-- next generation.
CREATE TABLE activations (
    activation_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    license_id TEXT NOT NULL,
    -- The device's key.
    identity TEXT NOT NULL,
    generation BIGINT NOT NULL,
    -- When the device was activated again lately, newest last, as numbers with a blank between two.
    begun TEXT NOT NULL,
    -- The request that this generation began with, and the nonce of its first heartbeat.
    request TEXT NOT NULL,
    first_nonce TEXT NOT NULL,
    fingerprint TEXT,
    -- The proof that counts: its id, the version of the license that it names, and itself.
    proof_id TEXT NOT NULL,
    statement_id TEXT NOT NULL,
    proof BYTEA NOT NULL,
    -- Why the device has no rights any more, since when, and until when it keeps what it has; NULL while it has.
    end_code TEXT,
    ended_at BIGINT,
    grace_until BIGINT,
    -- The last entry of the device's chain that is held.
    chain_seq BIGINT NOT NULL,
    chain_mac TEXT NOT NULL,
    UNIQUE (license_id, identity),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);

-- Copies of a program that send heartbeats, in the generation that counts.
CREATE TABLE instances (
    activation_id TEXT NOT NULL REFERENCES activations (activation_id),
    instance_id TEXT NOT NULL,
    -- The last heartbeat that counted, the nonce of the next one, and the answer, byte for byte.
    seq BIGINT NOT NULL,
    next_nonce TEXT NOT NULL,
    request TEXT NOT NULL,
    answer BYTEA NOT NULL,
    heard_at BIGINT NOT NULL,
    -- When it said that it ends; NULL while it runs.
    left_at BIGINT,
    PRIMARY KEY (activation_id, instance_id)
);

-- Entries of devices' chains, as they were sent.
CREATE TABLE chain_entries (
    activation_id TEXT NOT NULL REFERENCES activations (activation_id),
    generation BIGINT NOT NULL,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    entries BYTEA NOT NULL,
    heard_at BIGINT NOT NULL,
    PRIMARY KEY (activation_id, generation, first_seq)
);
