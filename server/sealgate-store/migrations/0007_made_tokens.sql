-- However many tokens a tenant has: those in force are counted up to a bound, another owner is found, and what a revoked token
-- made is revoked in pages. 0: what the token made stays; 1: it is being revoked with it; 2: it is revoked.
ALTER TABLE tokens ADD COLUMN made_ends BIGINT NOT NULL DEFAULT 0;
CREATE INDEX tokens_in_force ON tokens (tenant_id, expires_at) WHERE revoked_at IS NULL;
CREATE INDEX tokens_mighty ON tokens (tenant_id, token_id)
    WHERE revoked_at IS NULL AND (scopes LIKE '%owner%' OR scopes LIKE '%installation%');
DROP INDEX tokens_by_maker;
CREATE INDEX tokens_by_maker ON tokens (tenant_id, made_by, token_id) WHERE made_ends = 0;
CREATE INDEX tokens_ending ON tokens (tenant_id, token_id) WHERE made_ends = 1;
