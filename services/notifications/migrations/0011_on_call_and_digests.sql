-- migrate:up

-- Who is on call when, on the site's clock: told in place of who is on duty always.
ALTER TABLE escalation_contacts ADD COLUMN rota jsonb NOT NULL DEFAULT '[]';

-- A row is the digest of a day for one reader: sent once a local day, however often the clock is
-- moved. Written by the job that sends it; kept as the record of who was told. `address` is a work
-- address; a digest holds counts of a region's sites and nothing of anybody.
CREATE TABLE digests (
  id uuid PRIMARY KEY,
  address text NOT NULL,
  region_id uuid,
  day date NOT NULL,
  next_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('planned', 'sent', 'refused', 'expired'))
);
CREATE INDEX digests_due ON digests (next_at) WHERE state = 'planned';

-- migrate:down
DROP TABLE digests;
-- squawk-ignore ban-drop-column
ALTER TABLE escalation_contacts DROP COLUMN rota;
