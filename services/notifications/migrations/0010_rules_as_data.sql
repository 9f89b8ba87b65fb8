-- migrate:up

-- Rows of all sites are filled below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
-- Which kinds of message there are is told by the rules, which are data: `session_id` is the id of
-- what a message is about, of whatever sort, and `session_starts_at` the instant from which the times
-- of its rule are counted.
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_known
  CHECK (kind ~ '^[a-z][a-z0-9_]*$') NOT VALID;
-- How many messages a client was sent on a day is asked for each that is due.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX notifications_sent ON notifications (client_id, (coalesce(ended_at, next_at)))
  WHERE state IN ('sending', 'sent', 'delivered', 'bounced') AND kind <> 'staff_alert';

-- `gone`: the stay is over as its client died; nobody is written to any more.
-- squawk-ignore ban-drop-constraint
ALTER TABLE stays DROP CONSTRAINT stays_standing_check;
ALTER TABLE stays ADD CONSTRAINT stays_standing_known
  CHECK (standing IN ('in_program', 'on_hold', 'over', 'gone')) NOT VALID;

-- A row is the language in which a client reads, as a BCP 47 tag. Written from PreferencesChanged,
-- the latest counts; goes away with the client's record.
CREATE TABLE client_languages (
  client_id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  language text NOT NULL,
  changed_at timestamptz NOT NULL
);
ALTER TABLE client_languages ENABLE ROW LEVEL SECURITY;
ALTER TABLE client_languages FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON client_languages
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a site, the zone of its clocks and its region. Written from SiteOpened and SiteChanged;
-- sites that were told of before are known by the zone that their messages name.
CREATE TABLE sites (
  site_id uuid PRIMARY KEY,
  time_zone text NOT NULL,
  region_id uuid
);
ALTER TABLE sites ENABLE ROW LEVEL SECURITY;
ALTER TABLE sites FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON sites
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));
INSERT INTO sites (site_id, time_zone)
SELECT DISTINCT ON (site_id) site_id, site_time_zone FROM notifications
WHERE site_time_zone IS NOT NULL ORDER BY site_id, id DESC;

-- A row is something that a person of the staff has to do about a client, from `opens_at` on: what a
-- rule leads to when messages are not enough. `about` and `anchor` are as in notifications. Alerts
-- about it are rows of notifications whose flag_id is its id. Written by the rules, ended by who took
-- charge of it or by what made it needless; goes away with the client's record.
CREATE TABLE staff_tasks (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  enrolment_id uuid,
  kind text NOT NULL,
  about uuid NOT NULL,
  anchor timestamptz NOT NULL,
  opens_at timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'done', 'withdrawn')),
  ended_by text,
  ended_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  CHECK ((state = 'open') = (ended_at IS NULL)),
  CHECK ((state = 'done') = (ended_by IS NOT NULL)),
  CONSTRAINT staff_tasks_once UNIQUE (client_id, kind, about, anchor)
);
CREATE INDEX staff_tasks_of_site ON staff_tasks (site_id, id) WHERE state = 'open';
CREATE INDEX staff_tasks_of_client ON staff_tasks (client_id, id);
CREATE INDEX staff_tasks_of_stay ON staff_tasks (enrolment_id) WHERE state = 'open';
ALTER TABLE staff_tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE staff_tasks FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON staff_tasks
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
-- Rows of all sites are brought back below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
DELETE FROM notifications n USING staff_tasks t WHERE n.kind = 'staff_alert' AND n.flag_id = t.id;
DROP TABLE staff_tasks;
DROP TABLE sites;
DROP TABLE client_languages;
UPDATE stays SET standing = 'over' WHERE standing = 'gone';
-- squawk-ignore ban-drop-constraint
ALTER TABLE stays DROP CONSTRAINT stays_standing_known;
ALTER TABLE stays ADD CONSTRAINT stays_standing_check
  CHECK (standing IN ('in_program', 'on_hold', 'over')) NOT VALID;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX notifications_sent;
DELETE FROM withdrawals w USING notifications n WHERE n.id = w.notification_id AND n.kind NOT IN (
  'session_reminder', 'missed_session_outreach', 'session_not_held', 'staff_alert', 'seat_offer'
);
DELETE FROM notifications WHERE kind NOT IN (
  'session_reminder', 'missed_session_outreach', 'session_not_held', 'staff_alert', 'seat_offer'
);
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_known CHECK (kind IN (
  'session_reminder', 'missed_session_outreach', 'session_not_held', 'staff_alert', 'seat_offer'
)) NOT VALID;
