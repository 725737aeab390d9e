-- Which licenses a device is on that calls itself so.
CREATE INDEX devices_by_name ON devices (tenant_id, name, license_id) WHERE name IS NOT NULL;
