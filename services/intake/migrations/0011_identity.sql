-- migrate:up

-- `version` counts corrections of who the client is, merges, and merges undone.
ALTER TABLE clients ADD COLUMN version integer NOT NULL DEFAULT 1;

-- A row is what was known of a client's identity before a correction, so that nothing that was
-- decided or sent under it becomes incomprehensible. Written by PUT /clients/{id}/identity, never
-- changed; kept as long as the client.
CREATE TABLE identity_corrections (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  given_name text NOT NULL,
  family_name text NOT NULL,
  birth_date date NOT NULL,
  sex_at_birth text NOT NULL,
  reason text NOT NULL CHECK (reason IN ('entered_wrongly', 'changed')),
  corrected_by text NOT NULL,
  corrected_at timestamptz NOT NULL
);
CREATE INDEX identity_corrections_of_client ON identity_corrections (client_id, id);
ALTER TABLE identity_corrections ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity_corrections FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON identity_corrections
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE identity_corrections;
-- squawk-ignore ban-drop-column
ALTER TABLE clients DROP COLUMN version;
