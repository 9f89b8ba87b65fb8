-- migrate:up

-- What the wall clock of the site shows when a session begins. It stays when the rules of the zone
-- change, and the instant moves. Null where a process of the release before wrote the row: such a
-- session keeps its instant.
-- squawk-ignore prefer-timestamp-tz
ALTER TABLE sessions ADD COLUMN local_start timestamp;
UPDATE sessions SET local_start = starts_at AT TIME ZONE time_zone;

-- The one row is the edition of the zone rules by which sessions to come were last looked at.
-- Written by the job of the rules; never goes away.
CREATE TABLE zone_rules (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  edition text NOT NULL,
  looked_at timestamptz NOT NULL
);

-- migrate:down
DROP TABLE zone_rules;
-- squawk-ignore ban-drop-column
ALTER TABLE sessions DROP COLUMN local_start;
