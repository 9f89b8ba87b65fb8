-- migrate:up

-- When the client answered, which may be long before the answers were entered. Rows from before
-- have none and count from `completed_at`.
ALTER TABLE scores ADD COLUMN answered_at timestamptz;

-- migrate:down

-- The linter reads the whole file; this part takes back what the part above made.
-- squawk-ignore ban-drop-column
ALTER TABLE scores DROP COLUMN answered_at;
