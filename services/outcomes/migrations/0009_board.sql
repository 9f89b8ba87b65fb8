-- migrate:up

-- A row is what the latest event said of one thing that a region's board counts: a stay, a wait,
-- a seat, an offer, a referral, a risk flag, a week of hours, a client's seat in a session. `sequence` is that
-- of the latest event of the client's stream, so that events told again, or late, change nothing.
-- Written by the consumers of the board; goes away with the client.
CREATE TABLE board_facts (
  kind text NOT NULL CHECK (
    kind IN ('stay', 'wait', 'seat', 'offer', 'referral', 'flag', 'hours', 'session')
  ),
  subject uuid NOT NULL,
  client_id uuid NOT NULL,
  part text NOT NULL DEFAULT '',
  site_id uuid NOT NULL,
  enrolment_id uuid,
  cohort_id uuid,
  state text NOT NULL,
  open boolean NOT NULL,
  since timestamptz,
  until timestamptz,
  sequence bigint NOT NULL,
  PRIMARY KEY (kind, subject, client_id, part)
) WITH (fillfactor = 90);
CREATE INDEX board_facts_open ON board_facts (site_id, kind) WHERE open AND kind <> 'session';
CREATE INDEX board_facts_sessions ON board_facts (site_id, since) WHERE kind = 'session';
ALTER TABLE board_facts ENABLE ROW LEVEL SECURITY;
ALTER TABLE board_facts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON board_facts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a cohort and the number of its seats, as scheduling told last. Written by the consumer of
-- CohortChanged; never deleted.
CREATE TABLE board_cohorts (
  cohort_id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  capacity integer NOT NULL,
  sequence bigint NOT NULL
);
CREATE INDEX board_cohorts_of_site ON board_cohorts (site_id);
ALTER TABLE board_cohorts ENABLE ROW LEVEL SECURITY;
ALTER TABLE board_cohorts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON board_cohorts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

CREATE SEQUENCE board_change;
-- A row is a site and the number of the latest change to its board; numbers rise in the order of
-- commits. Written with whatever changes the board; never deleted.
CREATE TABLE board_changes (
  site_id uuid PRIMARY KEY,
  change bigint NOT NULL
) WITH (fillfactor = 50);
ALTER TABLE board_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE board_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON board_changes
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE board_changes;
-- squawk-ignore ban-drop-sequence
DROP SEQUENCE board_change;
DROP TABLE board_cohorts, board_facts;
