-- Numbers in the place of counts: a license may have had hundreds of thousands of releases, and everybody else who writes would
-- wait while they are counted.

-- How many seats of a license were released on a day: days of UTC since 1970.
CREATE TABLE release_days (
    tenant_id TEXT NOT NULL,
    license_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    released BIGINT NOT NULL,
    PRIMARY KEY (license_id, day),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, license_id)
);
INSERT INTO release_days (tenant_id, license_id, day, released)
    SELECT tenant_id, license_id, at / 86400, COUNT(*) FROM releases GROUP BY tenant_id, license_id, at / 86400;

-- The first file of a license has the number 1, the next one 2.
ALTER TABLE lifetime_files ADD COLUMN n BIGINT NOT NULL DEFAULT 0;
UPDATE lifetime_files SET n = numbered.n FROM (
    SELECT license_id, identity, ROW_NUMBER() OVER (PARTITION BY license_id ORDER BY identity) AS n FROM lifetime_files) numbered
    WHERE numbered.license_id = lifetime_files.license_id AND numbered.identity = lifetime_files.identity;
CREATE INDEX lifetime_files_by_number ON lifetime_files (license_id, n);
