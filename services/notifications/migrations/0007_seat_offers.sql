-- migrate:up

-- Clients are told of a seat that is held for them: then `session_id` is the id of the offer, and
-- `session_starts_at` until when it stands.
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_known CHECK (kind IN (
  'session_reminder', 'missed_session_outreach', 'session_not_held', 'staff_alert', 'seat_offer'
)) NOT VALID;

-- migrate:down
-- Rows of all sites are brought back below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
DELETE FROM withdrawals w USING notifications n
WHERE n.id = w.notification_id AND n.kind = 'seat_offer';
DELETE FROM notifications WHERE kind = 'seat_offer';
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_known CHECK (kind IN (
  'session_reminder', 'missed_session_outreach', 'session_not_held', 'staff_alert'
)) NOT VALID;
