-- JSON, spelled as in the payload of a license (spec/license.md §2.13 to §2.25): under which conditions a license gives its rights.
ALTER TABLE plans ADD COLUMN conditions TEXT NOT NULL DEFAULT '{}';
ALTER TABLE licenses ADD COLUMN conditions TEXT NOT NULL DEFAULT '{}';

-- Releases a year are one of them; 2 is what a license allows that says nothing.
UPDATE plans SET conditions = '{"allowances":{"releases":' || CAST(releases_per_seat AS TEXT) || '}}'
    WHERE releases_per_seat <> 2;
UPDATE licenses SET conditions = '{"allowances":{"releases":' || CAST(releases_per_seat AS TEXT) || '}}'
    WHERE releases_per_seat <> 2;
ALTER TABLE plans DROP COLUMN releases_per_seat;
ALTER TABLE licenses DROP COLUMN releases_per_seat;

-- What plans called a policy before stood in no license, and nobody enforced it. Programs that are in use would refuse a license
-- with a policy, so none is made of it.
ALTER TABLE plans DROP COLUMN policy;

-- Whether licenses are handed out as files. Offline is a condition now, which a license says itself.
ALTER TABLE plans RENAME COLUMN offline TO files;
ALTER TABLE licenses RENAME COLUMN offline TO files;
