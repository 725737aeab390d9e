-- Only PostgreSQL
-- What a runtime's database user may add to these tables is no longer than what a server of ours writes there.
ALTER TABLE devices ADD CONSTRAINT devices_said_bounds CHECK (
    OCTET_LENGTH(COALESCE(name, '')) <= 64 AND OCTET_LENGTH(COALESCE(platform, '')) <= 64
    AND OCTET_LENGTH(COALESCE(product_version, '')) <= 64 AND OCTET_LENGTH(COALESCE(fingerprint, '')) <= 128
    AND OCTET_LENGTH(metadata) <= 16384) NOT VALID;
ALTER TABLE trials ADD CONSTRAINT trials_bounds CHECK (
    OCTET_LENGTH(app_id) + OCTET_LENGTH(kind) + OCTET_LENGTH(subject) + OCTET_LENGTH(tenant_id) + OCTET_LENGTH(license_id)
    <= 1024) NOT VALID;
