-- migrate:up

-- A plan without an end is materialized some weeks ahead, week by week: all days before
-- `materialized_until`, by the site's calendar, and the next ones from `materialize_at` on. Both are
-- null of a plan that ends. `left_out` is a list of {"day", "name"}: days on which the site is closed.
-- squawk-ignore ban-drop-not-null
ALTER TABLE curricula ALTER COLUMN weeks DROP NOT NULL;
ALTER TABLE curricula ADD COLUMN materialized_until date;
ALTER TABLE curricula ADD COLUMN materialize_at timestamptz;
ALTER TABLE curricula ADD COLUMN left_out jsonb NOT NULL DEFAULT '[]';
ALTER TABLE curricula ADD COLUMN version integer NOT NULL DEFAULT 1;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX curricula_to_materialize ON curricula (materialize_at)
  WHERE materialize_at IS NOT NULL;
-- The place of a session's module in the order of the curriculum.
ALTER TABLE sessions ADD COLUMN module integer;

-- A row is a closure of a site, from its first to its last day by the site's calendar. Written by
-- POST /site-closures; a job says of its sessions, some at a time, that they are not held, and how
-- many that were; kept as the record of it.
CREATE TABLE site_closures (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL REFERENCES sites,
  first_day date NOT NULL,
  last_day date NOT NULL,
  reason text NOT NULL,
  sessions integer NOT NULL,
  sessions_done integer NOT NULL DEFAULT 0,
  entered_at timestamptz NOT NULL,
  finished_at timestamptz,
  CHECK (first_day <= last_day)
);
CREATE INDEX closures_to_work_off ON site_closures (entered_at) WHERE finished_at IS NULL;
ALTER TABLE site_closures ENABLE ROW LEVEL SECURITY;
ALTER TABLE site_closures FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON site_closures
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- How a plan's sessions lie, asked whenever one of them moves.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX sessions_of_curriculum ON sessions (curriculum_id);

-- migrate:down
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX sessions_of_curriculum;
-- Rows of all sites are brought back below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
DROP TABLE site_closures;
-- squawk-ignore ban-drop-column
ALTER TABLE sessions DROP COLUMN module;
-- The former release knows no plan without an end: it ends where it is materialized until.
UPDATE curricula SET weeks = greatest(1, (materialized_until - starts_on) / 7) WHERE weeks IS NULL;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX curricula_to_materialize;
-- squawk-ignore ban-drop-column
ALTER TABLE curricula DROP COLUMN version;
-- squawk-ignore ban-drop-column
ALTER TABLE curricula DROP COLUMN left_out;
-- squawk-ignore ban-drop-column
ALTER TABLE curricula DROP COLUMN materialize_at;
-- squawk-ignore ban-drop-column
ALTER TABLE curricula DROP COLUMN materialized_until;
-- squawk-ignore adding-not-nullable-field
ALTER TABLE curricula ALTER COLUMN weeks SET NOT NULL;
