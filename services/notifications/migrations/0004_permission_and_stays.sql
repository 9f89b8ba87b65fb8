-- migrate:up

-- A row is the consent to be reached that a client signed last: by which ways, for what, at which
-- times, and how it ended. Written from ConsentGranted, ConsentRevoked and ConsentExpired about the
-- form contact_channels; the next one signed takes its place; goes away with the client's record.
-- `expires_on` is its last day at the site, `safe_times` are of each week in `time_zone`, or at the
-- site's clock without one.
CREATE TABLE contact_consents (
  client_id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  consent_id uuid NOT NULL,
  channels text[] NOT NULL,
  uses text[] NOT NULL,
  safe_times jsonb NOT NULL,
  time_zone text,
  expires_on date,
  granted_at timestamptz NOT NULL,
  ended_as text CHECK (ended_as IN ('revoked', 'expired')),
  ended_at timestamptz,
  CHECK ((ended_as IS NULL) = (ended_at IS NULL))
);
ALTER TABLE contact_consents ENABLE ROW LEVEL SECURITY;
ALTER TABLE contact_consents FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON contact_consents
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a stay of a client in the program, as intake tells of it: going on, on hold, or over.
-- Written from ClientEnrolled, EpisodeStateChanged and ClientSteppedDown; a stay that is over stays
-- over; goes away with the client's record.
CREATE TABLE stays (
  enrolment_id uuid PRIMARY KEY,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  standing text NOT NULL CHECK (standing IN ('in_program', 'on_hold', 'over')),
  changed_at timestamptz NOT NULL
);
CREATE INDEX stays_of_client ON stays (client_id);
ALTER TABLE stays ENABLE ROW LEVEL SECURITY;
ALTER TABLE stays FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON stays
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A message belongs to a stay, null where no event named it; it can end because the client did not
-- agree to it, by `rule`; and clients are told of sessions that are not held.
ALTER TABLE notifications ADD COLUMN enrolment_id uuid;
ALTER TABLE notifications ADD COLUMN rule text;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_known CHECK (kind IN (
  'session_reminder', 'missed_session_outreach', 'session_not_held'
)) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_state_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_state_known CHECK (state IN (
  'planned', 'sending', 'delivered', 'failed', 'suppressed', 'cancelled'
)) NOT VALID;
ALTER TABLE notifications ADD CONSTRAINT notifications_rule_known CHECK (rule IN (
  'no_consent', 'revoked', 'expired', 'other_way', 'other_use', 'outside_safe_times'
)) NOT VALID;
ALTER TABLE notifications ADD CONSTRAINT notifications_rule_of_suppressed
  CHECK ((state = 'suppressed') = (rule IS NOT NULL)) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_check1;
ALTER TABLE notifications ADD CONSTRAINT notifications_ended CHECK (
  (state IN ('delivered', 'failed', 'suppressed', 'cancelled')) = (ended_at IS NOT NULL)
) NOT VALID;

-- migrate:down
-- Rows of all sites are brought back below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_ended;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_rule_of_suppressed;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_state_known;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_known;
DELETE FROM notifications WHERE kind = 'session_not_held';
UPDATE notifications SET state = 'cancelled' WHERE state = 'suppressed';
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check
  CHECK (kind IN ('session_reminder', 'missed_session_outreach')) NOT VALID;
ALTER TABLE notifications ADD CONSTRAINT notifications_state_check
  CHECK (state IN ('planned', 'sending', 'delivered', 'failed', 'cancelled')) NOT VALID;
ALTER TABLE notifications ADD CONSTRAINT notifications_check1 CHECK (
  (state IN ('delivered', 'failed', 'cancelled')) = (ended_at IS NOT NULL)
) NOT VALID;
-- squawk-ignore ban-drop-column
ALTER TABLE notifications DROP COLUMN rule;
-- squawk-ignore ban-drop-column
ALTER TABLE notifications DROP COLUMN enrolment_id;
DROP TABLE stays;
DROP TABLE contact_consents;
