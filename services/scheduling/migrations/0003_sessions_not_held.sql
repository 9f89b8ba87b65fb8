-- migrate:up

-- A session that the program does not hold says since when that is known, and why. It counts
-- nowhere, and its time is free for another session of the cohort.
ALTER TABLE sessions ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE sessions ADD COLUMN not_held_at timestamptz;
ALTER TABLE sessions ADD COLUMN not_held_reason text;
ALTER TABLE sessions ADD CONSTRAINT sessions_not_held CHECK (
  (not_held_at IS NULL) = (not_held_reason IS NULL) AND not_held_reason IN (
    'closure', 'weather', 'staff_absent', 'room', 'emergency', 'too_few', 'other'
  )
) NOT VALID;
COMMENT ON TABLE sessions IS 'A row is one session of a cohort, in UTC, with the zone whose wall '
  'clock it was planned by. Written with its curriculum; the one change is that the program does '
  'not hold it. Kept as long as its attendance.';
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE sessions ADD CONSTRAINT sessions_held_apart
  EXCLUDE USING gist (cohort_id WITH =, tstzrange(starts_at, ends_at) WITH &&)
  WHERE (not_held_at IS NULL);
-- squawk-ignore ban-drop-constraint
ALTER TABLE sessions DROP CONSTRAINT sessions_apart;
-- The sessions of a site on a day, and of a site in time.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX sessions_of_site ON sessions (site_id, starts_at, id);

-- migrate:down
-- Rows of all sites are brought back below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX sessions_of_site;
-- The former release knows no session that is not held: it goes, with who was expected at it.
DELETE FROM attendance r USING sessions s WHERE s.id = r.session_id AND s.not_held_at IS NOT NULL;
DELETE FROM appointments a USING sessions s WHERE s.id = a.session_id AND s.not_held_at IS NOT NULL;
DELETE FROM sessions WHERE not_held_at IS NOT NULL;
-- squawk-ignore ban-drop-constraint
ALTER TABLE sessions DROP CONSTRAINT sessions_held_apart;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE sessions ADD CONSTRAINT sessions_apart
  EXCLUDE USING gist (cohort_id WITH =, tstzrange(starts_at, ends_at) WITH &&);
-- squawk-ignore ban-drop-constraint
ALTER TABLE sessions DROP CONSTRAINT sessions_not_held;
-- squawk-ignore ban-drop-column
ALTER TABLE sessions DROP COLUMN not_held_reason;
-- squawk-ignore ban-drop-column
ALTER TABLE sessions DROP COLUMN not_held_at;
-- squawk-ignore ban-drop-column
ALTER TABLE sessions DROP COLUMN version;
