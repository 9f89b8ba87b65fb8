-- migrate:up

-- As of attendance: measures of programs read the groups of all stays and the referrals of a year.
ALTER POLICY site ON program_cohorts USING (
  (SELECT current_setting('stepwell.sites', true) = '*')
  OR site_id = ANY ((SELECT platform.visible_sites())::uuid [])
);
ALTER POLICY site ON program_referrals USING (
  (SELECT current_setting('stepwell.sites', true) = '*')
  OR site_id = ANY ((SELECT platform.visible_sites())::uuid [])
);

-- migrate:down
ALTER POLICY site ON program_referrals USING (platform.visible(site_id));
ALTER POLICY site ON program_cohorts USING (platform.visible(site_id));
