-- migrate:up

-- A row is a client's stay in the program, as intake tells of it. Written by the consumers of
-- ClientEnrolled and ClientSteppedDown; goes away with the client.
CREATE TABLE episodes (
  enrolment_id uuid PRIMARY KEY,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  level_of_care text NOT NULL,
  enrolled_at timestamptz NOT NULL,
  ended_at timestamptz
);
CREATE UNIQUE INDEX open_episode ON episodes (client_id) WHERE ended_at IS NULL;
ALTER TABLE episodes ENABLE ROW LEVEL SECURITY;
ALTER TABLE episodes FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON episodes
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is the result of one instrument in one screening. Written by the consumer of
-- ScreeningCompleted; goes away with the client.
CREATE TABLE scores (
  client_id uuid NOT NULL,
  instrument text NOT NULL,
  completed_at timestamptz NOT NULL,
  screening_id uuid NOT NULL,
  site_id uuid NOT NULL,
  instrument_version text NOT NULL,
  status text NOT NULL CHECK (status IN ('complete', 'prorated', 'incomplete')),
  total integer,
  band text,
  positive boolean,
  safety_item text CHECK (safety_item IN ('negative', 'positive', 'unknown')),
  PRIMARY KEY (client_id, instrument, completed_at, screening_id)
);
ALTER TABLE scores ENABLE ROW LEVEL SECURITY;
ALTER TABLE scores FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON scores
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a client's engagement in the four weeks up to the latest session, as the stream
-- computed it. `attendance_sequence` is the latest attendance event that this service has seen,
-- `source_sequence` the latest that the figures contain; the figures are current when they are
-- equal. Written by the consumers of attendance and of EngagementChanged; goes away with the
-- client.
CREATE TABLE engagement (
  client_id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  attendance_sequence bigint NOT NULL DEFAULT 0,
  source_sequence bigint NOT NULL DEFAULT 0,
  window_from timestamptz,
  window_until timestamptz,
  sessions_attended integer,
  sessions_missed integer,
  sessions_excused integer,
  attended_minutes integer,
  missed_minutes integer,
  excused_minutes integer,
  consecutive_attended integer,
  consecutive_missed integer,
  weeks_observed integer
) WITH (fillfactor = 80);
CREATE INDEX engagement_awaited ON engagement (client_id)
  WHERE attendance_sequence > source_sequence;
ALTER TABLE engagement ENABLE ROW LEVEL SECURITY;
ALTER TABLE engagement FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON engagement
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a recommendation to step down, with its explanation, and what a clinician decided.
-- Written when every criterion of the policy is met, changed once by the decision; goes away with
-- the client.
CREATE TABLE recommendations (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  enrolment_id uuid NOT NULL REFERENCES episodes,
  from_level text NOT NULL,
  to_level text NOT NULL,
  criteria jsonb NOT NULL,
  policy_id text NOT NULL,
  policy_version text NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'accepted', 'declined')),
  recommended_at timestamptz NOT NULL,
  reason text,
  decided_by text,
  decided_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  CHECK ((state = 'open') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX one_open_recommendation ON recommendations (enrolment_id)
  WHERE state = 'open';
CREATE INDEX recommendations_of_client ON recommendations (client_id, id);
CREATE INDEX recommendations_of_episode ON recommendations (enrolment_id, recommended_at DESC);
ALTER TABLE recommendations ENABLE ROW LEVEL SECURITY;
ALTER TABLE recommendations FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON recommendations
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE recommendations, engagement, scores, episodes;
