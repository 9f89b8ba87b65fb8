-- migrate:up

-- What the wall clock of the site shows when a session begins. It stays when the rules of the zone
-- change, and the instant moves. Null of what was planned by the release before, until the job of
-- the rules fills it from the plan.
-- squawk-ignore prefer-timestamp-tz
ALTER TABLE sessions ADD COLUMN local_start timestamp;
-- The edition of the zone rules by which the site's sessions to come are known to be right.
ALTER TABLE sites ADD COLUMN zone_edition text;
-- Whether all sites have one edition is asked after each commit.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX sites_by_zone_edition ON sites (zone_edition);

-- migrate:down
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX sites_by_zone_edition;
-- squawk-ignore ban-drop-column
ALTER TABLE sites DROP COLUMN zone_edition;
-- squawk-ignore ban-drop-column
ALTER TABLE sessions DROP COLUMN local_start;
