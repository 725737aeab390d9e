-- Only PostgreSQL
-- As before, and notes by which request. Whoever may run it needs to be granted that again.
DROP FUNCTION release_seat;
CREATE FUNCTION release_seat(of_tenant TEXT, of_license TEXT, of_device TEXT, of_request TEXT, at_second BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH gone AS (
        DELETE FROM devices WHERE tenant_id = of_tenant AND device_id = of_device AND license_id = of_license RETURNING device_id
    ), noted AS (
        INSERT INTO releases (device_id, tenant_id, license_id, at, request)
            SELECT device_id, of_tenant, of_license, at_second, LEFT(of_request, 64) FROM gone
            ON CONFLICT (device_id) DO NOTHING RETURNING device_id
    ), counted AS (
        INSERT INTO release_days (tenant_id, license_id, day, released)
            SELECT of_tenant, of_license, at_second / 86400, COUNT(*) FROM noted HAVING COUNT(*) > 0
            ON CONFLICT (license_id, day) DO UPDATE SET released = release_days.released + excluded.released
    )
    SELECT COUNT(*) FROM gone
    $$;
REVOKE ALL ON FUNCTION release_seat FROM PUBLIC;
DO $$ BEGIN
    EXECUTE FORMAT('ALTER FUNCTION release_seat SET search_path = %I, pg_temp', CURRENT_SCHEMA());
END $$;
