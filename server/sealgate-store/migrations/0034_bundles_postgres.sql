-- Only PostgreSQL
-- A seat that a bundle holds is freed, or moved, by nobody before the bundle ends.
CREATE OR REPLACE FUNCTION release_seat(of_tenant TEXT, of_license TEXT, of_device TEXT, of_request TEXT, at_second BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH gone AS (
        DELETE FROM devices WHERE tenant_id = of_tenant AND device_id = of_device AND license_id = of_license
            AND COALESCE(bundle_until, 0) <= at_second RETURNING device_id
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
CREATE OR REPLACE FUNCTION move_seat(of_tenant TEXT, of_license TEXT, of_device TEXT, to_key TEXT, at_second BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH moved AS (
        UPDATE devices SET moved_from = identity, identity = to_key, moved_first = moved_before, moved_before = moved_at,
            moved_at = at_second, bundle_until = NULL, only_bundled = 0
        WHERE tenant_id = of_tenant AND device_id = of_device AND license_id = of_license AND kind = 'key'
            AND COALESCE(bundle_until, 0) <= at_second RETURNING device_id
    )
    SELECT COUNT(*) FROM moved
    $$;
CREATE OR REPLACE FUNCTION free_leases(of_tenant TEXT, of_license TEXT, of_device TEXT, at_second BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH leased AS (
        SELECT 1 FROM licenses WHERE tenant_id = of_tenant AND license_id = of_license
            AND CAST(conditions AS JSONB) #>> '{policy,seat}' = 'lease'
    ), kept AS (
        UPDATE devices SET only_bundled = 1, lease_until = NULL WHERE tenant_id = of_tenant AND license_id = of_license
            AND (lease_until <= at_second OR device_id = of_device) AND bundle_until > at_second AND EXISTS (SELECT 1 FROM leased)
    ), gone AS (
        DELETE FROM devices WHERE tenant_id = of_tenant AND license_id = of_license
            AND (lease_until <= at_second OR device_id = of_device) AND COALESCE(bundle_until, 0) <= at_second
            AND EXISTS (SELECT 1 FROM leased) RETURNING device_id
    )
    SELECT COUNT(*) FROM gone
    $$;
DO $$ DECLARE name TEXT; BEGIN
    FOREACH name IN ARRAY ARRAY['release_seat', 'move_seat', 'free_leases'] LOOP
        EXECUTE FORMAT('ALTER FUNCTION %I SET search_path = %I, pg_temp', name, CURRENT_SCHEMA());
    END LOOP;
END $$;

-- What bundles hold that ended is free, and the rest is counted anew. A runtime's database user neither deletes devices nor reads bundles.
CREATE FUNCTION settle_bundles(of_tenant TEXT, of_license TEXT, at_second BIGINT) RETURNS BIGINT
    LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE gone BIGINT; BEGIN
    DELETE FROM devices WHERE tenant_id = of_tenant AND license_id = of_license AND bundle_until <= at_second AND only_bundled = 1;
    GET DIAGNOSTICS gone = ROW_COUNT;
    UPDATE devices SET bundle_until = NULL WHERE license_id = of_license AND bundle_until <= at_second;
    UPDATE licenses SET devices_used = GREATEST(devices_used - gone, 0),
        pools = (SELECT COALESCE(SUM(l.most), 0) FROM (SELECT MAX(pool) AS most FROM bundles WHERE license_id = of_license
            AND ends_at > at_second AND pool IS NOT NULL GROUP BY line) l),
        bundles_end = (SELECT MIN(e.at) FROM (SELECT MIN(bundle_until) AS at FROM devices WHERE license_id = of_license
            AND bundle_until IS NOT NULL UNION ALL SELECT MIN(ends_at) AS at FROM bundles WHERE license_id = of_license
            AND ends_at > at_second AND pool IS NOT NULL) e)
        WHERE tenant_id = of_tenant AND license_id = of_license;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION settle_bundles FROM PUBLIC;
DO $$ BEGIN
    EXECUTE FORMAT('ALTER FUNCTION settle_bundles SET search_path = %I, pg_temp', CURRENT_SCHEMA());
END $$;
