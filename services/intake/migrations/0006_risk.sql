-- migrate:up

-- A row is a risk of one client that a clinician has to see: raised, escalated for as long as nobody
-- takes charge of it, then acknowledged by a named clinician. Written when answers or a report show
-- the risk, moved on by the job and by the clinician; goes away with the client.
-- `raising_id` is the finding that its severity rests on. `escalate_at` is the instant of the next
-- step. `version` counts what a clinician has to have seen, so an escalation leaves it as it is.
CREATE TABLE risk_flags (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN
    ('suicide_risk', 'withdrawal_risk', 'pregnancy', 'recent_overdose', 'harm_to_others')),
  severity text NOT NULL CHECK (severity IN ('moderate', 'high')),
  state text NOT NULL CHECK (state IN ('raised', 'escalated', 'acknowledged')),
  found_in text NOT NULL,
  raising_id uuid NOT NULL,
  raised_at timestamptz NOT NULL,
  found_count integer NOT NULL DEFAULT 1,
  last_found_at timestamptz NOT NULL,
  acknowledge_by timestamptz NOT NULL,
  step integer NOT NULL DEFAULT 0,
  escalate_at timestamptz NOT NULL,
  traceparent text,
  policy_version text NOT NULL,
  action text,
  note text,
  acknowledged_by text,
  acknowledged_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  CHECK ((state = 'raised') <= (step = 0)),
  CHECK ((state = 'escalated') <= (step > 0)),
  CHECK ((state = 'acknowledged') = (acknowledged_at IS NOT NULL)),
  CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL)),
  CHECK ((acknowledged_at IS NULL) = (action IS NULL))
);
CREATE UNIQUE INDEX one_open_risk_flag ON risk_flags (client_id, kind)
  WHERE state <> 'acknowledged';
CREATE INDEX risk_flags_to_escalate ON risk_flags (escalate_at) WHERE state <> 'acknowledged';
CREATE INDEX risk_flags_open ON risk_flags (acknowledge_by, id) WHERE state <> 'acknowledged';
CREATE INDEX risk_flags_of_site ON risk_flags (site_id, acknowledge_by, id);
CREATE INDEX risk_flags_all ON risk_flags (acknowledge_by, id);
CREATE INDEX risk_flags_of_client ON risk_flags (client_id, acknowledge_by, id);
ALTER TABLE risk_flags ENABLE ROW LEVEL SECURITY;
ALTER TABLE risk_flags FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON risk_flags
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is what a member of staff learned about a client's acute risks and about what gives
-- preference in admission. Written once; goes away with the client. `entry` tells which came later
-- where two carry the same instant. `overdose_on` is the day told, or the day of the report where
-- only "within 30 days" was told, which `overdose_dated` tells apart.
CREATE TABLE risk_reports (
  id uuid PRIMARY KEY,
  entry bigint GENERATED ALWAYS AS IDENTITY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  pregnant text NOT NULL CHECK (pregnant IN ('yes', 'no', 'unknown')),
  overdose text NOT NULL CHECK (overdose IN ('yes', 'no', 'unknown')),
  overdose_on date,
  overdose_dated boolean NOT NULL,
  withdrawal text NOT NULL CHECK (withdrawal IN ('none', 'possible', 'severe', 'unknown')),
  harm_to_others text NOT NULL
    CHECK (harm_to_others IN ('none', 'possible', 'imminent', 'unknown')),
  injects_drugs text NOT NULL CHECK (injects_drugs IN ('yes', 'no', 'unknown')),
  cares_for_minors text NOT NULL CHECK (cares_for_minors IN ('yes', 'no', 'unknown')),
  reported_on date NOT NULL,
  reported_at timestamptz NOT NULL,
  reported_by text NOT NULL,
  CHECK (overdose <> 'yes' OR overdose_on IS NOT NULL),
  CHECK (overdose_dated <= (overdose_on IS NOT NULL))
);
CREATE INDEX risk_reports_of_client ON risk_reports (client_id, id);
CREATE INDEX risk_reports_latest ON risk_reports (client_id, entry);
ALTER TABLE risk_reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE risk_reports FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON risk_reports
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE risk_reports;
DROP TABLE risk_flags;
