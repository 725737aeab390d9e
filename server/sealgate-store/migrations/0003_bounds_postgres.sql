-- Only PostgreSQL
-- A runtime's database user may add rows to these tables. None is longer than what a server of ours writes there, so that
-- whoever has that user cannot make rows that fill the memory of those who read them. SQLite has no users.

ALTER TABLE audit ADD CONSTRAINT audit_bounds CHECK (OCTET_LENGTH(detail) <= 70000 AND
    OCTET_LENGTH(audit_id) + OCTET_LENGTH(tenant_id) + OCTET_LENGTH(actor) + OCTET_LENGTH(action) + OCTET_LENGTH(subject)
    + OCTET_LENGTH(request_id) <= 4096) NOT VALID;
ALTER TABLE events ADD CONSTRAINT events_bounds CHECK (
    OCTET_LENGTH(event_id) + OCTET_LENGTH(tenant_id) + OCTET_LENGTH(COALESCE(app_id, '')) + OCTET_LENGTH(COALESCE(license_id, ''))
    + OCTET_LENGTH(COALESCE(device, '')) + OCTET_LENGTH(kind) + OCTET_LENGTH(COALESCE(code, '')) + OCTET_LENGTH(request_id)
    <= 4096) NOT VALID;
ALTER TABLE access_entries ADD CONSTRAINT access_entries_bounds CHECK (
    OCTET_LENGTH(entry_id) + OCTET_LENGTH(license_id) + OCTET_LENGTH(source) + OCTET_LENGTH(effect) + OCTET_LENGTH(kind)
    + OCTET_LENGTH(value) + OCTET_LENGTH(COALESCE(reason, '')) <= 8192) NOT VALID;
ALTER TABLE devices ADD CONSTRAINT devices_bounds CHECK (
    OCTET_LENGTH(kind) + OCTET_LENGTH(identity) + OCTET_LENGTH(device_id) <= 1024) NOT VALID;
ALTER TABLE servers ADD CONSTRAINT servers_bounds CHECK (OCTET_LENGTH(server_key) + OCTET_LENGTH(origins) <= 16384) NOT VALID;
ALTER TABLE debits ADD CONSTRAINT debits_bounds CHECK (OCTET_LENGTH(question) <= 64) NOT VALID;
ALTER TABLE lifetime_files ADD CONSTRAINT lifetime_files_bounds CHECK (OCTET_LENGTH(file_sealed) <= 262144 AND
    OCTET_LENGTH(identity) + OCTET_LENGTH(file_id) <= 1024) NOT VALID;
