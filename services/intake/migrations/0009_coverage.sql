-- migrate:up

-- A row is one insurance of a client, as staff read it off a card. Entered and changed by staff; one
-- that was entered by mistake stays and says so. Goes away with the client.
CREATE TABLE coverages (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('medicare', 'medicaid', 'commercial', 'va', 'other')),
  payer text,
  payer_name text,
  plan text,
  member_id text NOT NULL,
  priority text NOT NULL CHECK (priority IN ('primary', 'secondary')),
  requires_authorization boolean NOT NULL,
  effective_from date NOT NULL,
  effective_until date,
  entered_in_error boolean NOT NULL DEFAULT false,
  entered_by text NOT NULL,
  entered_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1,
  CHECK ((payer IS NULL) <> (payer_name IS NULL)),
  CHECK (effective_until IS NULL OR effective_from <= effective_until)
);
CREATE INDEX coverages_of_client ON coverages (client_id, id);
CREATE INDEX coverages_of_site ON coverages (site_id) WHERE NOT entered_in_error;
ALTER TABLE coverages ENABLE ROW LEVEL SECURITY;
ALTER TABLE coverages FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON coverages
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is an agreement that a client pays, and which share by the sliding scale. Written when it
-- is signed; only its end changes. Goes away with the client.
CREATE TABLE self_pay_agreements (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  household_size integer NOT NULL CHECK (household_size > 0),
  yearly_income_cents bigint NOT NULL CHECK (yearly_income_cents >= 0),
  signed_on date NOT NULL,
  valid_until date NOT NULL,
  region text NOT NULL,
  guideline text NOT NULL,
  guideline_cents bigint NOT NULL,
  scale text NOT NULL,
  scale_version text NOT NULL,
  band text NOT NULL,
  share_percent integer NOT NULL CHECK (share_percent BETWEEN 0 AND 100),
  nominal_fee_cents bigint CHECK (nominal_fee_cents >= 0),
  entered_in_error boolean NOT NULL DEFAULT false,
  entered_by text NOT NULL,
  entered_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1
);
CREATE INDEX self_pay_agreements_of_client ON self_pay_agreements (client_id, id);
CREATE INDEX self_pay_agreements_of_site ON self_pay_agreements (site_id, valid_until);
ALTER TABLE self_pay_agreements ENABLE ROW LEVEL SECURITY;
ALTER TABLE self_pay_agreements FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON self_pay_agreements
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a payer's grant of units of one code between two days, with the meaning of a unit as it
-- was when the grant was entered. Entered and changed by staff; what was used is derived from
-- session_facts. Goes away with the client.
CREATE TABLE authorizations (
  id uuid PRIMARY KEY,
  coverage_id uuid NOT NULL REFERENCES coverages,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  number text NOT NULL,
  code text NOT NULL,
  unit_rule jsonb NOT NULL,
  units_granted integer NOT NULL CHECK (units_granted > 0),
  valid_from date NOT NULL,
  valid_until date NOT NULL,
  next_review date,
  withdrawn text CHECK (withdrawn IN ('entered_in_error', 'denied', 'replaced')),
  units_used integer NOT NULL DEFAULT 0 CHECK (units_used BETWEEN 0 AND units_granted),
  units_overrun integer NOT NULL DEFAULT 0 CHECK (units_overrun >= 0),
  look_at timestamptz,
  entered_by text NOT NULL,
  entered_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1,
  CHECK (valid_from <= valid_until)
);
COMMENT ON COLUMN authorizations.look_at IS
  'Local midnight of the next day on which its date raises an alarm; null when no such day comes.';
CREATE INDEX authorizations_of_client ON authorizations (client_id, id);
CREATE INDEX authorizations_of_site ON authorizations (site_id, valid_until)
  WHERE withdrawn IS NULL;
CREATE INDEX authorizations_to_look_at ON authorizations (look_at) WHERE look_at IS NOT NULL;
CREATE UNIQUE INDEX one_authorization_a_number ON authorizations (coverage_id, number, code)
  WHERE withdrawn IS NULL;
ALTER TABLE authorizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE authorizations FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON authorizations
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is what kind of session a client is expected at. Written by the consumer of
-- SessionScheduled; goes away with the client.
CREATE TABLE expected_sessions (
  client_id uuid NOT NULL,
  session_id uuid NOT NULL,
  site_id uuid NOT NULL,
  kind text NOT NULL,
  PRIMARY KEY (client_id, session_id)
);
ALTER TABLE expected_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE expected_sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON expected_sessions
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is what scheduling once told about a client's session; the highest sequence of a session
-- holds. Append-only, written by the consumer of attendance; the source of all units. A client may
-- be one that intake does not know. Goes away with the client.
CREATE TABLE session_facts (
  client_id uuid NOT NULL,
  session_id uuid NOT NULL,
  sequence bigint NOT NULL,
  site_id uuid NOT NULL,
  service_date date NOT NULL,
  minutes integer NOT NULL CHECK (minutes >= 0),
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (client_id, session_id, sequence)
);
CREATE INDEX session_facts_by_date ON session_facts (client_id, service_date);
ALTER TABLE session_facts ENABLE ROW LEVEL SECURITY;
ALTER TABLE session_facts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON session_facts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a day on which a client received services, with the units that authorizations gave for
-- it. Derived from session_facts and authorizations, in the transaction that changes them.
CREATE TABLE service_days (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  service_date date NOT NULL,
  services integer NOT NULL CHECK (services > 0),
  minutes integer NOT NULL,
  units integer NOT NULL,
  overrun integer NOT NULL,
  authorized boolean NOT NULL,
  UNIQUE (client_id, service_date)
);
COMMENT ON COLUMN service_days.authorized IS 'Some authorization covers the day.';
CREATE INDEX service_days_of_client ON service_days (client_id, id);
CREATE INDEX service_days_without_units ON service_days (site_id, id)
  WHERE units = 0 OR overrun > 0;
ALTER TABLE service_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_days FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON service_days
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a day that took units of an authorization. Derived as service_days is.
CREATE TABLE authorization_days (
  authorization_id uuid NOT NULL REFERENCES authorizations,
  service_date date NOT NULL,
  site_id uuid NOT NULL,
  units integer NOT NULL CHECK (units >= 0),
  overrun integer NOT NULL CHECK (overrun >= 0),
  PRIMARY KEY (authorization_id, service_date),
  CHECK (units + overrun > 0)
);
ALTER TABLE authorization_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE authorization_days FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON authorization_days
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a physician's certification that the program is needed, for a payer that asks for it
-- again after some time. Entered by staff; goes away with the client.
CREATE TABLE certifications (
  id uuid PRIMARY KEY,
  coverage_id uuid NOT NULL REFERENCES coverages,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  certified_on date NOT NULL,
  recertify_by date NOT NULL,
  look_at timestamptz,
  entered_by text NOT NULL,
  entered_at timestamptz NOT NULL,
  UNIQUE (coverage_id, certified_on)
);
CREATE INDEX certifications_to_look_at ON certifications (look_at) WHERE look_at IS NOT NULL;
ALTER TABLE certifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE certifications FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON certifications
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is that an authorization or a certification comes to its end, once for each cause; cleared
-- when the cause is gone. Written when units move and by the job; goes away with the client.
CREATE TABLE coverage_alarms (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL,
  site_id uuid NOT NULL,
  about uuid NOT NULL,
  cause text NOT NULL CHECK (cause IN ('units', 'days', 'exhausted', 'expired',
    'recertification_due', 'recertification_overdue')),
  raised_at timestamptz NOT NULL,
  cleared_at timestamptz,
  UNIQUE (about, cause)
);
CREATE INDEX coverage_alarms_of_site ON coverage_alarms (site_id, id) WHERE cleared_at IS NULL;
ALTER TABLE coverage_alarms ENABLE ROW LEVEL SECURITY;
ALTER TABLE coverage_alarms FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON coverage_alarms
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE coverage_alarms, certifications, authorization_days, service_days, session_facts,
  expected_sessions, authorizations, self_pay_agreements, coverages;
