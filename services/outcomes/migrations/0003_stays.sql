-- migrate:up

-- A row is a site and the IANA zone that its calendar goes by. Written by the consumers of
-- SiteOpened, and of attendance for sites that were opened before this table was there; never
-- deleted.
CREATE TABLE sites (
  site_id uuid PRIMARY KEY,
  time_zone text NOT NULL
);
ALTER TABLE sites ENABLE ROW LEVEL SECURITY;
ALTER TABLE sites FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON sites
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- The stay that the figures are of; null where no event named it.
ALTER TABLE engagement ADD COLUMN enrolment_id uuid;

-- All stays of a client, for the end of the one before.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX episodes_of_client ON episodes (client_id, enrolled_at);

-- A recommendation that is open lapses when the stay ends; of an accepted one `lapsed_at` says that
-- the stay had ended otherwise before the decision reached it.
ALTER TABLE recommendations ADD COLUMN lapsed_at timestamptz;
-- squawk-ignore ban-drop-constraint
ALTER TABLE recommendations DROP CONSTRAINT recommendations_state_check;
-- squawk-ignore ban-drop-constraint
ALTER TABLE recommendations DROP CONSTRAINT recommendations_check;
-- Rows of all sites are changed below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
UPDATE recommendations r SET state = 'lapsed', lapsed_at = e.ended_at, version = r.version + 1
FROM episodes e
WHERE e.enrolment_id = r.enrolment_id AND e.ended_at IS NOT NULL AND r.state = 'open';
ALTER TABLE recommendations ADD CONSTRAINT recommendations_state_known
  CHECK (state IN ('open', 'accepted', 'declined', 'lapsed')) NOT VALID;
ALTER TABLE recommendations ADD CONSTRAINT recommendations_decided CHECK (
  (state IN ('open', 'lapsed')) = (decided_at IS NULL)
  AND (state = 'accepted' OR (state = 'lapsed') = (lapsed_at IS NOT NULL))
) NOT VALID;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX recommendations_of_site ON recommendations (site_id, id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX recommendations_of_site_by_state ON recommendations (site_id, state, id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX recommendations_by_state ON recommendations (state, id);

-- migrate:down
-- Rows of all sites are brought back below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX recommendations_by_state;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX recommendations_of_site_by_state;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX recommendations_of_site;
-- squawk-ignore ban-drop-constraint
ALTER TABLE recommendations DROP CONSTRAINT recommendations_decided;
-- squawk-ignore ban-drop-constraint
ALTER TABLE recommendations DROP CONSTRAINT recommendations_state_known;
UPDATE recommendations SET state = 'open' WHERE state = 'lapsed';
ALTER TABLE recommendations ADD CONSTRAINT recommendations_state_check
  CHECK (state IN ('open', 'accepted', 'declined')) NOT VALID;
ALTER TABLE recommendations ADD CONSTRAINT recommendations_check
  CHECK ((state = 'open') = (decided_at IS NULL)) NOT VALID;
-- squawk-ignore ban-drop-column
ALTER TABLE recommendations DROP COLUMN lapsed_at;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX episodes_of_client;
-- squawk-ignore ban-drop-column
ALTER TABLE engagement DROP COLUMN enrolment_id;
DROP TABLE sites;
