-- migrate:up

-- Rows of all sites are moved below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
-- A message goes to a client about a session, or to a member of staff about a step of a risk flag:
-- then its kind is staff_alert, `flag_id`, `step` and `severity` say what it is about, and `address`
-- whom it is for, null where the site named nobody. `severity` tells the alert about a flag that
-- became more severe from the one before. Rows of staff_alert are written by escalations.
ALTER TABLE notifications ADD COLUMN flag_id uuid;
ALTER TABLE notifications ADD COLUMN step integer;
ALTER TABLE notifications ADD COLUMN severity text;
ALTER TABLE notifications ADD COLUMN address text;
-- squawk-ignore ban-drop-not-null
ALTER TABLE notifications ALTER COLUMN session_id DROP NOT NULL;
-- squawk-ignore ban-drop-not-null
ALTER TABLE notifications ALTER COLUMN session_starts_at DROP NOT NULL;
-- squawk-ignore ban-drop-not-null
ALTER TABLE notifications ALTER COLUMN site_time_zone DROP NOT NULL;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_known CHECK (kind IN (
  'session_reminder', 'missed_session_outreach', 'session_not_held', 'staff_alert'
)) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_failure_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_failure_known CHECK (failure IN (
  'no_contact_details', 'no_contacts', 'refused_by_channel', 'no_longer_timely'
)) NOT VALID;
ALTER TABLE notifications ADD CONSTRAINT notifications_about CHECK (
  CASE kind WHEN 'staff_alert' THEN
    num_nulls(flag_id, step, severity) = 0 AND num_nonnulls(session_id, enrolment_id) = 0
    AND step >= 0 AND severity IN ('moderate', 'high')
    AND (address IS NOT NULL OR state IN ('planned', 'cancelled') OR failure IS NOT DISTINCT FROM 'no_contacts')
  ELSE
    num_nulls(session_id, session_starts_at, site_time_zone) = 0
    AND num_nonnulls(flag_id, step, severity, address) = 0
  END
) NOT VALID;
INSERT INTO notifications (id, site_id, client_id, kind, flag_id, step, severity, address, state,
  planned_at, due_at, next_at, expires_at, traceparent, attempts, channel, failure, ended_at)
SELECT id, site_id, client_id, 'staff_alert', flag_id, step, severity, address, state, planned_at,
  planned_at, next_at, expires_at, traceparent, attempts, 'email', failure, ended_at
FROM staff_alerts;
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX notifications_alert_once
  ON notifications (flag_id, step, severity, address) NULLS NOT DISTINCT
  WHERE kind = 'staff_alert';
-- The list of alerts of a site is read in this order.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX notifications_alerts_of_site ON notifications (site_id, id)
  WHERE kind = 'staff_alert';
-- Each queue finds what is due of its own kinds, however much is due of the others.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX notifications_alerts_due ON notifications (next_at)
  WHERE state IN ('planned', 'sending') AND kind = 'staff_alert';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX notifications_messages_due ON notifications (next_at)
  WHERE state IN ('planned', 'sending') AND kind <> 'staff_alert';
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX notifications_due;
-- Unused since 0.1.0, the first release: its rows are in notifications.
DROP TABLE staff_alerts;

-- migrate:down
-- Rows of all sites are moved back below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
-- A row is one message to one member of staff about one step of one flag, as in 0003.
CREATE TABLE staff_alerts (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  flag_id uuid NOT NULL,
  step integer NOT NULL CHECK (step >= 0),
  severity text NOT NULL CHECK (severity IN ('moderate', 'high')),
  address text,
  state text NOT NULL
    CHECK (state IN ('planned', 'sending', 'delivered', 'failed', 'cancelled')),
  planned_at timestamptz NOT NULL,
  next_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  traceparent text,
  attempts integer NOT NULL DEFAULT 0,
  failure text CHECK (failure IN ('no_contacts', 'refused_by_channel', 'no_longer_timely')),
  ended_at timestamptz,
  CHECK ((state = 'failed') = (failure IS NOT NULL)),
  CHECK ((address IS NULL) = (failure IS NOT DISTINCT FROM 'no_contacts')),
  CHECK ((state IN ('delivered', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
  CONSTRAINT staff_alerts_once UNIQUE NULLS NOT DISTINCT (flag_id, step, severity, address)
);
CREATE INDEX staff_alerts_due ON staff_alerts (next_at) WHERE state IN ('planned', 'sending');
CREATE INDEX staff_alerts_of_site ON staff_alerts (site_id, id);
ALTER TABLE staff_alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE staff_alerts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON staff_alerts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));
-- An alert without an address had failed from the start.
INSERT INTO staff_alerts (id, site_id, client_id, flag_id, step, severity, address, state,
  planned_at, next_at, expires_at, traceparent, attempts, failure, ended_at)
SELECT id, site_id, client_id, flag_id, step, severity, address,
  CASE WHEN address IS NULL THEN 'failed' ELSE state END,
  planned_at, next_at, expires_at, traceparent, attempts,
  CASE WHEN address IS NULL THEN 'no_contacts' ELSE failure END,
  CASE WHEN address IS NULL THEN coalesce(ended_at, planned_at) ELSE ended_at END
FROM notifications WHERE kind = 'staff_alert';
DELETE FROM notifications WHERE kind = 'staff_alert';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX notifications_due ON notifications (next_at) WHERE state IN ('planned', 'sending');
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX notifications_messages_due;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX notifications_alerts_due;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX notifications_alerts_of_site;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX notifications_alert_once;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_about;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_failure_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_failure_check
  CHECK (failure IN ('no_contact_details', 'refused_by_channel', 'no_longer_timely')) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_known CHECK (kind IN (
  'session_reminder', 'missed_session_outreach', 'session_not_held'
)) NOT VALID;
-- squawk-ignore adding-not-nullable-field
ALTER TABLE notifications ALTER COLUMN site_time_zone SET NOT NULL;
-- squawk-ignore adding-not-nullable-field
ALTER TABLE notifications ALTER COLUMN session_starts_at SET NOT NULL;
-- squawk-ignore adding-not-nullable-field
ALTER TABLE notifications ALTER COLUMN session_id SET NOT NULL;
-- squawk-ignore ban-drop-column
ALTER TABLE notifications DROP COLUMN address;
-- squawk-ignore ban-drop-column
ALTER TABLE notifications DROP COLUMN severity;
-- squawk-ignore ban-drop-column
ALTER TABLE notifications DROP COLUMN step;
-- squawk-ignore ban-drop-column
ALTER TABLE notifications DROP COLUMN flag_id;
