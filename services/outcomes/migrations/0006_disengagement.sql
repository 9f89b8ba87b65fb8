-- migrate:up

-- Figures of the last seven days of the window, and how late and how long ago a client came. Rows
-- from before have none until the client's next attendance.
ALTER TABLE engagement
  ADD COLUMN cohort_id uuid,
  ADD COLUMN sessions_late integer,
  ADD COLUMN late_minutes integer,
  ADD COLUMN last_attended_at timestamptz,
  ADD COLUMN days_since_attended integer,
  ADD COLUMN week_sessions_attended integer,
  ADD COLUMN week_sessions_missed integer,
  ADD COLUMN week_sessions_excused integer,
  ADD COLUMN week_attended_minutes integer,
  ADD COLUMN week_missed_minutes integer,
  ADD COLUMN week_excused_minutes integer;

-- A row is how likely a stay seems to break off, by the figures of its latest attendance event:
-- the score, every factor of it, and the policy. It stands at risk from `raised_at` to `cleared_at`;
-- `score` is null while there are too few sessions to tell. Written by the consumer of
-- EngagementChanged; goes away with the client.
CREATE TABLE disengagement (
  enrolment_id uuid PRIMARY KEY,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  source_sequence bigint NOT NULL,
  score integer CHECK (score BETWEEN 0 AND 100),
  factors jsonb NOT NULL,
  policy_id text NOT NULL,
  policy_version text NOT NULL,
  assessed_at timestamptz NOT NULL,
  raised_at timestamptz,
  cleared_at timestamptz,
  CHECK (cleared_at IS NULL OR raised_at IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX disengagement_of_client ON disengagement (client_id);
CREATE INDEX disengagement_at_risk ON disengagement (enrolment_id)
  WHERE raised_at IS NOT NULL AND cleared_at IS NULL;
ALTER TABLE disengagement ENABLE ROW LEVEL SECURITY;
ALTER TABLE disengagement FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON disengagement
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE disengagement;
-- The linter reads the whole file; this part takes back what the part above made.
-- squawk-ignore-file ban-drop-column
ALTER TABLE engagement
  DROP COLUMN cohort_id,
  DROP COLUMN sessions_late,
  DROP COLUMN late_minutes,
  DROP COLUMN last_attended_at,
  DROP COLUMN days_since_attended,
  DROP COLUMN week_sessions_attended,
  DROP COLUMN week_sessions_missed,
  DROP COLUMN week_sessions_excused,
  DROP COLUMN week_attended_minutes,
  DROP COLUMN week_missed_minutes,
  DROP COLUMN week_excused_minutes;
