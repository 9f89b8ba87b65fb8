-- migrate:up

-- A row is a set of instruments that a client is to answer. Written when staff assign it; changed
-- with every save (version), by completion, withdrawal and the job that expires it. Goes away with
-- the client.
CREATE TABLE questionnaires (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  occasion text NOT NULL CHECK (occasion IN ('intake', 'follow_up')),
  language text NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'completed', 'expired', 'withdrawn')),
  assigned_by text NOT NULL,
  assigned_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  screening_id uuid REFERENCES screenings,
  version integer NOT NULL DEFAULT 1,
  CHECK ((state = 'open') = (ended_at IS NULL)),
  CHECK ((state = 'completed') = (screening_id IS NOT NULL))
);
CREATE INDEX questionnaires_of_client ON questionnaires (client_id, id);
CREATE INDEX questionnaires_to_expire ON questionnaires (expires_at, id) WHERE state = 'open';
ALTER TABLE questionnaires ENABLE ROW LEVEL SECURITY;
ALTER TABLE questionnaires FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON questionnaires
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is one instrument of a questionnaire with what was answered so far. Written when it is
-- assigned, changed with every save; answers are cleared by completion, as the screening keeps
-- them. Goes away with the client.
CREATE TABLE questionnaire_parts (
  questionnaire_id uuid NOT NULL REFERENCES questionnaires,
  instrument text NOT NULL,
  instrument_version text NOT NULL,
  site_id uuid NOT NULL,
  place integer NOT NULL,
  answers jsonb,
  mode text CHECK (mode IN ('self', 'interviewer', 'phone')),
  answered_at timestamptz,
  entered_by text,
  PRIMARY KEY (questionnaire_id, instrument)
);
ALTER TABLE questionnaire_parts ENABLE ROW LEVEL SECURITY;
ALTER TABLE questionnaire_parts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON questionnaire_parts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a one-time link to a questionnaire: SHA-256 of its secret, and of the secret of the
-- browser that opened it. Written when staff issue it, changed when it is opened or revoked. Goes
-- away with the client.
CREATE TABLE questionnaire_links (
  id uuid PRIMARY KEY,
  questionnaire_id uuid NOT NULL REFERENCES questionnaires,
  site_id uuid NOT NULL,
  secret_hash bytea NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
  session_hash bytea UNIQUE CHECK (length(session_hash) = 32),
  issued_by text NOT NULL,
  issued_at timestamptz NOT NULL,
  valid_until timestamptz NOT NULL,
  opened_at timestamptz,
  revoked_at timestamptz,
  CHECK ((opened_at IS NULL) = (session_hash IS NULL))
);
CREATE INDEX questionnaire_links_in_force
  ON questionnaire_links (questionnaire_id) WHERE revoked_at IS NULL;
ALTER TABLE questionnaire_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE questionnaire_links FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON questionnaire_links
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a site's own wording of one version of an instrument in one language, with what allows
-- the site to show it. Written and replaced by the site; goes away with the site.
CREATE TABLE wordings (
  site_id uuid NOT NULL,
  instrument text NOT NULL,
  instrument_version text NOT NULL,
  language text NOT NULL,
  wording jsonb NOT NULL,
  permission text NOT NULL,
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (site_id, instrument, instrument_version, language)
);
ALTER TABLE wordings ENABLE ROW LEVEL SECURITY;
ALTER TABLE wordings FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON wordings
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE wordings, questionnaire_links, questionnaire_parts, questionnaires;
