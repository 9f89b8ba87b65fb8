-- migrate:up

-- How many seats of a cohort are taken or kept. The trigger below counts them with each placement,
-- whoever writes it, and the database refuses more than there are.
ALTER TABLE cohorts ADD COLUMN seats_taken integer NOT NULL DEFAULT 0;
-- Rows of all sites are counted; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
UPDATE cohorts c SET seats_taken =
  (SELECT count(*) FROM placements p WHERE p.cohort_id = c.id AND p.ended_at IS NULL);
ALTER TABLE cohorts ADD CONSTRAINT cohorts_seats
  CHECK (seats_taken BETWEEN 0 AND capacity) NOT VALID;

CREATE FUNCTION count_seats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.ended_at IS NULL THEN
    UPDATE cohorts SET seats_taken = seats_taken - 1 WHERE id = OLD.cohort_id;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.ended_at IS NULL THEN
    UPDATE cohorts SET seats_taken = seats_taken + 1 WHERE id = NEW.cohort_id;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER counted AFTER INSERT OR DELETE OR UPDATE OF cohort_id, ended_at ON placements
  FOR EACH ROW EXECUTE FUNCTION count_seats();

-- Until when the seat is kept for a placement that a person has not confirmed yet; null: confirmed.
ALTER TABLE placements ADD COLUMN proposed_until timestamptz;
ALTER TABLE placements ADD CONSTRAINT placements_proposed_now
  CHECK (proposed_until IS NULL OR ended_at IS NULL) NOT VALID;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX placements_proposed ON placements (proposed_until) WHERE proposed_until IS NOT NULL;

-- By the client who said something that may open a cohort.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX waitlist_reconsidered ON waitlist (client_id) WHERE left_at IS NULL;

-- A row is what intake told of a record that matters for a seat: when and how the client can come
-- (since `stated_at`), what the track must offer, whether a court referred, and the stay that began
-- last (since `enrolled_at`). Written by the consumers of preferences; never deleted, as a client
-- may come back.
CREATE TABLE preferences (
  client_id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  time_zone text,
  available jsonb,
  telehealth boolean,
  needs_transport boolean,
  language text,
  wished_group text CHECK (wished_group IN ('men', 'women')),
  stated_at timestamptz,
  needs jsonb,
  needs_at timestamptz,
  court_referred boolean,
  referred_at timestamptz,
  enrolment_id uuid,
  level_of_care text,
  dual_diagnosis boolean,
  gender_group text CHECK (gender_group IN ('men', 'women')),
  age_band text,
  priority jsonb,
  enrolled_at timestamptz
);
ALTER TABLE preferences ENABLE ROW LEVEL SECURITY;
ALTER TABLE preferences FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON preferences
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row says that two clients must not be in one group, whichever of them is named first; why is
-- not kept. Written by POST /no-contacts, deleted by DELETE.
CREATE TABLE no_contacts (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  other_client_id uuid NOT NULL,
  entered_at timestamptz NOT NULL,
  entered_by text NOT NULL,
  CHECK (client_id < other_client_id),
  CONSTRAINT no_contacts_once UNIQUE (client_id, other_client_id, site_id)
);
CREATE INDEX no_contacts_of_other ON no_contacts (other_client_id);
ALTER TABLE no_contacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE no_contacts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON no_contacts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE no_contacts;
DROP TABLE preferences;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX waitlist_reconsidered;
-- The former release knows no proposals: its clients have the seat that was kept for them.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX placements_proposed;
-- squawk-ignore ban-drop-constraint
ALTER TABLE placements DROP CONSTRAINT placements_proposed_now;
-- squawk-ignore ban-drop-column
ALTER TABLE placements DROP COLUMN proposed_until;
DROP TRIGGER counted ON placements;
-- squawk-ignore ban-drop-function
DROP FUNCTION count_seats();
-- squawk-ignore ban-drop-constraint
ALTER TABLE cohorts DROP CONSTRAINT cohorts_seats;
-- squawk-ignore ban-drop-column
ALTER TABLE cohorts DROP COLUMN seats_taken;
