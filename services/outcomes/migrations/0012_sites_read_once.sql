-- migrate:up

-- As platform.visible does, but that the sites are read once for a query: measures of programs read the
-- attendance and the scores of a year.
ALTER POLICY site ON program_attendance USING (
  (SELECT current_setting('stepwell.sites', true) = '*')
  OR site_id = ANY ((SELECT platform.visible_sites())::uuid [])
);
ALTER POLICY site ON scores USING (
  (SELECT current_setting('stepwell.sites', true) = '*')
  OR site_id = ANY ((SELECT platform.visible_sites())::uuid [])
);

-- migrate:down
ALTER POLICY site ON scores USING (platform.visible(site_id));
ALTER POLICY site ON program_attendance USING (platform.visible(site_id));
