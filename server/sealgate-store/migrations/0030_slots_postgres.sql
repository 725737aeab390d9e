-- Only PostgreSQL
-- What a runtime's database user may add is a slot of its block, and no longer than what a server of ours writes there.
ALTER TABLE slots ADD CONSTRAINT slots_bounds CHECK (
    slot >= 0 AND slot < 9007199254740992 AND block = slot / 1048576 AND OCTET_LENGTH(app_id) <= 64
    AND OCTET_LENGTH(tenant_id) <= 64 AND OCTET_LENGTH(COALESCE(license_id, '')) <= 64
    AND OCTET_LENGTH(COALESCE(activation_id, '')) <= 64) NOT VALID;
ALTER TABLE slot_blocks ADD CONSTRAINT slot_blocks_bounds CHECK (
    block >= 0 AND block < 8589934592 AND bits >= 10 AND bits <= 20 AND is_full >= 0 AND is_full <= 1) NOT VALID;

-- Whoever may add any block may add the last one, and whoever may change when a slot was listed may take that back. So a runtime's
-- database user does it by these functions.
-- The next block of an app, if that one is its last; -1 stands for none.
CREATE FUNCTION open_slot_block(of_tenant TEXT, of_app TEXT, last_block BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH made AS (
        INSERT INTO slot_blocks (tenant_id, app_id, block, bits, is_full)
            SELECT tenant_id, app_id, last_block + 1, 10, 0 FROM apps WHERE tenant_id = of_tenant AND app_id = of_app
            AND COALESCE((SELECT MAX(block) FROM slot_blocks WHERE app_id = of_app), -1) = last_block
            ON CONFLICT (app_id, block) DO NOTHING RETURNING block
    )
    SELECT COUNT(*) FROM made
    $$;
-- The proofs of a device's activation that has ended.
CREATE FUNCTION list_proofs(of_license TEXT, of_identity TEXT, at_second BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH listed AS (
        UPDATE slots SET listed_at = at_second WHERE license_id = of_license AND listed_at IS NULL
            AND activation_id = (SELECT activation_id FROM activations WHERE license_id = of_license
                AND identity = of_identity AND end_code IN ('not_activated', 'chain_mismatch'))
            RETURNING slot
    )
    SELECT COUNT(*) FROM listed
    $$;
REVOKE ALL ON FUNCTION open_slot_block, list_proofs FROM PUBLIC;
DO $$ BEGIN
    EXECUTE FORMAT('ALTER FUNCTION open_slot_block SET search_path = %I, pg_temp', CURRENT_SCHEMA());
    EXECUTE FORMAT('ALTER FUNCTION list_proofs SET search_path = %I, pg_temp', CURRENT_SCHEMA());
END $$;

-- After a restore a device may show a proof in a block that is not known, or of a license that was revoked meanwhile.
-- A block of which only such a proof is known, not far behind the last one: nothing is drawn from it.
CREATE FUNCTION know_slot_block(of_tenant TEXT, of_app TEXT, of_block BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH made AS (
        INSERT INTO slot_blocks (tenant_id, app_id, block, bits, is_full)
            SELECT tenant_id, app_id, of_block, 20, 1 FROM apps WHERE tenant_id = of_tenant AND app_id = of_app
            AND of_block >= 0 AND of_block <= 8 + COALESCE((SELECT MAX(block) FROM slot_blocks WHERE app_id = of_app), 0)
            AND (SELECT COUNT(*) FROM (SELECT block FROM slot_blocks WHERE app_id = of_app LIMIT 100) AS known) < 100
            ON CONFLICT (app_id, block) DO NOTHING RETURNING block
    )
    SELECT COUNT(*) FROM made
    $$;
-- A proof of a license that is revoked. The time is this computer's, whatever the caller says.
CREATE FUNCTION list_of_revoked(of_license TEXT, of_slot BIGINT, at_second BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH listed AS (
        UPDATE slots SET listed_at = LEAST(GREATEST(at_second, EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)::BIGINT - 600),
                EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)::BIGINT + 600) WHERE license_id = of_license AND slot = of_slot
            AND listed_at IS NULL AND activation_id IS NOT NULL
            AND EXISTS (SELECT 1 FROM licenses WHERE license_id = of_license AND revoked_at IS NOT NULL)
            RETURNING slot
    )
    SELECT COUNT(*) FROM listed
    $$;
REVOKE ALL ON FUNCTION know_slot_block, list_of_revoked FROM PUBLIC;
DO $$ BEGIN
    EXECUTE FORMAT('ALTER FUNCTION know_slot_block SET search_path = %I, pg_temp', CURRENT_SCHEMA());
    EXECUTE FORMAT('ALTER FUNCTION list_of_revoked SET search_path = %I, pg_temp', CURRENT_SCHEMA());
END $$;
