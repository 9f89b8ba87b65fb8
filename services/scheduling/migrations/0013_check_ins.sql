-- migrate:up

-- A row says when a client came to a session and left it again, and how that became known. Written
-- by a check-in, completed by a check-out, and read when attendance is recorded from it; kept as
-- long as the appointment.
CREATE TABLE check_ins (
  session_id uuid NOT NULL,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  checked_in_at timestamptz NOT NULL,
  checked_in_by text NOT NULL CHECK (checked_in_by IN ('staff', 'kiosk', 'telehealth')),
  checked_out_at timestamptz,
  checked_out_by text CHECK (checked_out_by IN ('staff', 'kiosk')),
  PRIMARY KEY (session_id, client_id),
  FOREIGN KEY (session_id, client_id) REFERENCES appointments,
  CHECK ((checked_out_at IS NULL) = (checked_out_by IS NULL)),
  CHECK (checked_in_at < checked_out_at)
);
ALTER TABLE check_ins ENABLE ROW LEVEL SECURITY;
ALTER TABLE check_ins FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON check_ins
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is what a client checks in with at one session: a short code for the kiosk, or the secret of
-- a link to a telehealth session. Only its hash is kept, scrypt of a code and SHA-256 of a secret.
-- Written by POST /sessions/{id}/passes; a newer one takes its place, and it is of no use once the
-- session is over.
CREATE TABLE passes (
  session_id uuid NOT NULL,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('code', 'link')),
  secret_hash bytea NOT NULL CONSTRAINT passes_secret UNIQUE,
  issued_at timestamptz NOT NULL,
  PRIMARY KEY (session_id, client_id),
  FOREIGN KEY (session_id, client_id) REFERENCES appointments
);
ALTER TABLE passes ENABLE ROW LEVEL SECURITY;
ALTER TABLE passes FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON passes
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row says up to which end of sessions a site's misses were set by themselves. Written by the job
-- alone, at sites whose policy wants it.
CREATE TABLE no_show_marks (
  site_id uuid PRIMARY KEY REFERENCES sites,
  looked_until timestamptz NOT NULL
);
ALTER TABLE no_show_marks ENABLE ROW LEVEL SECURITY;
ALTER TABLE no_show_marks FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON no_show_marks
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX sessions_of_site_by_end ON sessions (site_id, ends_at);

-- Who recorded or corrected it, as their token says; null: it was set by itself, or before that was
-- kept. `makes_up` is the miss that this attendance makes up; the miss is locked by whoever writes it,
-- so that it is made up by one attendance of a session that is held.
ALTER TABLE attendance ADD COLUMN recorded_by text;
-- squawk-ignore adding-foreign-key-constraint
ALTER TABLE attendance ADD COLUMN makes_up uuid REFERENCES attendance;
ALTER TABLE attendance ADD CONSTRAINT attendance_makes_up
  CHECK (makes_up IS NULL OR status IN ('present', 'partial')) NOT VALID;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX attendance_made_up ON attendance (makes_up) WHERE makes_up IS NOT NULL;

-- A row is what an attendance said before a correction, which writes it; kept as long as the
-- attendance. Corrections made before there was this table are in the journal alone.
CREATE TABLE attendance_versions (
  attendance_id uuid NOT NULL REFERENCES attendance,
  version integer NOT NULL,
  site_id uuid NOT NULL,
  status text NOT NULL,
  checked_in_at timestamptz,
  checked_out_at timestamptz,
  attended_minutes integer NOT NULL,
  makes_up uuid,
  recorded_by text,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (attendance_id, version)
);
ALTER TABLE attendance_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE attendance_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON attendance_versions
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE attendance_versions;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX attendance_made_up;
-- squawk-ignore ban-drop-constraint
ALTER TABLE attendance DROP CONSTRAINT attendance_makes_up;
-- squawk-ignore ban-drop-column
ALTER TABLE attendance DROP COLUMN makes_up;
-- squawk-ignore ban-drop-column
ALTER TABLE attendance DROP COLUMN recorded_by;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX sessions_of_site_by_end;
DROP TABLE no_show_marks;
DROP TABLE passes;
DROP TABLE check_ins;
