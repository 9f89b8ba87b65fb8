-- migrate:up

-- What a determination says beside the level, and whether it is signed. Evidence is the clinicians'
-- own words and never leaves this table.
ALTER TABLE determinations ADD COLUMN evidence jsonb NOT NULL DEFAULT '{}';
ALTER TABLE determinations ADD COLUMN explanation jsonb NOT NULL DEFAULT '{}';
ALTER TABLE determinations ADD COLUMN state text NOT NULL DEFAULT 'determined';
ALTER TABLE determinations ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE determinations ADD CONSTRAINT determination_state CHECK (
  state IN ('determined', 'awaiting_second_signature', 'signed', 'superseded')
) NOT VALID;

-- Of the decisions from before, the latest of each client is in force and the others are not.
SET LOCAL stepwell.sites = '*';
UPDATE determinations d SET state = 'superseded'
FROM (
  SELECT id, row_number() OVER (
    PARTITION BY client_id ORDER BY determined_at DESC, coalesce(entry, 0) DESC, id DESC
  ) AS place FROM determinations
) ranked
WHERE ranked.id = d.id AND ranked.place > 1;

-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX one_determination_in_force ON determinations (client_id)
WHERE state <> 'superseded';

-- A row is what was signed of a determination: the level agreed on, why it is another than the
-- recommended one, and by whom. Written by the first signer, completed by the second one where the
-- level is a lower one. Notes never leave this table. Goes away with the client.
CREATE TABLE level_of_care_signatures (
  determination_id uuid PRIMARY KEY REFERENCES determinations,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  final_level text NOT NULL,
  final_level_kind text NOT NULL,
  override_reason text,
  note text,
  signed_by text NOT NULL,
  signed_at timestamptz NOT NULL,
  second_note text,
  second_signed_by text CHECK (second_signed_by <> signed_by),
  second_signed_at timestamptz
);
ALTER TABLE level_of_care_signatures ENABLE ROW LEVEL SECURITY;
ALTER TABLE level_of_care_signatures FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON level_of_care_signatures
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a diagnosis as a clinician recorded it: an ICD-10-CM code and how it stands. Written
-- once; a later row of the same code says how it stands since then. Goes away with the client.
CREATE TABLE diagnoses (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  code text NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'in_remission', 'resolved', 'refuted')),
  psychotropic_medication boolean NOT NULL,
  recorded_by text NOT NULL,
  recorded_at timestamptz NOT NULL
);
CREATE INDEX diagnoses_of_client ON diagnoses (client_id, id);
ALTER TABLE diagnoses ENABLE ROW LEVEL SECURITY;
ALTER TABLE diagnoses FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON diagnoses
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is what is known of one client's co-occurring disorder: the latest outcome of each screen
-- that counts, how each diagnosis stands, the status, and what it asks of the program. Written with the first such screen or
-- diagnosis, changed by later ones and by clinicians. Goes away with the client.
CREATE TABLE dual_diagnoses (
  client_id uuid PRIMARY KEY REFERENCES clients,
  site_id uuid NOT NULL,
  screens jsonb NOT NULL,
  diagnoses jsonb NOT NULL,
  status text NOT NULL CHECK (status IN ('none', 'suspected', 'confirmed', 'ruled_out')),
  needs text[] NOT NULL,
  changed_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1
);
ALTER TABLE dual_diagnoses ENABLE ROW LEVEL SECURITY;
ALTER TABLE dual_diagnoses FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON dual_diagnoses
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is one change of a client's dual diagnosis: from evidence by the policy, or by a clinician
-- with a reason. Written once; goes away with the client.
CREATE TABLE dual_diagnosis_changes (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  status text NOT NULL CHECK (status IN ('suspected', 'confirmed', 'ruled_out')),
  needs text[] NOT NULL,
  found_in text[] NOT NULL,
  policy_id text NOT NULL,
  policy_version text NOT NULL,
  reason text,
  note text,
  decided_by text,
  changed_at timestamptz NOT NULL,
  CHECK ((decided_by IS NULL) = (reason IS NULL))
);
CREATE INDEX dual_diagnosis_changes_of_client ON dual_diagnosis_changes (client_id, id);
ALTER TABLE dual_diagnosis_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE dual_diagnosis_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON dual_diagnosis_changes
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down

DROP TABLE dual_diagnosis_changes, dual_diagnoses, diagnoses, level_of_care_signatures;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX one_determination_in_force;
-- The linter reads the whole file; this part takes back what the part above made.
-- squawk-ignore ban-drop-column
ALTER TABLE determinations DROP COLUMN version;
-- squawk-ignore ban-drop-column
ALTER TABLE determinations DROP COLUMN state;
-- squawk-ignore ban-drop-column
ALTER TABLE determinations DROP COLUMN explanation;
-- squawk-ignore ban-drop-column
ALTER TABLE determinations DROP COLUMN evidence;
