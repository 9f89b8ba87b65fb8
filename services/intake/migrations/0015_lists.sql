-- migrate:up

-- How a client stands in a list by name: the names folded and each written together, the family name
-- first. Written with the names; of clients from before, with their keys, by the job that makes
-- these anew. Empty until then.
ALTER TABLE clients ADD COLUMN listed_as text COLLATE "C" NOT NULL DEFAULT '';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX clients_by_name ON clients (site_id, listed_as, id);

-- The lists of referrals by state and of stays by site and state: each page is read from its index,
-- whatever was before.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX referrals_by_state ON referrals (site_id, state, id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX open_enrolments_of_site ON enrolments (site_id, id) WHERE ended_at IS NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX enrolments_by_state ON enrolments (site_id, state, id);

-- migrate:down
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX enrolments_by_state, open_enrolments_of_site, referrals_by_state, clients_by_name;
-- squawk-ignore ban-drop-column
ALTER TABLE clients DROP COLUMN listed_as;
