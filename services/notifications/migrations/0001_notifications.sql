-- migrate:up

-- A row says how one client wants to be reached: the only addresses kept outside intake. Written
-- from ContactDetailsChanged, each change replaces the former details; goes away when the client's
-- record does.
CREATE TABLE contacts (
  client_id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  channel text NOT NULL CHECK (channel IN ('email', 'log')),
  email text,
  phone text,
  time_zone text,
  changed_at timestamptz NOT NULL
);
ALTER TABLE contacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE contacts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON contacts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is one message to one client about one session: planned, under way, or how it ended. It
-- holds neither the text nor the address: both are made when it is sent. Written by reminders and
-- outreach, moved on by delivery; kept as the record of what went out for as long as the client's
-- record.
-- `next_at` is the instant of the next attempt, first the same as `due_at`; from `expires_at` on
-- the message is of no use and is never sent. `traceparent` is the trace that caused it.
CREATE TABLE notifications (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  session_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('session_reminder', 'missed_session_outreach')),
  session_starts_at timestamptz NOT NULL,
  site_time_zone text NOT NULL,
  state text NOT NULL
    CHECK (state IN ('planned', 'sending', 'delivered', 'failed', 'cancelled')),
  planned_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  next_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  traceparent text,
  attempts integer NOT NULL DEFAULT 0,
  channel text CHECK (channel IN ('email', 'log')),
  texts_version text,
  failure text
    CHECK (failure IN ('no_contact_details', 'refused_by_channel', 'no_longer_timely')),
  ended_at timestamptz,
  CHECK ((state = 'failed') = (failure IS NOT NULL)),
  CHECK ((state IN ('delivered', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
  CONSTRAINT notifications_once UNIQUE (client_id, session_id, kind, session_starts_at)
);
CREATE INDEX notifications_due ON notifications (next_at) WHERE state IN ('planned', 'sending');
CREATE INDEX notifications_of_site ON notifications (site_id, id);
CREATE INDEX notifications_of_client ON notifications (client_id, id);
ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON notifications
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE notifications;
DROP TABLE contacts;
