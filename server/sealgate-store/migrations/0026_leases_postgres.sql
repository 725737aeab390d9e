-- Only PostgreSQL
-- What a runtime's database user may add to these tables is no longer than what a server of ours writes there.
ALTER TABLE activations ADD CONSTRAINT activations_bounds CHECK (OCTET_LENGTH(proof) <= 1500000 AND
    OCTET_LENGTH(activation_id) + OCTET_LENGTH(tenant_id) + OCTET_LENGTH(license_id) + OCTET_LENGTH(identity)
    + OCTET_LENGTH(begun) + OCTET_LENGTH(request) + OCTET_LENGTH(first_nonce) + OCTET_LENGTH(COALESCE(fingerprint, ''))
    + OCTET_LENGTH(proof_id) + OCTET_LENGTH(statement_id) + OCTET_LENGTH(COALESCE(end_code, '')) + OCTET_LENGTH(chain_mac)
    <= 4096) NOT VALID;
ALTER TABLE instances ADD CONSTRAINT instances_bounds CHECK (OCTET_LENGTH(answer) <= 16384 AND
    OCTET_LENGTH(activation_id) + OCTET_LENGTH(instance_id) + OCTET_LENGTH(next_nonce) + OCTET_LENGTH(request) <= 1024) NOT VALID;
ALTER TABLE chain_entries ADD CONSTRAINT chain_entries_bounds CHECK (
    OCTET_LENGTH(entries) <= 262144 AND OCTET_LENGTH(activation_id) <= 64) NOT VALID;
ALTER TABLE chain_anchors ADD CONSTRAINT chain_anchors_bounds CHECK (
    OCTET_LENGTH(activation_id) + OCTET_LENGTH(held_mac) + OCTET_LENGTH(taken_mac) <= 1024) NOT VALID;

-- Whoever may delete from a table may lock it against everybody, so a runtime's database user does it by these functions.
-- Leases that are over, and the one of the device that gives it back: of a license whose seats are leases, and of no other. A
-- lease that ends is no release, so none is counted.
CREATE FUNCTION free_leases(of_tenant TEXT, of_license TEXT, of_device TEXT, at_second BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH gone AS (
        DELETE FROM devices WHERE tenant_id = of_tenant AND license_id = of_license
            AND (lease_until <= at_second OR device_id = of_device)
            AND EXISTS (SELECT 1 FROM licenses WHERE tenant_id = of_tenant AND license_id = of_license
                AND CAST(conditions AS JSONB) #>> '{policy,seat}' = 'lease')
            RETURNING device_id
    )
    SELECT COUNT(*) FROM gone
    $$;
-- Copies of a program that were heard for the last time then, or before.
CREATE FUNCTION forget_instances(of_activation TEXT, at_second BIGINT) RETURNS BIGINT
    LANGUAGE sql SECURITY DEFINER AS $$
    WITH gone AS (
        DELETE FROM instances WHERE activation_id = of_activation AND heard_at <= at_second RETURNING instance_id
    )
    SELECT COUNT(*) FROM gone
    $$;
REVOKE ALL ON FUNCTION free_leases, forget_instances FROM PUBLIC;
DO $$ BEGIN
    EXECUTE FORMAT('ALTER FUNCTION free_leases SET search_path = %I, pg_temp', CURRENT_SCHEMA());
    EXECUTE FORMAT('ALTER FUNCTION forget_instances SET search_path = %I, pg_temp', CURRENT_SCHEMA());
END $$;
