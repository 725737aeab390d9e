-- The request by which a device gave a seat back: the same one never takes another seat.
ALTER TABLE releases ADD COLUMN request TEXT;
CREATE UNIQUE INDEX releases_by_request ON releases (request) WHERE request IS NOT NULL;
