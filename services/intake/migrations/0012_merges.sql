-- migrate:up

-- Merges from before are those by which every read goes from now on.
SELECT set_config('stepwell.sites', '*', true);
INSERT INTO platform.merges (merge_id, survivor_id, merged_id, merged_at, undone_at)
SELECT id, survivor_id, merged_id, merged_at, undone_at FROM client_merges
ON CONFLICT DO NOTHING;

-- Consents as they hold for a person. Of a form of which a client has one in force at most, one
-- record's gives way to another's that was signed later, and to another's that was revoked since: as
-- they would if all had been entered for one client.
CREATE VIEW consents_of_persons WITH (security_invoker = true) AS
SELECT c.id, c.client_id, c.site_id, c.form, c.form_version, c.language, c.text_digest, c.single,
  c.details, c.signed_on, c.expires_on, c.expires_at, c.expires_with,
  CASE WHEN later.at IS NULL THEN c.state ELSE 'superseded' END AS state,
  c.granted_at, c.entered_by, coalesce(later.at, c.ended_at) AS ended_at, c.revocation,
  c.version + (later.at IS NOT NULL)::integer AS version
FROM consents c
LEFT JOIN LATERAL (
  SELECT min(greatest(c.granted_at, CASE
    WHEN (o.signed_on, o.granted_at, o.id) > (c.signed_on, c.granted_at, c.id) THEN o.granted_at
    ELSE o.ended_at
  END)) AS at
  FROM consents o
  WHERE c.single AND c.state = 'granted'
    AND o.client_id = ANY (platform.records_of(c.client_id)) AND o.client_id <> c.client_id
    AND o.form = c.form AND (c.expires_at IS NULL OR o.granted_at < c.expires_at)
    AND ((o.signed_on, o.granted_at, o.id) > (c.signed_on, c.granted_at, c.id)
      OR (o.state = 'revoked' AND o.ended_at >= c.granted_at))
) AS later ON true;

-- Level-of-care decisions as they hold for a person: the last one of all records is in force.
CREATE VIEW determinations_of_persons WITH (security_invoker = true) AS
SELECT d.id, d.client_id, d.site_id, d.screening_id, d.edition, d.ratings, d.evidence, d.status,
  d.recommended_level, d.dual_diagnosis, d.criteria, d.explanation, d.policy_id, d.policy_version,
  d.determined_by, d.determined_at, d.entry,
  CASE WHEN later.found THEN 'superseded' ELSE d.state END AS state,
  d.version + later.found::integer AS version
FROM determinations d
CROSS JOIN LATERAL (
  SELECT d.state <> 'superseded' AND EXISTS (
    SELECT FROM determinations o
    WHERE o.client_id = ANY (platform.records_of(d.client_id)) AND o.client_id <> d.client_id
      AND (o.determined_at, coalesce(o.entry, 0), o.id)
        > (d.determined_at, coalesce(d.entry, 0), d.id)
  ) AS found
) AS later;

-- The referral that goes on with what is done for a client: the own one before one that was entered
-- for another record of the same person.
CREATE FUNCTION open_referral_of(client uuid) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE COST 1000
AS $$
  SELECT r.id FROM referrals r
  WHERE r.client_id = ANY (platform.records_of(client)) AND r.ended_at IS NULL
  ORDER BY r.client_id = client DESC, r.received_at DESC, r.id DESC LIMIT 1
$$;

-- False where another record of the same person has the row of that day.
ALTER TABLE service_days ADD COLUMN counts boolean NOT NULL DEFAULT true;

-- migrate:down
-- squawk-ignore ban-drop-column
ALTER TABLE service_days DROP COLUMN counts;
-- squawk-ignore ban-drop-function
DROP FUNCTION open_referral_of(uuid);
-- squawk-ignore ban-drop-view
DROP VIEW determinations_of_persons;
-- squawk-ignore ban-drop-view
DROP VIEW consents_of_persons;
DELETE FROM platform.merges;
