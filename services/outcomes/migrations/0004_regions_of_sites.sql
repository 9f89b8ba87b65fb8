-- migrate:up

-- The region that a site belongs to, for figures by region; null where none is told.
ALTER TABLE sites ADD COLUMN region_id uuid;
COMMENT ON TABLE sites IS 'A row is a site, the IANA zone that its calendar goes by, and its region. '
  'Written by the consumers of SiteOpened and SiteChanged, and of attendance for sites that were '
  'opened before this table was there; never deleted.';

-- migrate:down
-- squawk-ignore ban-drop-column
ALTER TABLE sites DROP COLUMN region_id;
