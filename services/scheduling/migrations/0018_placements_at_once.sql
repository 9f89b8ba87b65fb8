-- migrate:up

-- When the last session of a cohort begins that is held; null: none was ever planned, and
-- 1970: none of them is held. Kept by the triggers below, whoever writes sessions, so that who
-- looks for a seat need not look at the sessions of all cohorts.
ALTER TABLE cohorts ADD COLUMN last_starts_at timestamptz;
-- Rows of all sites are looked at; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
UPDATE cohorts c SET last_starts_at = s.last FROM (
  SELECT cohort_id, coalesce(max(starts_at) FILTER (WHERE not_held_at IS NULL), to_timestamp(0)) AS last
  FROM sessions WHERE cohort_id IS NOT NULL GROUP BY cohort_id
) AS s
WHERE s.cohort_id = c.id;
-- A cohort's row is written with each seat: there is room beside it, so that its place in the indexes
-- stays.
ALTER TABLE cohorts SET (fillfactor = 50);

CREATE FUNCTION note_last_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE cohorts c SET last_starts_at = l.at FROM (
    SELECT n.cohort_id, coalesce((
      SELECT max(s.starts_at) FROM sessions s
      WHERE s.cohort_id = n.cohort_id AND s.not_held_at IS NULL
    ), to_timestamp(0)) AS at
    FROM (SELECT DISTINCT cohort_id FROM changed WHERE cohort_id IS NOT NULL) AS n
  ) AS l
  WHERE c.id = l.cohort_id AND c.last_starts_at IS DISTINCT FROM l.at;
  RETURN NULL;
END $$;
CREATE TRIGGER last_session AFTER INSERT ON sessions
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_last_session();
CREATE TRIGGER last_session_changes AFTER UPDATE ON sessions
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_last_session();

-- Looks at each session by its id: there are no figures of the rows that changed, by which it could
-- be known that this is better than to go through all sessions.
CREATE OR REPLACE FUNCTION appointments_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_weeks (placement_id, site_id, monday)
  SELECT DISTINCT c.placement_id, c.site_id, (
    SELECT date_trunc('week', s.starts_at AT TIME ZONE s.time_zone)::date FROM sessions s
    WHERE s.id = c.session_id
  ) FROM changed c;
  RETURN NULL;
END $$;

-- Whose time it is: of a client the person that the record was of when it was booked, of all else
-- the resource itself. One person with two records is not taken twice either. Set by who books, else
-- by the trigger, and anew for what is to come when records are merged or a merge is undone.
ALTER TABLE bookings ADD COLUMN person_id uuid;
UPDATE bookings SET person_id = resource_id;
CREATE FUNCTION name_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  new.person_id := new.resource_id;
  IF new.kind = 'client' THEN
    new.person_id := platform.survivor_of(new.resource_id);
  END IF;
  RETURN new;
END $$;
CREATE TRIGGER of_person BEFORE INSERT ON bookings
  FOR EACH ROW WHEN (new.person_id IS NULL) EXECUTE FUNCTION name_person();
-- squawk-ignore ban-drop-constraint
ALTER TABLE bookings DROP CONSTRAINT bookings_apart;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE bookings ADD CONSTRAINT bookings_apart
  EXCLUDE USING gist (person_id WITH =, during WITH &&);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX bookings_of_resource ON bookings (resource_id);

-- When the credentials of a person are looked at next; null: none of them expires that was not told.
ALTER TABLE staff ADD COLUMN look_at timestamptz;
UPDATE staff SET look_at = created_at WHERE left_at IS NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX staff_to_look_at ON staff (look_at) WHERE look_at IS NOT NULL;
-- A row says that it was told that a credential of a person expires on a day. Written by the job of
-- the staff; kept as long as the person.
CREATE TABLE credentials_told (
  staff_id uuid NOT NULL REFERENCES staff,
  credential text NOT NULL,
  expires_on date NOT NULL,
  PRIMARY KEY (staff_id, credential, expires_on)
);

-- migrate:down
CREATE OR REPLACE FUNCTION appointments_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_weeks (placement_id, site_id, monday)
  SELECT DISTINCT c.placement_id, c.site_id,
    date_trunc('week', s.starts_at AT TIME ZONE s.time_zone)::date
  FROM changed c JOIN sessions s ON s.id = c.session_id;
  RETURN NULL;
END $$;
DROP TABLE credentials_told;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX staff_to_look_at;
-- squawk-ignore ban-drop-column
ALTER TABLE staff DROP COLUMN look_at;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX bookings_of_resource;
-- squawk-ignore ban-drop-constraint
ALTER TABLE bookings DROP CONSTRAINT bookings_apart;
DROP TRIGGER of_person ON bookings;
-- squawk-ignore ban-drop-function
DROP FUNCTION name_person();
-- squawk-ignore ban-drop-column
ALTER TABLE bookings DROP COLUMN person_id;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE bookings ADD CONSTRAINT bookings_apart
  EXCLUDE USING gist (resource_id WITH =, during WITH &&);
-- The former release reads each cohort with its sentence and the numbers of its criteria.
SET LOCAL stepwell.sites = '*';
UPDATE placements SET considered = jsonb_build_object(
  'criteria', considered -> 'criteria',
  'cohorts', (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'cohort_id', c.one -> 0, 'rank', c.one -> 1, 'eligible', f.one -> 'eligible',
      'sentence', (c.one ->> 2) || ': ' || (f.one ->> 'words'), 'criteria', f.one -> 'criteria'
    ) ORDER BY c.place), '[]')
    FROM jsonb_array_elements(considered -> 'cohorts') WITH ORDINALITY AS c(one, place)
    CROSS JOIN LATERAL (SELECT considered -> 'findings' -> (c.one ->> 3)::int AS one) AS f
  )
)
WHERE considered ? 'findings';
ALTER TABLE cohorts RESET (fillfactor);
DROP TRIGGER last_session_changes ON sessions;
DROP TRIGGER last_session ON sessions;
-- squawk-ignore ban-drop-function
DROP FUNCTION note_last_session();
-- squawk-ignore ban-drop-column
ALTER TABLE cohorts DROP COLUMN last_starts_at;
