-- migrate:up

-- A row is a phase of a cohort that the client in a seat is through with. The phase of a week is the
-- one that had not ended by the end of the week. Written when the next phase begins; kept with the
-- seat.
CREATE TABLE phases_ended (
  placement_id uuid NOT NULL REFERENCES placements,
  ended_at timestamptz NOT NULL,
  site_id uuid NOT NULL,
  phase integer NOT NULL,
  PRIMARY KEY (placement_id, ended_at)
);
ALTER TABLE phases_ended ENABLE ROW LEVEL SECURITY;
ALTER TABLE phases_ended FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON phases_ended
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is the latest certification of a client, by which the stay that begins soon after it is
-- reckoned. Written by the consumer of ClientCertified; kept as long as the client's record.
CREATE TABLE certifications (
  client_id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  certified_on date NOT NULL,
  due_on date NOT NULL
);
ALTER TABLE certifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE certifications FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON certifications
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE certifications, phases_ended;
