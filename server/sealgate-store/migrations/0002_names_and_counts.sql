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
