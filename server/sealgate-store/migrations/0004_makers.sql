-- The token that made this one. Of tokens that were made before, the audit log knows it; runtimes may write to that, so
-- nothing is taken over from it.
ALTER TABLE tokens ADD COLUMN made_by TEXT;
CREATE INDEX tokens_by_maker ON tokens (tenant_id, made_by);
