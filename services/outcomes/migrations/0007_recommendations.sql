-- migrate:up

-- A recommendation is to step down, to step up or to extend the stay. `again_at` is when the stay may
-- be recommended the same again after this one ended; a deferred one is looked at again then.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE recommendations ADD COLUMN kind text NOT NULL DEFAULT 'step_down'
  CONSTRAINT recommendations_kind CHECK (kind IN ('step_down', 'step_up', 'extend'));
ALTER TABLE recommendations ADD COLUMN missing text[] NOT NULL DEFAULT '{}';
ALTER TABLE recommendations ADD COLUMN deferred_until date;
ALTER TABLE recommendations ADD COLUMN again_at timestamptz;
ALTER TABLE recommendations ADD COLUMN withdrawn_at timestamptz;
-- squawk-ignore ban-drop-constraint
ALTER TABLE recommendations DROP CONSTRAINT recommendations_state_known;
-- squawk-ignore ban-drop-constraint
ALTER TABLE recommendations DROP CONSTRAINT recommendations_decided;
-- What was decided before goes on to count: a decline for the seven days of the policy that shipped,
-- an acceptance for as long as the stay lasts. Rows of all sites are changed.
SET LOCAL stepwell.sites = '*';
UPDATE recommendations SET again_at = CASE state
  WHEN 'accepted' THEN '9999-12-31T00:00:00Z' ELSE decided_at + interval '7 days' END
WHERE state IN ('accepted', 'declined');
ALTER TABLE recommendations ADD CONSTRAINT recommendations_state_known CHECK (
  state IN ('open', 'accepted', 'declined', 'deferred', 'lapsed', 'withdrawn')) NOT VALID;
ALTER TABLE recommendations ADD CONSTRAINT recommendations_decided CHECK (
  (state IN ('open', 'lapsed', 'withdrawn')) = (decided_at IS NULL)
  AND (state = 'accepted' OR (state = 'lapsed') = (lapsed_at IS NOT NULL))
  AND (state = 'deferred') = (deferred_until IS NOT NULL)
  AND (state = 'withdrawn') = (withdrawn_at IS NOT NULL)
) NOT VALID;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX recommendations_deferred ON recommendations (again_at) WHERE state = 'deferred';

-- A row is the engagement of a client as it was known of one day at the site, the day of the latest
-- session. Written with EngagementChanged, for replays of policies; goes away with the client.
CREATE TABLE engagement_days (
  client_id uuid NOT NULL,
  day date NOT NULL,
  site_id uuid NOT NULL,
  enrolment_id uuid,
  source_sequence bigint NOT NULL,
  sessions_attended integer NOT NULL,
  sessions_missed integer NOT NULL,
  sessions_excused integer NOT NULL,
  consecutive_missed integer NOT NULL,
  weeks_observed integer NOT NULL,
  PRIMARY KEY (client_id, day)
);
ALTER TABLE engagement_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE engagement_days FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON engagement_days
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a week of a stay that was told to be short, or to be so no longer; the latest told holds.
-- Written by the consumers of WeeklyHoursShort and WeeklyHoursShortageLifted; goes away with the
-- client.
CREATE TABLE short_weeks (
  enrolment_id uuid NOT NULL,
  monday date NOT NULL,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  is_short boolean NOT NULL,
  missing_minutes integer NOT NULL,
  told_at timestamptz NOT NULL,
  PRIMARY KEY (enrolment_id, monday)
);
ALTER TABLE short_weeks ENABLE ROW LEVEL SECURITY;
ALTER TABLE short_weeks FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON short_weeks
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a goal of a stay: of the phase of the program, or one that a clinician set. Written over
-- HTTP; goes away with the client.
CREATE TABLE goals (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  enrolment_id uuid NOT NULL REFERENCES episodes,
  kind text NOT NULL CHECK (kind IN ('phase', 'clinician')),
  goal text NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'met', 'dropped')),
  set_by text NOT NULL,
  set_at timestamptz NOT NULL,
  closed_by text,
  closed_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX one_open_goal ON goals (enrolment_id, kind, goal) WHERE state = 'open';
CREATE INDEX goals_of_client ON goals (client_id, id);
ALTER TABLE goals ENABLE ROW LEVEL SECURITY;
ALTER TABLE goals FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON goals
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a report about use of a substance: told by the client, found by a test, or a test that
-- was missed. Written over HTTP, never changed; goes away with the client.
CREATE TABLE substance_use_reports (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  enrolment_id uuid NOT NULL REFERENCES episodes,
  source text NOT NULL CHECK (source IN ('client', 'test', 'other')),
  finding text NOT NULL CHECK (finding IN ('use', 'no_use', 'test_missed')),
  used_on date NOT NULL,
  reported_by text NOT NULL,
  reported_at timestamptz NOT NULL
);
CREATE INDEX substance_use_reports_of_client ON substance_use_reports (client_id, id);
ALTER TABLE substance_use_reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE substance_use_reports FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON substance_use_reports
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a session that a client missed without excuse. Written by the consumer of SessionMissed,
-- taken away when it turns out that the client came, was excused, or the session was not held.
CREATE TABLE missed_sessions (
  client_id uuid NOT NULL,
  session_id uuid NOT NULL,
  site_id uuid NOT NULL,
  starts_at timestamptz NOT NULL,
  PRIMARY KEY (client_id, session_id)
);
ALTER TABLE missed_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE missed_sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON missed_sessions
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a risk of a client: a flag that intake raised (`origin` intake, acknowledged there), or one
-- that came out of the course of treatment (`origin` outcomes), with what caused it. `next_step_at`
-- is when one that nobody acknowledged escalates. Goes away with the client.
CREATE TABLE risks (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  origin text NOT NULL CHECK (origin IN ('intake', 'outcomes')),
  kind text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('moderate', 'high')),
  cause text NOT NULL,
  cause_ids uuid[] NOT NULL DEFAULT '{}',
  state text NOT NULL CHECK (state IN ('raised', 'acknowledged', 'resolved')),
  raised_at timestamptz NOT NULL,
  acknowledge_by timestamptz NOT NULL,
  step integer NOT NULL DEFAULT 0,
  next_step_at timestamptz,
  action text,
  acknowledged_by text,
  acknowledged_at timestamptz,
  resolution text,
  resolved_by text,
  resolved_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
);
CREATE INDEX risks_of_client ON risks (client_id, raised_at);
CREATE INDEX risks_of_site ON risks (site_id, raised_at) WHERE state <> 'resolved';
CREATE INDEX risks_to_escalate ON risks (next_step_at) WHERE next_step_at IS NOT NULL;
-- One of a kind stands open at a time: what is found again joins it.
CREATE UNIQUE INDEX one_open_risk ON risks (client_id, kind)
  WHERE origin = 'outcomes' AND state = 'raised';
ALTER TABLE risks ENABLE ROW LEVEL SECURITY;
ALTER TABLE risks FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON risks
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a comparison of two versions of a policy over the stays of some sites, and how far it has
-- come. Asked for over HTTP, worked off by a job; its requester alone reads it.
CREATE TABLE policy_replays (
  id uuid PRIMARY KEY,
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL,
  site_ids uuid[],
  former jsonb NOT NULL,
  latter jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'done')),
  total integer NOT NULL,
  done integer NOT NULL DEFAULT 0,
  reached uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  version integer NOT NULL DEFAULT 1
);
CREATE INDEX policy_replays_running ON policy_replays (requested_at) WHERE state = 'running';

-- A row is when the two versions of a replay recommend something in a stay, and what a clinician
-- decided on it, if anybody did. Written with its replay, and gone with it or the client.
CREATE TABLE policy_replay_stays (
  replay_id uuid NOT NULL REFERENCES policy_replays ON DELETE CASCADE,
  enrolment_id uuid NOT NULL,
  kind text NOT NULL,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  former_on date,
  latter_on date,
  decision text,
  decided_on date,
  PRIMARY KEY (replay_id, enrolment_id, kind)
);
ALTER TABLE policy_replay_stays ENABLE ROW LEVEL SECURITY;
ALTER TABLE policy_replay_stays FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON policy_replay_stays
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE policy_replay_stays, policy_replays, risks, missed_sessions, substance_use_reports, goals,
  short_weeks, engagement_days;
-- Rows of all sites are brought back below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX recommendations_deferred;
-- squawk-ignore ban-drop-constraint
ALTER TABLE recommendations DROP CONSTRAINT recommendations_decided;
-- squawk-ignore ban-drop-constraint
ALTER TABLE recommendations DROP CONSTRAINT recommendations_state_known;
DELETE FROM recommendations WHERE kind <> 'step_down' OR state = 'withdrawn';
UPDATE recommendations SET state = 'declined' WHERE state = 'deferred';
ALTER TABLE recommendations ADD CONSTRAINT recommendations_state_known
  CHECK (state IN ('open', 'accepted', 'declined', 'lapsed')) NOT VALID;
ALTER TABLE recommendations ADD CONSTRAINT recommendations_decided CHECK (
  (state IN ('open', 'lapsed')) = (decided_at IS NULL)
  AND (state = 'accepted' OR (state = 'lapsed') = (lapsed_at IS NOT NULL))
) NOT VALID;
-- squawk-ignore ban-drop-column
ALTER TABLE recommendations DROP COLUMN withdrawn_at;
-- squawk-ignore ban-drop-column
ALTER TABLE recommendations DROP COLUMN again_at;
-- squawk-ignore ban-drop-column
ALTER TABLE recommendations DROP COLUMN deferred_until;
-- squawk-ignore ban-drop-column
ALTER TABLE recommendations DROP COLUMN missing;
-- squawk-ignore ban-drop-column
ALTER TABLE recommendations DROP COLUMN kind;
