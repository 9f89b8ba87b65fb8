-- migrate:up

-- One legal name is enough: which of the two somebody does not have is null, never both. The linter
-- reads the whole file; the part below takes back what the part above made.
-- squawk-ignore-file ban-drop-not-null, ban-drop-constraint, adding-not-nullable-field
ALTER TABLE clients
  ALTER COLUMN given_name DROP NOT NULL,
  ALTER COLUMN family_name DROP NOT NULL;
ALTER TABLE identity_corrections
  ALTER COLUMN given_name DROP NOT NULL,
  ALTER COLUMN family_name DROP NOT NULL;

-- What a database that was down for a while kept in place of null. Rows of all sites; the setting
-- ends with the transaction.
SELECT set_config('stepwell.sites', '*', true);
UPDATE clients SET given_name = nullif(given_name, ''), family_name = nullif(family_name, '')
  WHERE given_name = '' OR family_name = '';
UPDATE identity_corrections
  SET given_name = nullif(given_name, ''), family_name = nullif(family_name, '')
  WHERE given_name = '' OR family_name = '';

ALTER TABLE clients ADD CONSTRAINT clients_have_a_name
  CHECK (given_name IS NOT NULL OR family_name IS NOT NULL) NOT VALID;
ALTER TABLE identity_corrections ADD CONSTRAINT identity_corrections_have_a_name
  CHECK (given_name IS NOT NULL OR family_name IS NOT NULL) NOT VALID;

-- migrate:down
-- Rows of all sites are brought back below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
ALTER TABLE clients DROP CONSTRAINT clients_have_a_name;
ALTER TABLE identity_corrections DROP CONSTRAINT identity_corrections_have_a_name;
UPDATE clients SET given_name = coalesce(given_name, ''), family_name = coalesce(family_name, '')
  WHERE given_name IS NULL OR family_name IS NULL;
UPDATE identity_corrections
  SET given_name = coalesce(given_name, ''), family_name = coalesce(family_name, '')
  WHERE given_name IS NULL OR family_name IS NULL;
ALTER TABLE clients
  ALTER COLUMN given_name SET NOT NULL,
  ALTER COLUMN family_name SET NOT NULL;
ALTER TABLE identity_corrections
  ALTER COLUMN given_name SET NOT NULL,
  ALTER COLUMN family_name SET NOT NULL;
