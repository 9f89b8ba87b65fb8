-- migrate:up

-- Parts of an instrument that are scored on their own, subscale → total or null; of rows from
-- before this column null.
ALTER TABLE scores ADD COLUMN subscores jsonb;

-- A row is a state that a stay came to, and when; holds are read from it. Written by the consumer
-- of EpisodeStateChanged; goes away with the client.
CREATE TABLE stay_states (
  enrolment_id uuid NOT NULL,
  changed_at timestamptz NOT NULL,
  state text NOT NULL,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  PRIMARY KEY (enrolment_id, changed_at, state)
);
ALTER TABLE stay_states ENABLE ROW LEVEL SECURITY;
ALTER TABLE stay_states FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON stay_states
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is an instrument that is to be answered in a stay at one time of its schedule, and what
-- became of it. Dates are those of the calendar at the site. All of a row but its id and the two
-- `told` dates follows from the stay, its holds, the scores, the policy and the day. Written by the
-- job `measures`; goes away with the client.
CREATE TABLE measures (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  enrolment_id uuid NOT NULL REFERENCES episodes,
  instrument text NOT NULL,
  planned_on date NOT NULL,
  due_on date NOT NULL,
  overdue_on date NOT NULL,
  until_on date NOT NULL,
  state text NOT NULL
    CHECK (state IN ('planned', 'due', 'overdue', 'completed', 'missed', 'excused')),
  answered_on date CHECK ((state = 'completed') = (answered_on IS NOT NULL)),
  told_due_on date,
  told_overdue_on date,
  UNIQUE (enrolment_id, instrument, planned_on)
);
CREATE INDEX measures_open_of_site ON measures (site_id, state, id)
  WHERE state IN ('due', 'overdue');
CREATE INDEX measures_open ON measures (state, id) WHERE state IN ('due', 'overdue');
CREATE INDEX measures_of_client ON measures (client_id, id);
CREATE INDEX measures_of_site ON measures (site_id, due_on);
ALTER TABLE measures ENABLE ROW LEVEL SECURITY;
ALTER TABLE measures FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON measures
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- When the measures of a stay are to be looked at again: at once after a fact about it, else when
-- the next of them becomes due or overdue; null when nothing changes by time alone.
ALTER TABLE episodes ADD COLUMN measures_next_at timestamptz;
-- Rows of all sites are changed below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
UPDATE episodes SET measures_next_at = enrolled_at WHERE ended_at IS NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX episodes_measured_next ON episodes (measures_next_at)
  WHERE measures_next_at IS NOT NULL;

-- migrate:down
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX episodes_measured_next;
-- squawk-ignore ban-drop-column
ALTER TABLE episodes DROP COLUMN measures_next_at;
DROP TABLE measures, stay_states;
-- squawk-ignore ban-drop-column
ALTER TABLE scores DROP COLUMN subscores;
