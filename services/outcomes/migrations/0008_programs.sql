-- migrate:up

-- What intake says of a stay when it begins and ends, for figures of groups; null where it was not
-- told. `enrolled_on` and `ended_on` follow from the zone of the site and are not kept.
ALTER TABLE episodes ADD COLUMN dual_diagnosis boolean;
ALTER TABLE episodes ADD COLUMN gender_group text;
ALTER TABLE episodes ADD COLUMN age_band text;
ALTER TABLE episodes ADD COLUMN ended_as text;
ALTER TABLE episodes ADD COLUMN end_reason text;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX episodes_by_time ON episodes (enrolled_at);

-- The country's part that a site lies in (ISO 3166-2), the only place that an extract names; null
-- where none is told.
ALTER TABLE sites ADD COLUMN subdivision text;

-- A row is the cohort in which a stay has its seat, the latest told. Written by the consumer of
-- ClientPlaced, which may come before the stay is known; goes away with the client.
CREATE TABLE program_cohorts (
  enrolment_id uuid PRIMARY KEY,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  cohort_id uuid NOT NULL,
  placed_at timestamptz NOT NULL
);
ALTER TABLE program_cohorts ENABLE ROW LEVEL SECURITY;
ALTER TABLE program_cohorts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON program_cohorts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a referral and how far it has come. Written by the consumers of ReferralReceived and
-- ReferralStateChanged; goes away with the client.
CREATE TABLE program_referrals (
  referral_id uuid PRIMARY KEY,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  received_at timestamptz NOT NULL,
  state text NOT NULL,
  reason text,
  changed_at timestamptz
);
CREATE INDEX program_referrals_by_time ON program_referrals (received_at);
CREATE INDEX program_referrals_of_client ON program_referrals (client_id);
ALTER TABLE program_referrals ENABLE ROW LEVEL SECURITY;
ALTER TABLE program_referrals FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON program_referrals
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is what became of one client's seat in one session, as the event with the highest sequence
-- said: `not_counted` where the session was not held or the stay on hold. `held_on` is the date at
-- the site; `enrolment_id` is null where no event named the stay. Written by the consumers of
-- attendance; goes away with the client.
CREATE TABLE program_attendance (
  client_id uuid NOT NULL,
  session_id uuid NOT NULL,
  site_id uuid NOT NULL,
  enrolment_id uuid,
  starts_at timestamptz NOT NULL,
  held_on date NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('attended', 'missed', 'excused', 'not_counted')),
  attended_minutes integer NOT NULL,
  sequence bigint NOT NULL,
  PRIMARY KEY (client_id, session_id)
);
ALTER TABLE program_attendance ENABLE ROW LEVEL SECURITY;
ALTER TABLE program_attendance FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON program_attendance
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a survey so many days after the end of a stay: planned with the end, told when it is due,
-- and closed by an answer, a refusal, a death, or as lost when nobody answered in time. A return to
-- the program is found in `episodes` and not kept here. `answers` are by question of the survey's
-- version, and stay here. Written by the consumers of ends of stays, the job, staff and whoever holds
-- a link; goes away with the client.
CREATE TABLE follow_ups (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  enrolment_id uuid NOT NULL,
  days integer NOT NULL,
  ended_at timestamptz NOT NULL,
  due_on date NOT NULL,
  due_at timestamptz NOT NULL,
  closes_on date NOT NULL,
  closes_at timestamptz NOT NULL,
  state text NOT NULL CHECK (
    state IN ('planned', 'due', 'answered', 'declined', 'died', 'lost')
  ),
  closed_at timestamptz,
  answers jsonb,
  survey_version text,
  answered_by text,
  link_hash bytea UNIQUE,
  version integer NOT NULL DEFAULT 1,
  UNIQUE (enrolment_id, days),
  CHECK ((state IN ('planned', 'due')) = (closed_at IS NULL)),
  CHECK ((state = 'answered') = (answers IS NOT NULL))
);
CREATE INDEX follow_ups_planned ON follow_ups (due_at) WHERE state = 'planned';
CREATE INDEX follow_ups_due ON follow_ups (closes_at) WHERE state = 'due';
CREATE INDEX follow_ups_of_client ON follow_ups (client_id, id);
CREATE INDEX follow_ups_of_site ON follow_ups (site_id, state, id);
ALTER TABLE follow_ups ENABLE ROW LEVEL SECURITY;
ALTER TABLE follow_ups FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON follow_ups
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is an extract without anything that names a person: asked for by regional operations, made
-- by the job, which says how far it is. `key`, by which its ids and dates are made, goes when it is
-- made, its parts go at `gone_at`; the row stays as the record of who asked for what.
CREATE TABLE extracts (
  id uuid PRIMARY KEY,
  site_ids uuid[] NOT NULL CHECK (cardinality(site_ids) > 0),
  starts_from date NOT NULL,
  starts_until date NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'running', 'made', 'failed', 'gone')),
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL,
  key bytea,
  alive_at timestamptz,
  stays_done integer NOT NULL DEFAULT 0,
  stays_total integer,
  made_at timestamptz,
  gone_at timestamptz,
  files jsonb NOT NULL DEFAULT '[]',
  policy_version text NOT NULL,
  version integer NOT NULL DEFAULT 1,
  CHECK ((state IN ('queued', 'running')) = (key IS NOT NULL))
);
CREATE INDEX extracts_open ON extracts (requested_at) WHERE state IN ('queued', 'running');
CREATE INDEX extracts_kept ON extracts (gone_at) WHERE state = 'made';
ALTER TABLE extracts ENABLE ROW LEVEL SECURITY;
ALTER TABLE extracts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON extracts
  USING (NOT EXISTS (SELECT FROM unnest(site_ids) AS s (id) WHERE NOT platform.visible(s.id)))
  WITH CHECK (NOT EXISTS (SELECT FROM unnest(site_ids) AS s (id) WHERE NOT platform.visible(s.id)));

-- A row is a piece of a file of an extract, in order. Written by the job, read with its extract;
-- goes away at the extract's `gone_at`.
CREATE TABLE extract_parts (
  extract_id uuid NOT NULL REFERENCES extracts,
  name text NOT NULL,
  number integer NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (extract_id, name, number)
);

-- migrate:down
DROP TABLE extract_parts, extracts, follow_ups, program_attendance, program_referrals,
  program_cohorts;
-- squawk-ignore ban-drop-column
ALTER TABLE sites DROP COLUMN subdivision;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX episodes_by_time;
-- squawk-ignore ban-drop-column
ALTER TABLE episodes DROP COLUMN end_reason;
-- squawk-ignore ban-drop-column
ALTER TABLE episodes DROP COLUMN ended_as;
-- squawk-ignore ban-drop-column
ALTER TABLE episodes DROP COLUMN age_band;
-- squawk-ignore ban-drop-column
ALTER TABLE episodes DROP COLUMN gender_group;
-- squawk-ignore ban-drop-column
ALTER TABLE episodes DROP COLUMN dual_diagnosis;
