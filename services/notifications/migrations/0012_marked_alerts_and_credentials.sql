-- migrate:up

-- What is due is marked before it is decided about: an alert of a site that named nobody is `sending`
-- for as long as it takes to find that out.
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_about;
ALTER TABLE notifications ADD CONSTRAINT notifications_about CHECK (
  CASE kind WHEN 'staff_alert' THEN
    num_nulls(flag_id, step, severity) = 0 AND num_nonnulls(session_id, enrolment_id) = 0
    AND step >= 0 AND severity IN ('moderate', 'high')
    AND (address IS NOT NULL OR state IN ('planned', 'sending', 'cancelled')
      OR failure IS NOT DISTINCT FROM 'no_contacts')
  ELSE
    num_nulls(session_id, session_starts_at, site_time_zone) = 0
    AND num_nonnulls(flag_id, step, severity, address) = 0
  END
) NOT VALID;

-- A row is a credential of a person of the staff that expires soon, or did and was not renewed: the
-- digest counts them. Written by what scheduling tells; gone when it is renewed or the person left.
CREATE TABLE expiring_credentials (
  staff_id uuid NOT NULL,
  site_id uuid NOT NULL,
  credential text NOT NULL,
  expires_on date NOT NULL,
  PRIMARY KEY (staff_id, credential)
);
ALTER TABLE expiring_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE expiring_credentials FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON expiring_credentials
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE expiring_credentials;
SET LOCAL stepwell.sites = '*';
UPDATE notifications SET state = 'planned'
WHERE kind = 'staff_alert' AND address IS NULL AND state = 'sending';
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_about;
ALTER TABLE notifications ADD CONSTRAINT notifications_about CHECK (
  CASE kind WHEN 'staff_alert' THEN
    num_nulls(flag_id, step, severity) = 0 AND num_nonnulls(session_id, enrolment_id) = 0
    AND step >= 0 AND severity IN ('moderate', 'high')
    AND (address IS NOT NULL OR state IN ('planned', 'cancelled') OR failure IS NOT DISTINCT FROM 'no_contacts')
  ELSE
    num_nulls(session_id, session_starts_at, site_time_zone) = 0
    AND num_nonnulls(flag_id, step, severity, address) = 0
  END
) NOT VALID;
