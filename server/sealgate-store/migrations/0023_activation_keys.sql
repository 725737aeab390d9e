-- The key by which a server signs activation proofs, as it says itself.
ALTER TABLE servers ADD COLUMN activation_key TEXT CHECK (LENGTH(activation_key) <= 64);

-- Those that the Authority approved: no server writes here. One that another one follows has ended.
CREATE TABLE activation_keys (
    public_key TEXT NOT NULL PRIMARY KEY,
    server_key TEXT NOT NULL REFERENCES server_decisions (server_key),
    approved_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX activation_keys_by_server ON activation_keys (server_key);

-- Where they stand in the keysets of tenants. A server's key is in many keysets, and may end in one before the others.
CREATE TABLE listed_activation_keys (
    scope TEXT NOT NULL,
    public_key TEXT NOT NULL REFERENCES activation_keys (public_key),
    state TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (scope, public_key)
);
