-- Only PostgreSQL
-- What a runtime's database user may add is no longer than what a server of ours writes there.
ALTER TABLE approvals ADD CONSTRAINT approvals_bounds CHECK (
    OCTET_LENGTH(approval_id) <= 64 AND OCTET_LENGTH(tenant_id) <= 64 AND OCTET_LENGTH(app_id) <= 64
    AND OCTET_LENGTH(license_id) <= 64 AND OCTET_LENGTH(module) = 64 AND OCTET_LENGTH(name) <= 128
    AND OCTET_LENGTH(sha256) = 32 AND OCTET_LENGTH(COALESCE(version, '')) <= 64
    AND OCTET_LENGTH(COALESCE(signer, '')) <= 64 AND OCTET_LENGTH(source) <= 16) NOT VALID;
