-- migrate:up

-- A row is a region, which groups sites for planning and figures. Written by POST /regions; never
-- deleted.
CREATE TABLE regions (
  id uuid PRIMARY KEY,
  name text NOT NULL CONSTRAINT regions_name UNIQUE,
  created_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1
);

-- Where a site is. `subdivision` is ISO 3166-2, such as US-CO; from it closed days are proposed.
-- Degrees are WGS 84; from them travel is estimated.
-- squawk-ignore adding-foreign-key-constraint
ALTER TABLE sites ADD COLUMN region_id uuid REFERENCES regions;
ALTER TABLE sites ADD COLUMN address text;
ALTER TABLE sites ADD COLUMN subdivision text;
ALTER TABLE sites ADD COLUMN latitude double precision;
ALTER TABLE sites ADD COLUMN longitude double precision;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX sites_of_region ON sites (region_id, id);

-- A row is a time of each week at which a site is open, by its wall clock; `weekday` 1 is Monday,
-- and minutes count from midnight, 1440 being the midnight that ends the day. Replaced as a whole
-- by PUT /sites/{id}/opening-hours; without rows a site may plan at any time.
CREATE TABLE opening_hours (
  site_id uuid NOT NULL REFERENCES sites,
  weekday integer NOT NULL CHECK (weekday BETWEEN 1 AND 7),
  opens_minute integer NOT NULL CHECK (opens_minute BETWEEN 0 AND 1439),
  closes_minute integer NOT NULL CHECK (closes_minute BETWEEN 1 AND 1440),
  CHECK (opens_minute < closes_minute),
  PRIMARY KEY (site_id, weekday, opens_minute)
);
ALTER TABLE opening_hours ENABLE ROW LEVEL SECURITY;
ALTER TABLE opening_hours FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON opening_hours
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a day, by the site's calendar, on which a site is closed. Written when somebody confirms
-- a proposed holiday or enters a closure; deleted when the site opens on that day after all.
CREATE TABLE closed_days (
  site_id uuid NOT NULL REFERENCES sites,
  day date NOT NULL,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('holiday', 'observed_holiday', 'closure')),
  PRIMARY KEY (site_id, day)
);
ALTER TABLE closed_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE closed_days FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON closed_days
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a room of a site, or a telehealth room with its link. Written by POST /rooms, changed by
-- PUT; kept as long as its sessions. A room that is closed takes no new session.
CREATE TABLE rooms (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL REFERENCES sites,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('room', 'telehealth')),
  capacity integer NOT NULL CHECK (capacity > 0),
  join_url text,
  created_at timestamptz NOT NULL,
  closed_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT rooms_name UNIQUE (site_id, name),
  CHECK (join_url IS NULL OR kind = 'telehealth')
);
ALTER TABLE rooms ENABLE ROW LEVEL SECURITY;
ALTER TABLE rooms FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON rooms
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a person who treats clients. `credentials` is a list of {"credential", "expires_on"},
-- `hours` one of {"weekday", "starts_minute", "ends_minute", "site_id"} by the wall clock of that
-- site. Written by POST /staff, changed by PUT; kept as long as the sessions of the person. Shown to
-- whoever may see one of the sites in staff_sites.
CREATE TABLE staff (
  id uuid PRIMARY KEY,
  subject text CONSTRAINT staff_subject UNIQUE,
  name text NOT NULL,
  gender text CHECK (gender IN ('woman', 'man', 'non_binary')),
  languages text[] NOT NULL,
  trainings text[] NOT NULL,
  credentials jsonb NOT NULL,
  hours jsonb NOT NULL,
  caseload_limit integer CHECK (caseload_limit > 0),
  created_at timestamptz NOT NULL,
  left_at timestamptz,
  version integer NOT NULL DEFAULT 1
);

-- A row says that a person works at a site. Replaced with the person's own row.
CREATE TABLE staff_sites (
  staff_id uuid NOT NULL REFERENCES staff,
  site_id uuid NOT NULL REFERENCES sites,
  home boolean NOT NULL,
  PRIMARY KEY (staff_id, site_id)
);
CREATE UNIQUE INDEX staff_home ON staff_sites (staff_id) WHERE home;
CREATE INDEX staff_of_site ON staff_sites (site_id, staff_id);
ALTER TABLE staff_sites ENABLE ROW LEVEL SECURITY;
ALTER TABLE staff_sites FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON staff_sites
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a time at which a person does not work: vacation, illness, training; why is not kept.
-- Written by POST /staff/{id}/leave; deleted when it is called off.
CREATE TABLE staff_leave (
  id uuid PRIMARY KEY,
  staff_id uuid NOT NULL REFERENCES staff,
  during tstzrange NOT NULL
    CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)),
  entered_at timestamptz NOT NULL
);
CREATE INDEX leave_of_staff ON staff_leave (staff_id, id);

-- Sessions of one client, or of a client and relatives, belong to no cohort and no curriculum.
-- squawk-ignore ban-drop-not-null
ALTER TABLE sessions ALTER COLUMN cohort_id DROP NOT NULL;
-- squawk-ignore ban-drop-not-null
ALTER TABLE sessions ALTER COLUMN curriculum_id DROP NOT NULL;
ALTER TABLE sessions ADD COLUMN modality text NOT NULL DEFAULT 'in_person';
ALTER TABLE sessions ADD CONSTRAINT sessions_modality
  CHECK (modality IN ('in_person', 'telehealth')) NOT VALID;
ALTER TABLE sessions ADD CONSTRAINT sessions_of_a_cohort
  CHECK (cohort_id IS NOT NULL OR curriculum_id IS NULL) NOT VALID;

-- Which phases of a cohort a session is for; null: all of them.
ALTER TABLE sessions ADD COLUMN phases integer[];

-- Whom a cohort takes (`eligibility`, see the cohorts' policy), its phases in their order as
-- {"name", "weeks", "minimum_minutes", "maximum_minutes", "minimum_days"} a week, how many clients
-- it needs to run, and what its staff must have.
ALTER TABLE cohorts ADD COLUMN eligibility jsonb NOT NULL DEFAULT '{}';
ALTER TABLE cohorts ADD COLUMN phases jsonb NOT NULL DEFAULT '[]';
ALTER TABLE cohorts ADD COLUMN enrolment text NOT NULL DEFAULT 'open';
ALTER TABLE cohorts ADD CONSTRAINT cohorts_enrolment
  CHECK (enrolment IN ('open', 'closed')) NOT VALID;
ALTER TABLE cohorts ADD COLUMN minimum_size integer NOT NULL DEFAULT 1;
ALTER TABLE cohorts ADD COLUMN credentials text[] NOT NULL DEFAULT '{}';
ALTER TABLE cohorts ADD COLUMN cofacilitated boolean NOT NULL DEFAULT false;

-- In which phase of the cohort the client is, from 1 on, and since when; null: since the placement.
ALTER TABLE placements ADD COLUMN phase integer NOT NULL DEFAULT 1;
ALTER TABLE placements ADD COLUMN phase_began_at timestamptz;

-- A row says that a room, a person of the staff or a client is taken for a session that is to be
-- held; it has the time of the session. Written with the session or the appointment; moved with the
-- session; deleted when the session is not held or the client is no longer expected. Nobody and
-- nothing is taken twice at one time, whichever site it is at.
CREATE TABLE bookings (
  session_id uuid NOT NULL REFERENCES sessions,
  resource_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('room', 'facilitator', 'cofacilitator', 'client')),
  site_id uuid NOT NULL,
  during tstzrange NOT NULL
    CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)),
  PRIMARY KEY (session_id, resource_id),
  CONSTRAINT bookings_apart EXCLUDE USING gist (resource_id WITH =, during WITH &&)
);
CREATE UNIQUE INDEX bookings_room ON bookings (session_id) WHERE kind = 'room';
CREATE UNIQUE INDEX bookings_facilitator ON bookings (session_id) WHERE kind = 'facilitator';
ALTER TABLE bookings ENABLE ROW LEVEL SECURITY;
ALTER TABLE bookings FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON bookings
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- Who is expected already is booked, where no two of the sessions overlap.
SET LOCAL stepwell.sites = '*';
INSERT INTO bookings (session_id, resource_id, kind, site_id, during)
SELECT a.session_id, a.client_id, 'client', a.site_id, tstzrange(s.starts_at, s.ends_at)
FROM appointments a JOIN sessions s ON s.id = a.session_id
WHERE a.state = 'scheduled' AND s.not_held_at IS NULL
ON CONFLICT DO NOTHING;

-- migrate:down
DROP TABLE bookings;
-- squawk-ignore ban-drop-column
ALTER TABLE placements DROP COLUMN phase_began_at;
-- squawk-ignore ban-drop-column
ALTER TABLE placements DROP COLUMN phase;
-- squawk-ignore ban-drop-column
ALTER TABLE cohorts DROP COLUMN cofacilitated;
-- squawk-ignore ban-drop-column
ALTER TABLE cohorts DROP COLUMN credentials;
-- squawk-ignore ban-drop-column
ALTER TABLE cohorts DROP COLUMN minimum_size;
-- squawk-ignore ban-drop-column
ALTER TABLE cohorts DROP COLUMN enrolment;
-- squawk-ignore ban-drop-column
ALTER TABLE cohorts DROP COLUMN phases;
-- squawk-ignore ban-drop-column
ALTER TABLE cohorts DROP COLUMN eligibility;
-- squawk-ignore ban-drop-column
ALTER TABLE sessions DROP COLUMN phases;
-- Rows of all sites are brought back below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
-- The former release knows no session without a cohort: it goes, with who was expected at it.
DELETE FROM attendance r USING sessions s WHERE s.id = r.session_id AND s.curriculum_id IS NULL;
DELETE FROM appointments a USING sessions s WHERE s.id = a.session_id AND s.curriculum_id IS NULL;
DELETE FROM sessions WHERE curriculum_id IS NULL;
-- squawk-ignore ban-drop-constraint
ALTER TABLE sessions DROP CONSTRAINT sessions_of_a_cohort;
-- squawk-ignore ban-drop-constraint
ALTER TABLE sessions DROP CONSTRAINT sessions_modality;
-- squawk-ignore ban-drop-column
ALTER TABLE sessions DROP COLUMN modality;
-- squawk-ignore adding-not-nullable-field
ALTER TABLE sessions ALTER COLUMN curriculum_id SET NOT NULL;
-- squawk-ignore adding-not-nullable-field
ALTER TABLE sessions ALTER COLUMN cohort_id SET NOT NULL;
DROP TABLE staff_leave;
DROP TABLE staff_sites;
DROP TABLE staff;
DROP TABLE rooms;
DROP TABLE closed_days;
DROP TABLE opening_hours;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX sites_of_region;
-- squawk-ignore ban-drop-column
ALTER TABLE sites DROP COLUMN longitude;
-- squawk-ignore ban-drop-column
ALTER TABLE sites DROP COLUMN latitude;
-- squawk-ignore ban-drop-column
ALTER TABLE sites DROP COLUMN subdivision;
-- squawk-ignore ban-drop-column
ALTER TABLE sites DROP COLUMN address;
-- squawk-ignore ban-drop-column
ALTER TABLE sites DROP COLUMN region_id;
DROP TABLE regions;
