-- migrate:up

-- Whether subscribers were told how many seats the cohort has. Those from before were not, until the
-- job of the capability tells of them once.
ALTER TABLE cohorts ADD COLUMN told boolean NOT NULL DEFAULT false;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX cohorts_untold ON cohorts (site_id, id) WHERE NOT told;

-- migrate:down
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX cohorts_untold;
-- squawk-ignore ban-drop-column
ALTER TABLE cohorts DROP COLUMN told;
