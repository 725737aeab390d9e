-- However many reports of clients lie beside them: what the vendor listed is found at once, and so are the next servers of a
-- list.
CREATE INDEX access_by_source ON access_entries (app_id, source, entry_id);
CREATE INDEX access_of_tenant ON access_entries (tenant_id, source, entry_id);
DROP INDEX access_by_tenant;
CREATE INDEX servers_by_age ON servers (created_at, server_key);
