-- migrate:up

-- Who waits goes by the time of enrolment, whatever order the events of it came in. A process of
-- the release before writes none: then the time of arrival stands for it.
ALTER TABLE waitlist ADD COLUMN enrolled_at timestamptz;
COMMENT ON COLUMN waitlist.place IS 'Unused: who waits goes by the time of enrolment.';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX waitlist_by_enrolment
  ON waitlist (site_id, priority, (coalesce(enrolled_at, waitlisted_at)), enrolment_id)
  WHERE left_at IS NULL;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX waitlist_in_order;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX waitlist_open;

-- The placements of a site, and those of them that take a seat now.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX placements_of_site ON placements (site_id, id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX placements_of_site_now ON placements (site_id, id) WHERE ended_at IS NULL;

-- migrate:down
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX placements_of_site_now, placements_of_site;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX waitlist_open ON waitlist (site_id, place) WHERE left_at IS NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX waitlist_in_order ON waitlist (site_id, priority, place) WHERE left_at IS NULL;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX waitlist_by_enrolment;
-- squawk-ignore ban-drop-column
ALTER TABLE waitlist DROP COLUMN enrolled_at;
