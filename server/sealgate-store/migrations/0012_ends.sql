-- Which licenses end next.
CREATE INDEX licenses_by_end ON licenses (tenant_id, expires_at, license_id) WHERE expires_at IS NOT NULL;
