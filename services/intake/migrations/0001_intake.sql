-- migrate:up

-- A row is a site that scheduling opened. Written by the consumer of SiteOpened; never deleted.
CREATE TABLE sites (
  id uuid PRIMARY KEY,
  time_zone text NOT NULL,
  opened_at timestamptz NOT NULL
);
ALTER TABLE sites ENABLE ROW LEVEL SECURITY;
ALTER TABLE sites FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON sites USING (platform.visible(id)) WITH CHECK (platform.visible(id));

-- A row is a person referred to a site. Written with the referral; the only place, beside
-- contacts, where somebody is known by name. Goes away by the site's retention policy.
CREATE TABLE clients (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  given_name text NOT NULL,
  family_name text NOT NULL,
  birth_date date NOT NULL,
  gender text NOT NULL CHECK (gender IN ('woman', 'man', 'non_binary', 'undisclosed')),
  sex_at_birth text NOT NULL CHECK (sex_at_birth IN ('female', 'male', 'unknown')),
  created_at timestamptz NOT NULL
);
CREATE INDEX clients_of_site ON clients (site_id, id);
ALTER TABLE clients ENABLE ROW LEVEL SECURITY;
ALTER TABLE clients FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON clients
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is how one client wants to be reached. Written with the referral, changed by staff; goes
-- away with the client.
CREATE TABLE contacts (
  client_id uuid PRIMARY KEY REFERENCES clients,
  site_id uuid NOT NULL,
  channel text NOT NULL CHECK (channel IN ('email', 'log')),
  email text,
  phone text,
  time_zone text,
  changed_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1,
  CHECK (channel <> 'email' OR email IS NOT NULL)
);
ALTER TABLE contacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE contacts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON contacts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is one referral, or a person's own request for help. Written once; goes away with the
-- client.
CREATE TABLE referrals (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  source text NOT NULL
    CHECK (source IN ('self', 'residential', 'hospital', 'provider', 'court', 'other')),
  received_at timestamptz NOT NULL
);
CREATE INDEX referrals_of_client ON referrals (client_id, id);
ALTER TABLE referrals ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON referrals
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is one sitting in which a client answered instruments. Written once; goes away with the
-- client.
CREATE TABLE screenings (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  occasion text NOT NULL CHECK (occasion IN ('intake', 'follow_up')),
  entered_by text NOT NULL,
  completed_at timestamptz NOT NULL
);
CREATE INDEX screenings_of_client ON screenings (client_id, id);
ALTER TABLE screenings ENABLE ROW LEVEL SECURITY;
ALTER TABLE screenings FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON screenings
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is one instrument of a screening: every answer as given, and the result with the version
-- of the instrument and of the scoring that made it. Written once; goes away with the client.
CREATE TABLE responses (
  screening_id uuid NOT NULL REFERENCES screenings,
  instrument text NOT NULL,
  instrument_version text NOT NULL,
  site_id uuid NOT NULL,
  language text NOT NULL,
  mode text NOT NULL CHECK (mode IN ('self', 'interviewer', 'phone')),
  answered_at timestamptz NOT NULL,
  answers jsonb NOT NULL,
  scoring_version text NOT NULL,
  result jsonb NOT NULL,
  PRIMARY KEY (screening_id, instrument)
);
ALTER TABLE responses ENABLE ROW LEVEL SECURITY;
ALTER TABLE responses FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON responses
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a decision on the level of care: the ratings with their edition, the policy, and why.
-- Written once; goes away with the client.
CREATE TABLE determinations (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  screening_id uuid NOT NULL REFERENCES screenings,
  edition text NOT NULL,
  ratings jsonb NOT NULL,
  status text NOT NULL CHECK (status IN ('determined', 'needs_evaluation')),
  recommended_level text,
  dual_diagnosis boolean NOT NULL,
  criteria jsonb NOT NULL,
  policy_id text NOT NULL,
  policy_version text NOT NULL,
  determined_by text NOT NULL,
  determined_at timestamptz NOT NULL,
  CHECK ((status = 'determined') = (recommended_level IS NOT NULL))
);
CREATE INDEX determinations_of_client ON determinations (client_id, id);
ALTER TABLE determinations ENABLE ROW LEVEL SECURITY;
ALTER TABLE determinations FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON determinations
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a client's stay in the intensive outpatient program. Written at enrolment; its state
-- changes once. Goes away with the client.
CREATE TABLE enrolments (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  determination_id uuid NOT NULL REFERENCES determinations,
  level_of_care text NOT NULL,
  dual_diagnosis boolean NOT NULL,
  state text NOT NULL CHECK (state IN ('active', 'stepped_down')),
  enrolled_at timestamptz NOT NULL,
  ended_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  CHECK ((state = 'active') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX one_active_enrolment ON enrolments (client_id) WHERE state = 'active';
CREATE INDEX enrolments_of_client ON enrolments (client_id, id);
ALTER TABLE enrolments ENABLE ROW LEVEL SECURITY;
ALTER TABLE enrolments FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON enrolments
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE enrolments, determinations, responses, screenings, referrals, contacts, clients, sites;
