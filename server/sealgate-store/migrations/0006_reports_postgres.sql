-- Only PostgreSQL
-- What the vendor listed is nobody else's to write. A runtime's database user adds what clients report, as a server of ours
-- writes it: a device for its license, or one address; each has an end. It may end reports, and take the place of an entry that
-- has ended. The owner of the tables is not bound by this.
ALTER TABLE access_entries ENABLE ROW LEVEL SECURITY;
CREATE POLICY access_read ON access_entries FOR SELECT USING (TRUE);
CREATE POLICY access_report ON access_entries
    USING (source = 'self_ban' OR expires_at <= EXTRACT(EPOCH FROM NOW()))
    WITH CHECK (source = 'self_ban' AND effect = 'deny' AND expires_at IS NOT NULL
        AND OCTET_LENGTH(entry_id) + OCTET_LENGTH(license_id) + OCTET_LENGTH(value) + OCTET_LENGTH(COALESCE(reason, '')) <= 512
        AND CASE kind
            WHEN 'hwid' THEN license_id <> ''
            WHEN 'ip' THEN license_id = '' AND HOST(value::inet)::inet = value::inet
            ELSE FALSE END);

-- Rows that can be read: what a list passes over costs as much as what it shows.
ALTER TABLE servers ADD CONSTRAINT servers_form CHECK (
    server_key ~ '^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$' AND created_at BETWEEN 0 AND 253402300799) NOT VALID;
