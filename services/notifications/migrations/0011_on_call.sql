-- migrate:up

-- Who is on call when, on the site's clock: told in place of who is on duty always.
ALTER TABLE escalation_contacts ADD COLUMN rota jsonb NOT NULL DEFAULT '[]';

-- migrate:down
-- squawk-ignore ban-drop-column
ALTER TABLE escalation_contacts DROP COLUMN rota;
