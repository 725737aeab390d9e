-- Only PostgreSQL
-- What a runtime's database user may add to these tables is no longer than what a server of ours writes there.
ALTER TABLE devices ADD CONSTRAINT devices_said_bounds CHECK (
    OCTET_LENGTH(COALESCE(name, '')) <= 64 AND OCTET_LENGTH(COALESCE(platform, '')) <= 64
    AND OCTET_LENGTH(COALESCE(product_version, '')) <= 64 AND OCTET_LENGTH(COALESCE(fingerprint, '')) <= 128
    AND OCTET_LENGTH(metadata) <= 16384) NOT VALID;
ALTER TABLE trials ADD CONSTRAINT trials_bounds CHECK (
    OCTET_LENGTH(app_id) + OCTET_LENGTH(kind) + OCTET_LENGTH(subject) + OCTET_LENGTH(tenant_id) + OCTET_LENGTH(license_id)
    <= 1024) NOT VALID;

-- A runtime begins trials when a device uses a license first; who may be issued one is the vendor's to say.
ALTER TABLE trials ENABLE ROW LEVEL SECURITY;
CREATE POLICY trials_read ON trials FOR SELECT USING (TRUE);
CREATE POLICY trials_begin ON trials FOR INSERT WITH CHECK (kind IN ('device', 'license'));

-- A device gives its seat back. Whoever may delete from a table may lock it against everybody, so a runtime's database user
-- does it by this, and by nothing else: one seat, noted and counted as any other release.
CREATE FUNCTION release_seat(of_tenant TEXT, of_license TEXT, of_device TEXT, at_second BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH gone AS (
        DELETE FROM devices WHERE tenant_id = of_tenant AND device_id = of_device AND license_id = of_license RETURNING device_id
    ), noted AS (
        INSERT INTO releases (device_id, tenant_id, license_id, at)
            SELECT device_id, of_tenant, of_license, at_second FROM gone ON CONFLICT (device_id) DO NOTHING RETURNING device_id
    ), counted AS (
        INSERT INTO release_days (tenant_id, license_id, day, released)
            SELECT of_tenant, of_license, at_second / 86400, COUNT(*) FROM noted HAVING COUNT(*) > 0
            ON CONFLICT (license_id, day) DO UPDATE SET released = release_days.released + excluded.released
    )
    SELECT COUNT(*) FROM gone
    $$;
REVOKE ALL ON FUNCTION release_seat FROM PUBLIC;
-- It runs as the owner of the tables. Temporary tables come last: else a table of the caller's own, with triggers of his own,
-- would stand in the place of ours.
DO $$ BEGIN
    EXECUTE FORMAT('ALTER FUNCTION release_seat SET search_path = %I, pg_temp', CURRENT_SCHEMA());
END $$;
