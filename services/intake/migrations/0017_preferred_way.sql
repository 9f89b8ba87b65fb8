-- migrate:up

-- The way by which a client wants to be reached first; null where the channel says it.
ALTER TABLE contacts ADD COLUMN preferred text CHECK (preferred IN ('email', 'sms', 'voice'));

-- migrate:down
-- squawk-ignore ban-drop-column
ALTER TABLE contacts DROP COLUMN preferred;
