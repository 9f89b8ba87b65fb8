-- migrate:up

-- A row is a stay that is on hold. Written by the consumer of EpisodeStateChanged, which deletes it
-- when the stay goes on or ends.
CREATE TABLE holds (
  enrolment_id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  began_at timestamptz NOT NULL
);
ALTER TABLE holds ENABLE ROW LEVEL SECURITY;
ALTER TABLE holds FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON holds
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- Whether the stay is on hold when the session begins: then a miss of it counts nowhere.
ALTER TABLE appointments ADD COLUMN on_hold boolean NOT NULL DEFAULT false;

-- migrate:down
-- squawk-ignore ban-drop-column
ALTER TABLE appointments DROP COLUMN on_hold;
DROP TABLE holds;
