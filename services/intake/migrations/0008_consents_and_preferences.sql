-- migrate:up

-- A row is the text of a form in one language as it was shown to those who signed it, so that it can
-- be shown again when the file of the form is gone. Written with the first consent of a site that
-- was signed with it; goes away with the last one.
CREATE TABLE consent_texts (
  site_id uuid NOT NULL,
  digest text NOT NULL,
  form text NOT NULL,
  form_version text NOT NULL,
  language text NOT NULL,
  shown jsonb NOT NULL,
  PRIMARY KEY (site_id, digest)
);
ALTER TABLE consent_texts ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent_texts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON consent_texts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is one signed consent: what was agreed to, whom it names, who signed, and how it ended.
-- Written when staff enter it; its state changes once, by staff, by the job that expires consents,
-- or by the end of a stay. Goes away with the client, and not before six years have passed.
-- `expires_at` is the end of the day `expires_on` at the site, in the zone that the site had when
-- the consent was entered. `single` marks the forms of which a client has one in force at most.
CREATE TABLE consents (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  form text NOT NULL,
  form_version text NOT NULL,
  language text NOT NULL,
  text_digest text NOT NULL,
  single boolean NOT NULL,
  details jsonb NOT NULL,
  signed_on date NOT NULL,
  expires_on date,
  expires_at timestamptz,
  expires_with text,
  state text NOT NULL CHECK (state IN ('granted', 'revoked', 'expired', 'superseded')),
  granted_at timestamptz NOT NULL,
  entered_by text NOT NULL,
  ended_at timestamptz,
  revocation jsonb,
  version integer NOT NULL DEFAULT 1,
  FOREIGN KEY (site_id, text_digest) REFERENCES consent_texts,
  CHECK ((state = 'granted') = (ended_at IS NULL)),
  CHECK ((state = 'revoked') = (revocation IS NOT NULL)),
  CHECK ((expires_on IS NULL) = (expires_at IS NULL)),
  CHECK (expires_on IS NULL OR expires_with IS NULL)
);
CREATE INDEX consents_of_client ON consents (client_id, id);
CREATE UNIQUE INDEX one_consent_in_force ON consents (client_id, form)
  WHERE state = 'granted' AND single;
CREATE INDEX consents_to_expire ON consents (expires_at, id)
  WHERE state = 'granted' AND expires_at IS NOT NULL;
ALTER TABLE consents ENABLE ROW LEVEL SECURITY;
ALTER TABLE consents FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON consents
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row says that an event came up to which consents were given, such as the final disposition of a
-- case. Written by staff; goes away with the client.
CREATE TABLE consent_events (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  event text NOT NULL,
  recorded_by text NOT NULL,
  recorded_at timestamptz NOT NULL
);
CREATE INDEX consent_events_of_client ON consent_events (client_id, id);
ALTER TABLE consent_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent_events FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON consent_events
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is when and how one client can take part. Written when it is stated for the first time,
-- changed by staff; goes away with the client.
CREATE TABLE preferences (
  client_id uuid PRIMARY KEY REFERENCES clients,
  site_id uuid NOT NULL,
  details jsonb NOT NULL,
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1
);
ALTER TABLE preferences ENABLE ROW LEVEL SECURITY;
ALTER TABLE preferences FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON preferences
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE preferences, consent_events, consents, consent_texts;
