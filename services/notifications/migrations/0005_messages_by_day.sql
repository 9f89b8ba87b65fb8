-- migrate:up

-- Rows of all sites are filled below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
-- A message belongs to the day at the site on which it is planned to go out; every filter of the
-- list of messages has an index in the list's order.
ALTER TABLE notifications ADD COLUMN due_on date;
UPDATE notifications SET due_on = (due_at AT TIME ZONE site_time_zone)::date;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX notifications_of_day ON notifications (site_id, due_on, id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX notifications_of_session ON notifications (session_id, id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX notifications_of_kind ON notifications (kind, id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX notifications_in_state ON notifications (state, id);

-- migrate:down
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX notifications_in_state;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX notifications_of_kind;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX notifications_of_session;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX notifications_of_day;
-- squawk-ignore ban-drop-column
ALTER TABLE notifications DROP COLUMN due_on;
