-- migrate:up

-- Who is answerable for a client's treatment while the seat lasts; at most as many clients as the
-- person's caseload limit says. `version` is the ETag of the placement.
-- squawk-ignore adding-foreign-key-constraint
ALTER TABLE placements ADD COLUMN primary_therapist_id uuid REFERENCES staff;
ALTER TABLE placements ADD COLUMN version integer NOT NULL DEFAULT 1;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX placements_of_therapist ON placements (primary_therapist_id) WHERE ended_at IS NULL;

-- A row says that a room, a person of the staff or a client was taken for a session and let go, and
-- how many times: calendars go on showing the session as cancelled, with a higher SEQUENCE each
-- time. Written by a trigger, so that it holds whoever lets go; kept as long as the session.
CREATE TABLE former_bookings (
  resource_id uuid NOT NULL,
  session_id uuid NOT NULL REFERENCES sessions,
  site_id uuid NOT NULL,
  times integer NOT NULL,
  PRIMARY KEY (resource_id, session_id)
);
ALTER TABLE former_bookings ENABLE ROW LEVEL SECURITY;
ALTER TABLE former_bookings FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON former_bookings
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

CREATE FUNCTION keep_former_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO former_bookings AS f (resource_id, session_id, site_id, times)
  SELECT resource_id, session_id, site_id, 1 FROM freed
  ON CONFLICT (resource_id, session_id) DO UPDATE SET times = f.times + 1;
  RETURN NULL;
END
$$;
CREATE TRIGGER former_bookings AFTER DELETE ON bookings
REFERENCING OLD TABLE AS freed FOR EACH STATEMENT EXECUTE FUNCTION keep_former_bookings();

-- A row is a secret address at which a calendar is read without a token: that of a person of the
-- staff, of a room or of a client. Only the SHA-256 of the secret is kept. Written by
-- POST /calendar-links; revoked by DELETE, and kept as the record of who could read what until when.
CREATE TABLE calendar_links (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL REFERENCES sites,
  kind text NOT NULL CHECK (kind IN ('staff', 'room', 'client')),
  resource_id uuid NOT NULL,
  language text NOT NULL,
  secret_hash bytea NOT NULL CONSTRAINT calendar_links_secret UNIQUE,
  issued_by text NOT NULL,
  issued_at timestamptz NOT NULL,
  revoked_at timestamptz,
  version integer NOT NULL DEFAULT 1
);
CREATE INDEX calendar_links_of_site ON calendar_links (site_id, id);
ALTER TABLE calendar_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE calendar_links FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON calendar_links
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE calendar_links;
DROP TRIGGER former_bookings ON bookings;
-- squawk-ignore ban-drop-function
DROP FUNCTION keep_former_bookings();
DROP TABLE former_bookings;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX placements_of_therapist;
-- squawk-ignore ban-drop-column
ALTER TABLE placements DROP COLUMN version;
-- squawk-ignore ban-drop-column
ALTER TABLE placements DROP COLUMN primary_therapist_id;
