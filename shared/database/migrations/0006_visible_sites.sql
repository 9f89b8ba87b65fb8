-- migrate:up

-- Whether a row of `site` is seen and written: the setting lists the sites by their ids as text, or is
-- a star. The list is searched as it is, as reading it for each row takes longer than reading the row.
CREATE OR REPLACE FUNCTION platform.visible(site uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE coalesce(current_setting('stepwell.sites', true), '')
  WHEN '*' THEN true
  ELSE strpos(current_setting('stepwell.sites', true), site::text) > 0
END;

-- The sites whose rows are seen, of a setting that lists them.
CREATE FUNCTION platform.visible_sites() RETURNS uuid []
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE coalesce(current_setting('stepwell.sites', true), '')
  WHEN '*' THEN '{}'
  ELSE string_to_array(current_setting('stepwell.sites', true), ',')::uuid []
END;

-- migrate:down
-- squawk-ignore ban-drop-function
DROP FUNCTION platform.visible_sites();
CREATE OR REPLACE FUNCTION platform.visible(site uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE coalesce(current_setting('stepwell.sites', true), '')
  WHEN '*' THEN true
  WHEN '' THEN false
  ELSE site = ANY (string_to_array(current_setting('stepwell.sites', true), ',')::uuid [])
END;
