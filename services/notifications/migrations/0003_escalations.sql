-- migrate:up

-- A row is whom a site tells when a risk of one of its clients has to be seen: work addresses of
-- staff, nothing of a client. `on_duty` is told when a flag is raised, the n-th of `steps` when it
-- escalates for the n-th time, the last of them from then on. Written by the site's manager; goes
-- away with the site.
CREATE TABLE escalation_contacts (
  site_id uuid PRIMARY KEY,
  on_duty text[] NOT NULL,
  steps jsonb NOT NULL,
  version integer NOT NULL DEFAULT 1,
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL
);
ALTER TABLE escalation_contacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE escalation_contacts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON escalation_contacts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is one message to one member of staff about one step of one flag: planned, under way, or how
-- it ended; without an address when there was nobody to tell. Written when intake tells of the step,
-- moved on by the job; kept as the record of who was told for as long as the client's record.
-- `severity` tells the alert about a flag that became more severe from the one before. `next_at`,
-- `expires_at` and `traceparent` are as in notifications.
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

-- migrate:down
DROP TABLE staff_alerts;
DROP TABLE escalation_contacts;
