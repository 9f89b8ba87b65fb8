-- migrate:up

-- Lets an exclusion constraint hold a cohort's id and a range of time together.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- A row is a site that treats clients, with the IANA zone its wall clocks show. Written by
-- POST /sites; never deleted, as everything else belongs to a site. Its lock serializes the giving
-- of seats at the site.
CREATE TABLE sites (
  id uuid PRIMARY KEY,
  name text NOT NULL CONSTRAINT sites_name UNIQUE,
  time_zone text NOT NULL,
  opened_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1
);
ALTER TABLE sites ENABLE ROW LEVEL SECURITY;
ALTER TABLE sites FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON sites USING (platform.visible(id)) WITH CHECK (platform.visible(id));

-- A row is a group of clients who go through a curriculum together. Written by POST /cohorts;
-- kept as long as its placements.
CREATE TABLE cohorts (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL REFERENCES sites,
  name text NOT NULL,
  track text NOT NULL CHECK (track IN ('general', 'dual_diagnosis')),
  gender_group text CHECK (gender_group IN ('men', 'women')),
  capacity integer NOT NULL CHECK (capacity > 0),
  dual_diagnosis_trained boolean NOT NULL,
  created_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT cohorts_name UNIQUE (site_id, name),
  CHECK (track <> 'dual_diagnosis' OR dual_diagnosis_trained)
);
ALTER TABLE cohorts ENABLE ROW LEVEL SECURITY;
ALTER TABLE cohorts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON cohorts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a weekly plan as it was given for a cohort; `slots` holds it in wall-clock times of the
-- site. Written once by POST /cohorts/{id}/curriculum; kept as long as its sessions.
CREATE TABLE curricula (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  cohort_id uuid NOT NULL REFERENCES cohorts,
  starts_on date NOT NULL,
  weeks integer NOT NULL,
  slots jsonb NOT NULL,
  sessions integer NOT NULL,
  first_starts_at timestamptz NOT NULL,
  last_ends_at timestamptz NOT NULL,
  weekly_minutes integer NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX curricula_of_cohort ON curricula (cohort_id, id);
ALTER TABLE curricula ENABLE ROW LEVEL SECURITY;
ALTER TABLE curricula FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON curricula
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is one session of a cohort, in UTC, with the zone whose wall clock it was planned by.
-- Written with its curriculum and never changed; kept as long as its attendance.
CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  cohort_id uuid NOT NULL REFERENCES cohorts,
  curriculum_id uuid NOT NULL REFERENCES curricula,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  time_zone text NOT NULL,
  kind text NOT NULL
    CHECK (kind IN ('group', 'individual', 'psychoeducation', 'life_skills', 'family')),
  topic text NOT NULL,
  break_minutes integer NOT NULL CHECK (break_minutes >= 0),
  CHECK (ends_at - starts_at > make_interval(mins => break_minutes)),
  CONSTRAINT sessions_apart
    EXCLUDE USING gist (cohort_id WITH =, tstzrange(starts_at, ends_at) WITH &&)
);
CREATE INDEX sessions_in_time ON sessions (starts_at, id);
CREATE INDEX sessions_of_cohort ON sessions (cohort_id, starts_at, id);
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON sessions
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a client's seat in a cohort, with the reasons for the choice. Written when the seat is
-- given, ended when the client leaves; kept for as long as the client's record.
CREATE TABLE placements (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  enrolment_id uuid NOT NULL CONSTRAINT placements_enrolment UNIQUE,
  cohort_id uuid NOT NULL REFERENCES cohorts,
  criteria jsonb NOT NULL,
  considered jsonb NOT NULL,
  placed_at timestamptz NOT NULL,
  ended_at timestamptz,
  end_reason text CHECK (end_reason IN ('stepped_down')),
  CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE UNIQUE INDEX placements_active ON placements (client_id) WHERE ended_at IS NULL;
CREATE INDEX placements_seats ON placements (cohort_id) WHERE ended_at IS NULL;
CREATE INDEX placements_of_client ON placements (client_id, id);
CREATE INDEX placements_of_cohort ON placements (cohort_id, id);
ALTER TABLE placements ENABLE ROW LEVEL SECURITY;
ALTER TABLE placements FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON placements
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is an enrolled client for whom no seat was free; `place` is the order of arrival. Written
-- when no seat is found; left when a seat is given or the client steps down; kept as the record of
-- how long clients waited.
CREATE TABLE waitlist (
  id uuid PRIMARY KEY,
  place bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT waitlist_place UNIQUE,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  enrolment_id uuid NOT NULL CONSTRAINT waitlist_enrolment UNIQUE,
  dual_diagnosis boolean NOT NULL,
  gender_group text CHECK (gender_group IN ('men', 'women')),
  criteria jsonb NOT NULL,
  waitlisted_at timestamptz NOT NULL,
  left_at timestamptz,
  outcome text CHECK (outcome IN ('placed', 'stepped_down')),
  CHECK ((left_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX waitlist_open ON waitlist (site_id, place) WHERE left_at IS NULL;
ALTER TABLE waitlist ENABLE ROW LEVEL SECURITY;
ALTER TABLE waitlist FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON waitlist
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row says that one client is expected at one session, or no longer. Written when a client is
-- placed or a curriculum is added; cancelled when the placement ends before the session starts.
CREATE TABLE appointments (
  session_id uuid NOT NULL REFERENCES sessions,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  placement_id uuid NOT NULL REFERENCES placements,
  state text NOT NULL CHECK (state IN ('scheduled', 'cancelled')),
  scheduled_at timestamptz NOT NULL,
  cancelled_at timestamptz,
  CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL)),
  PRIMARY KEY (session_id, client_id)
);
CREATE INDEX appointments_of_client ON appointments (client_id);
CREATE INDEX appointments_of_placement ON appointments (placement_id);
ALTER TABLE appointments ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointments FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON appointments
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is what became of one client's appointment, with the minutes credited for it. Written by
-- POST /sessions/{id}/attendance, corrected in place by PUT /attendance/{id} (every state it had is
-- in the journal); kept for as long as the client's record.
CREATE TABLE attendance (
  id uuid PRIMARY KEY,
  session_id uuid NOT NULL,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  status text NOT NULL
    CHECK (status IN ('present', 'partial', 'excused_absence', 'late_cancel', 'no_show')),
  checked_in_at timestamptz,
  checked_out_at timestamptz,
  attended_minutes integer NOT NULL CHECK (attended_minutes >= 0),
  recorded_at timestamptz NOT NULL,
  corrected_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT attendance_once UNIQUE (session_id, client_id),
  FOREIGN KEY (session_id, client_id) REFERENCES appointments,
  CHECK ((status = 'partial') = (checked_in_at IS NOT NULL AND checked_out_at IS NOT NULL)),
  CHECK (checked_in_at < checked_out_at)
);
ALTER TABLE attendance ENABLE ROW LEVEL SECURITY;
ALTER TABLE attendance FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON attendance
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE attendance;
DROP TABLE appointments;
DROP TABLE waitlist;
DROP TABLE placements;
DROP TABLE sessions;
DROP TABLE curricula;
DROP TABLE cohorts;
DROP TABLE sites;
DROP EXTENSION btree_gist;
