-- migrate:up

-- Rows of all sites are brought forward below; the setting ends with the transaction.
SELECT set_config('stepwell.sites', '*', true);

-- A referral goes on from here: who referred and what they told, its state and why it ended, and
-- the days of its clock, each a date at the site. `source` stays the group of `referrer`.
ALTER TABLE referrals
  ADD COLUMN referrer text,
  ADD COLUMN details jsonb,
  ADD COLUMN state text NOT NULL DEFAULT 'received',
  ADD COLUMN reason text,
  ADD COLUMN changed_at timestamptz,
  ADD COLUMN ended_at timestamptz,
  ADD COLUMN version integer NOT NULL DEFAULT 1,
  ADD COLUMN received_on date,
  ADD COLUMN starts_on date,
  ADD COLUMN first_screened_on date,
  ADD COLUMN first_service_on date;

-- What is known of referrals from before: as far as their clients have come since.
UPDATE referrals AS r SET
  referrer = CASE r.source WHEN 'hospital' THEN 'inpatient' WHEN 'provider' THEN 'physician'
    ELSE r.source END,
  changed_at = r.received_at,
  received_on = (r.received_at AT TIME ZONE s.time_zone)::date,
  starts_on = (r.received_at AT TIME ZONE s.time_zone)::date,
  first_screened_on = (f.screened_at AT TIME ZONE s.time_zone)::date,
  ended_at = f.enrolled_at,
  state = CASE WHEN f.enrolled_at IS NOT NULL THEN 'accepted'
    WHEN f.determined THEN 'assessed'
    WHEN f.screened_at IS NOT NULL THEN 'screening'
    ELSE 'received' END
FROM sites s, clients c, LATERAL (
  SELECT
    (SELECT min(completed_at) FROM screenings
      WHERE client_id = c.id AND occasion = 'intake') AS screened_at,
    EXISTS (SELECT FROM determinations WHERE client_id = c.id) AS determined,
    (SELECT min(enrolled_at) FROM enrolments WHERE client_id = c.id) AS enrolled_at
) f
WHERE s.id = r.site_id AND c.id = r.client_id;

ALTER TABLE referrals ADD CONSTRAINT referrals_state CHECK (
  state IN ('received', 'contacted', 'screening', 'assessed',
    'accepted', 'redirected', 'declined', 'lost')
) NOT VALID;
ALTER TABLE referrals ADD CONSTRAINT referrals_end CHECK (
  (state IN ('accepted', 'redirected', 'declined', 'lost')) = (ended_at IS NOT NULL)
) NOT VALID;
ALTER TABLE referrals ADD CONSTRAINT referrals_reason CHECK (
  (state IN ('redirected', 'declined', 'lost')) = (reason IS NOT NULL)
) NOT VALID;

-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX one_open_referral ON referrals (client_id)
  WHERE ended_at IS NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX open_referrals_of_site ON referrals (site_id, id)
  WHERE ended_at IS NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX referrals_by_start ON referrals (starts_on, site_id);

-- A row is one try to reach a referred person. Written once by staff; goes away with the client.
CREATE TABLE contact_attempts (
  id uuid PRIMARY KEY,
  referral_id uuid NOT NULL REFERENCES referrals,
  client_id uuid NOT NULL REFERENCES clients,
  site_id uuid NOT NULL,
  channel text NOT NULL CHECK (channel IN ('voice', 'sms', 'email', 'letter', 'in_person')),
  outcome text NOT NULL
    CHECK (outcome IN ('reached', 'no_answer', 'left_message', 'wrong_number', 'refused')),
  attempted_at timestamptz NOT NULL,
  attempted_by text NOT NULL,
  note text CHECK (length(note) <= 500),
  recorded_at timestamptz NOT NULL
);
CREATE INDEX contact_attempts_of_referral ON contact_attempts (referral_id, id);
ALTER TABLE contact_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE contact_attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON contact_attempts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a session that a client attended, by its day at the site. Written by the consumer of
-- attendance, taken away by a correction; goes away with the client. No reference to clients:
-- attendance may be told before anything else of a client is known here.
CREATE TABLE attended_services (
  client_id uuid NOT NULL,
  session_id uuid NOT NULL,
  site_id uuid NOT NULL,
  attended_on date NOT NULL,
  PRIMARY KEY (client_id, session_id)
);
CREATE INDEX attended_services_by_day ON attended_services (client_id, attended_on);
ALTER TABLE attended_services ENABLE ROW LEVEL SECURITY;
ALTER TABLE attended_services FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON attended_services
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- The client that goes on for one that was found to be the same person, and the version of the
-- matching data by which the client's keys were made; 0 for keys that are still to be made.
ALTER TABLE clients
  ADD COLUMN merged_into uuid,
  ADD COLUMN keys_version integer NOT NULL DEFAULT 0;
ALTER TABLE clients
  ADD CONSTRAINT clients_merged_into FOREIGN KEY (merged_into) REFERENCES clients NOT VALID,
  ADD CONSTRAINT clients_merged_otherwise CHECK (merged_into <> id) NOT VALID;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX clients_merged ON clients (merged_into) WHERE merged_into IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX clients_by_keys_version ON clients (keys_version);

-- A row says that a client may be found by a key: a hash of the birth date, the phone number, or
-- of sounds of the name. Written with the client and when the phone number changes, made anew when
-- the matching data change; goes away with the client.
CREATE TABLE match_keys (
  client_id uuid NOT NULL REFERENCES clients ON DELETE CASCADE,
  key bigint NOT NULL,
  site_id uuid NOT NULL,
  PRIMARY KEY (client_id, key)
);
CREATE INDEX match_keys_by_key ON match_keys (key) INCLUDE (client_id, site_id);
ALTER TABLE match_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE match_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON match_keys
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a person's finding that two clients are one, at the site of the one that goes on, and
-- that it was a mistake where it was undone. Never deleted while one of the clients is there.
CREATE TABLE client_merges (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  survivor_id uuid NOT NULL REFERENCES clients,
  merged_id uuid NOT NULL REFERENCES clients,
  merged_site_id uuid NOT NULL,
  reason text NOT NULL CHECK (length(reason) <= 500),
  merged_by text NOT NULL,
  merged_at timestamptz NOT NULL,
  undone_because text CHECK (length(undone_because) <= 500),
  undone_by text,
  undone_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  CHECK (survivor_id <> merged_id),
  CHECK ((undone_at IS NULL) = (undone_by IS NULL))
);
CREATE UNIQUE INDEX one_merge_in_force ON client_merges (merged_id) WHERE undone_at IS NULL;
CREATE INDEX client_merges_of_survivor ON client_merges (survivor_id, id);
ALTER TABLE client_merges ENABLE ROW LEVEL SECURITY;
ALTER TABLE client_merges FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON client_merges
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row says that somebody looked at two clients and found two people; the lesser id comes first.
-- Written by staff, at the site of the first; goes away with either client.
CREATE TABLE distinct_clients (
  client_id uuid NOT NULL REFERENCES clients ON DELETE CASCADE,
  other_id uuid NOT NULL REFERENCES clients ON DELETE CASCADE,
  site_id uuid NOT NULL,
  id uuid NOT NULL,
  reason text CHECK (length(reason) <= 500),
  decided_by text NOT NULL,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (client_id, other_id),
  CHECK (client_id < other_id)
);
CREATE INDEX distinct_clients_of_other ON distinct_clients (other_id);
ALTER TABLE distinct_clients ENABLE ROW LEVEL SECURITY;
ALTER TABLE distinct_clients FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON distinct_clients
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down

-- The linter reads the whole file; this part takes back what the part above made.
-- squawk-ignore-file ban-drop-column
DROP TABLE distinct_clients, client_merges, match_keys, attended_services, contact_attempts;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX clients_by_keys_version, clients_merged, referrals_by_start, open_referrals_of_site,
  one_open_referral;
ALTER TABLE clients DROP COLUMN keys_version, DROP COLUMN merged_into;
ALTER TABLE referrals DROP COLUMN first_service_on, DROP COLUMN first_screened_on,
  DROP COLUMN starts_on, DROP COLUMN received_on, DROP COLUMN version, DROP COLUMN ended_at,
  DROP COLUMN changed_at, DROP COLUMN reason, DROP COLUMN state, DROP COLUMN details,
  DROP COLUMN referrer;
