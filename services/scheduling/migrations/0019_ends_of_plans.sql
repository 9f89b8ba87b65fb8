-- migrate:up

-- The last day of a weekly plan that was ended. It may lie beyond `materialized_until`: sessions are
-- then made up to that day, as the weeks before it come near.
ALTER TABLE curricula ADD COLUMN ends_on date;

-- migrate:down
-- squawk-ignore ban-drop-column
ALTER TABLE curricula DROP COLUMN ends_on;
