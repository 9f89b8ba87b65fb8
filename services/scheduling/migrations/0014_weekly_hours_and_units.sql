-- migrate:up

-- A row is a week of the site's calendar, named by its Monday, of one seat: what was last told of
-- it, and when it is looked at again; without an instant only a change brings it up. The first one
-- is written with the seat, the others by the job of the weeks, as far as its policy looks ahead;
-- kept as the record of what was told.
CREATE TABLE program_weeks (
  placement_id uuid NOT NULL REFERENCES placements,
  monday date NOT NULL CHECK (extract(isodow FROM monday) = 1),
  site_id uuid NOT NULL,
  told text CHECK (told IN ('at_risk', 'short')),
  look_at timestamptz,
  PRIMARY KEY (placement_id, monday)
);
CREATE INDEX program_weeks_to_look_at ON program_weeks (look_at) WHERE look_at IS NOT NULL;
ALTER TABLE program_weeks ENABLE ROW LEVEL SECURITY;
ALTER TABLE program_weeks FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON program_weeks
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row says that something changed that the hours of a seat's week are made of; without a Monday,
-- the week that is going on and those to come. Written by the triggers below, whoever makes the change; deleted by the
-- job of the weeks, which looks at the week. Rows are only ever added by the side that changes, so
-- that it waits for nobody.
CREATE TABLE changed_weeks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  placement_id uuid NOT NULL,
  site_id uuid NOT NULL,
  monday date
);
ALTER TABLE changed_weeks ENABLE ROW LEVEL SECURITY;
ALTER TABLE changed_weeks FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON changed_weeks
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

CREATE FUNCTION seat_given() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO program_weeks (placement_id, monday, site_id, look_at)
  SELECT new.id, date_trunc('week', new.placed_at AT TIME ZONE s.time_zone)::date, s.id,
    new.placed_at
  FROM sites s WHERE s.id = new.site_id
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER week_begins AFTER INSERT ON placements
  FOR EACH ROW WHEN (new.proposed_until IS NULL) EXECUTE FUNCTION seat_given();
CREATE TRIGGER week_begins_confirmed AFTER UPDATE OF proposed_until ON placements FOR EACH ROW
  WHEN (old.proposed_until IS NOT NULL AND new.proposed_until IS NULL)
  EXECUTE FUNCTION seat_given();
CREATE FUNCTION seat_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_weeks (placement_id, site_id) VALUES (new.id, new.site_id);
  RETURN NULL;
END $$;
CREATE TRIGGER week_changes AFTER UPDATE OF phase, ended_at ON placements
  FOR EACH ROW EXECUTE FUNCTION seat_changed();
CREATE FUNCTION hold_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_weeks (placement_id, site_id)
  SELECT id, site_id FROM placements
  WHERE enrolment_id = coalesce(new.enrolment_id, old.enrolment_id) AND proposed_until IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER week_changes AFTER INSERT OR DELETE ON holds
  FOR EACH ROW EXECUTE FUNCTION hold_changed();

CREATE FUNCTION appointments_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_weeks (placement_id, site_id, monday)
  SELECT DISTINCT c.placement_id, c.site_id,
    date_trunc('week', s.starts_at AT TIME ZONE s.time_zone)::date
  FROM changed c JOIN sessions s ON s.id = c.session_id;
  RETURN NULL;
END $$;
CREATE TRIGGER week_begins AFTER INSERT ON appointments
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION appointments_changed();
CREATE TRIGGER week_changes AFTER UPDATE ON appointments
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION appointments_changed();

CREATE FUNCTION attendance_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_weeks (placement_id, site_id, monday)
  SELECT DISTINCT a.placement_id, a.site_id,
    date_trunc('week', s.starts_at AT TIME ZONE s.time_zone)::date
  FROM changed c JOIN appointments a ON a.session_id = c.session_id AND a.client_id = c.client_id
  JOIN sessions s ON s.id = c.session_id;
  RETURN NULL;
END $$;
CREATE TRIGGER week_begins AFTER INSERT ON attendance
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION attendance_changed();
CREATE TRIGGER week_changes AFTER UPDATE ON attendance
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION attendance_changed();

CREATE FUNCTION session_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_weeks (placement_id, site_id, monday)
  SELECT DISTINCT a.placement_id, a.site_id, date_trunc('week', t.at AT TIME ZONE new.time_zone)::date
  FROM appointments a, (VALUES (old.starts_at), (new.starts_at)) AS t(at)
  WHERE a.session_id = new.id;
  RETURN NULL;
END $$;
CREATE TRIGGER week_changes AFTER UPDATE ON sessions FOR EACH ROW
  WHEN ((old.starts_at, old.ends_at, old.break_minutes, old.kind, old.not_held_at)
    IS DISTINCT FROM (new.starts_at, new.ends_at, new.break_minutes, new.kind, new.not_held_at))
  EXECUTE FUNCTION session_changed();

-- The seats of a site that lasted into some week.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX placements_by_end ON placements (site_id, ended_at);

-- A row is a stay with the day of its last certification, or of its enrolment, and the day by which
-- the next one is needed. Written by the consumers of ClientEnrolled and ClientCertified; deleted
-- when the stay ends. `look_at` is when it is to be told, null once it was.
CREATE TABLE recertifications (
  enrolment_id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  certified_on date NOT NULL,
  due_on date NOT NULL,
  look_at timestamptz
);
CREATE INDEX recertifications_to_look_at ON recertifications (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX recertifications_of_client ON recertifications (client_id);
ALTER TABLE recertifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE recertifications FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON recertifications
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is what intake last told of an authorization; `unit` is what one unit of it is. Written by
-- the consumer of AuthorizationChanged; kept as long as the client's record.
CREATE TABLE authorizations (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  code text NOT NULL,
  unit jsonb NOT NULL,
  units_granted integer NOT NULL,
  units_used integer NOT NULL,
  valid_from date NOT NULL,
  valid_until date NOT NULL,
  withdrawn boolean NOT NULL
);
CREATE INDEX authorizations_of_client ON authorizations (client_id, code);
ALTER TABLE authorizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE authorizations FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON authorizations
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row says why units were booked that no authorization covers. Written by whatever books, once
-- and never changed; kept as long as the client's record.
CREATE TABLE unit_excesses (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  code text NOT NULL,
  service_date date NOT NULL,
  units integer NOT NULL CHECK (units > 0),
  reason text NOT NULL,
  entered_by text NOT NULL,
  entered_at timestamptz NOT NULL
);
CREATE INDEX unit_excesses_of_client ON unit_excesses (client_id, id);
ALTER TABLE unit_excesses ENABLE ROW LEVEL SECURITY;
ALTER TABLE unit_excesses FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON unit_excesses
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- Who has a seat is watched from the week that is going on.
SET LOCAL stepwell.sites = '*';
INSERT INTO changed_weeks (placement_id, site_id)
SELECT id, site_id FROM placements WHERE ended_at IS NULL AND proposed_until IS NULL;

-- migrate:down
DROP TABLE unit_excesses, authorizations, recertifications;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX placements_by_end;
DROP TRIGGER week_changes ON sessions;
DROP TRIGGER week_changes ON attendance;
DROP TRIGGER week_begins ON attendance;
DROP TRIGGER week_changes ON appointments;
DROP TRIGGER week_begins ON appointments;
DROP TRIGGER week_changes ON holds;
DROP TRIGGER week_changes ON placements;
DROP TRIGGER week_begins_confirmed ON placements;
DROP TRIGGER week_begins ON placements;
-- squawk-ignore ban-drop-function
DROP FUNCTION session_changed, attendance_changed, appointments_changed, hold_changed,
  seat_changed, seat_given;
DROP TABLE changed_weeks, program_weeks;
