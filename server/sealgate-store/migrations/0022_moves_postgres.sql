-- Only PostgreSQL
-- A seat moves to another key. A runtime's database user may not rename devices: he moves one seat of a key by this, which notes
-- from whom and when.
CREATE FUNCTION move_seat(of_tenant TEXT, of_license TEXT, of_device TEXT, to_key TEXT, at_second BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH moved AS (
        UPDATE devices SET moved_from = identity, identity = to_key, moved_first = moved_before, moved_before = moved_at,
            moved_at = at_second
        WHERE tenant_id = of_tenant AND device_id = of_device AND license_id = of_license AND kind = 'key' RETURNING device_id
    )
    SELECT COUNT(*) FROM moved
    $$;
REVOKE ALL ON FUNCTION move_seat FROM PUBLIC;
DO $$ BEGIN
    EXECUTE FORMAT('ALTER FUNCTION move_seat SET search_path = %I, pg_temp', CURRENT_SCHEMA());
END $$;
ALTER TABLE events ADD CONSTRAINT events_moved_bounds CHECK (OCTET_LENGTH(COALESCE(moved_from, '')) <= 128) NOT VALID;
