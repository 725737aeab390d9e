-- Only PostgreSQL
-- What a runtime's database user may add is a slot of its block, and no longer than what a server of ours writes there.
ALTER TABLE slots ADD CONSTRAINT slots_bounds CHECK (
    slot >= 0 AND slot < 9007199254740992 AND block = slot / 1048576 AND OCTET_LENGTH(app_id) <= 64
    AND OCTET_LENGTH(tenant_id) <= 64 AND OCTET_LENGTH(COALESCE(license_id, '')) <= 64
    AND OCTET_LENGTH(COALESCE(activation_id, '')) <= 64
    AND generation >= 1 AND generation < 9007199254740992
    AND expires_at >= 0 AND expires_at <= 253402300799 AND listed_at >= 0 AND listed_at <= 253402300799) NOT VALID;
ALTER TABLE slot_blocks ADD CONSTRAINT slot_blocks_bounds CHECK (
    block >= 0 AND block < 8589934592 AND bits >= 10 AND bits <= 20 AND is_full >= 0 AND is_full <= 1) NOT VALID;

-- Whoever may add any block may add the last one, whoever may narrow or open one has its slots given out again, and whoever may change when
-- a slot was listed may take that back. So a runtime's database user does it by these functions.
-- Whether a quarter of a block is used: nobody who signs has a reason to leave it sooner.
CREATE FUNCTION is_used_block(of_app TEXT, of_block BIGINT) RETURNS BOOLEAN LANGUAGE sql STABLE AS $$
    SELECT COUNT(*) = 262144 FROM (SELECT 1 FROM slots WHERE app_id = of_app
        AND slot >= of_block * 1048576 AND slot < (of_block + 1) * 1048576 LIMIT 262144) AS given
    $$;
-- The next block of an app, if that one is its last, and crowded or left; -1 stands for none.
CREATE FUNCTION open_slot_block(of_tenant TEXT, of_app TEXT, last_block BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH made AS (
        INSERT INTO slot_blocks (tenant_id, app_id, block, bits, is_full)
            SELECT a.tenant_id, a.app_id, last_block + 1, 10, 0 FROM apps a LEFT JOIN slot_blocks b ON b.app_id = a.app_id
            AND b.block = (SELECT MAX(block) FROM slot_blocks WHERE app_id = of_app)
            WHERE a.tenant_id = of_tenant AND a.app_id = of_app AND COALESCE(b.block, -1) = last_block
            AND (b.block IS NULL OR b.is_full = 1 OR b.bits = 20 AND is_used_block(of_app, last_block))
            ON CONFLICT (app_id, block) DO NOTHING RETURNING block
    )
    SELECT COUNT(*) FROM made
    $$;
CREATE FUNCTION widen_slot_block(of_app TEXT, of_block BIGINT, to_bits BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH wider AS (
        UPDATE slot_blocks SET bits = to_bits WHERE app_id = of_app AND block = of_block AND bits < to_bits RETURNING block
    )
    SELECT COUNT(*) FROM wider
    $$;
CREATE FUNCTION close_slot_block(of_app TEXT, of_block BIGINT) RETURNS BIGINT LANGUAGE sql SECURITY DEFINER AS $$
    WITH closed AS (
        UPDATE slot_blocks SET is_full = 1 WHERE app_id = of_app AND block = of_block AND is_full = 0 AND bits = 20
            AND is_used_block(of_app, of_block) RETURNING block
    )
    SELECT COUNT(*) FROM closed
    $$;
-- The proofs of a device's activation that has ended. The time is this computer's, whatever the caller says.
CREATE FUNCTION list_proofs(of_license TEXT, of_identity TEXT, at_second BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH listed AS (
        UPDATE slots SET listed_at = LEAST(GREATEST(at_second, EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)::BIGINT - 600),
                EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)::BIGINT + 600) WHERE license_id = of_license AND listed_at IS NULL
            AND activation_id = (SELECT activation_id FROM activations WHERE license_id = of_license
                AND identity = of_identity AND end_code IN ('not_activated', 'chain_mismatch'))
            RETURNING app_id, block
    ), counted AS (
        UPDATE slot_blocks b SET listings = b.listings + 1 FROM (SELECT DISTINCT app_id, block FROM listed) AS l
            WHERE b.app_id = l.app_id AND b.block = l.block
    )
    SELECT COUNT(*) FROM listed
    $$;
REVOKE ALL ON FUNCTION is_used_block, open_slot_block, widen_slot_block, close_slot_block, list_proofs FROM PUBLIC;
DO $$ DECLARE name TEXT; BEGIN
    FOREACH name IN ARRAY ARRAY['is_used_block', 'open_slot_block', 'widen_slot_block', 'close_slot_block', 'list_proofs'] LOOP
        EXECUTE FORMAT('ALTER FUNCTION %I SET search_path = %I, pg_temp', name, CURRENT_SCHEMA());
    END LOOP;
END $$;

-- A slot that a statement has is its license's app's: else what is listed of one app would fill the blocks of all.
CREATE FUNCTION check_app_of_slot() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF NEW.license_id IS NOT NULL AND NOT EXISTS (SELECT FROM licenses WHERE license_id = NEW.license_id AND app_id = NEW.app_id) THEN
        RAISE 'slots_app: the license is another app''s' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION check_app_of_slot FROM PUBLIC;
DO $$ BEGIN
    EXECUTE FORMAT('ALTER FUNCTION check_app_of_slot SET search_path = %I, pg_temp', CURRENT_SCHEMA());
END $$;
CREATE TRIGGER slots_app BEFORE INSERT OR UPDATE OF app_id, license_id ON slots FOR EACH ROW EXECUTE FUNCTION check_app_of_slot();

-- After a restore a device may show a proof in a block that is not known, or of a license that was revoked meanwhile.
-- A block of which only such a proof is known, not far behind the last one: nothing is drawn from it.
CREATE FUNCTION know_slot_block(of_tenant TEXT, of_app TEXT, of_block BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH made AS (
        INSERT INTO slot_blocks (tenant_id, app_id, block, bits, is_full, is_shown)
            SELECT tenant_id, app_id, of_block, 20, 1, 1 FROM apps WHERE tenant_id = of_tenant AND app_id = of_app
            AND of_block >= 0 AND of_block <= 8 + COALESCE((SELECT MAX(block) FROM slot_blocks WHERE app_id = of_app), 0)
            AND (SELECT COUNT(*) FROM (SELECT 1 FROM slot_blocks WHERE tenant_id = of_tenant AND is_shown = 1 LIMIT 200) AS shown) < 200
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
            RETURNING app_id, block
    ), counted AS (
        UPDATE slot_blocks b SET listings = b.listings + 1 FROM (SELECT DISTINCT app_id, block FROM listed) AS l
            WHERE b.app_id = l.app_id AND b.block = l.block
    )
    SELECT COUNT(*) FROM listed
    $$;
REVOKE ALL ON FUNCTION know_slot_block, list_of_revoked FROM PUBLIC;
DO $$ BEGIN
    EXECUTE FORMAT('ALTER FUNCTION know_slot_block SET search_path = %I, pg_temp', CURRENT_SCHEMA());
    EXECUTE FORMAT('ALTER FUNCTION list_of_revoked SET search_path = %I, pg_temp', CURRENT_SCHEMA());
END $$;
