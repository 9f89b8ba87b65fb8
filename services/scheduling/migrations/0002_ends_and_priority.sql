-- migrate:up

-- A stay can end in more ways than by a step-down, and priority populations wait in front.
-- squawk-ignore ban-drop-constraint
ALTER TABLE placements DROP CONSTRAINT placements_end_reason_check;
ALTER TABLE placements ADD CONSTRAINT placements_end_reason_known CHECK (end_reason IN (
  'stepped_down', 'stepped_up', 'completed', 'left_against_advice', 'transferred', 'lost', 'died'
)) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE waitlist DROP CONSTRAINT waitlist_outcome_check;
ALTER TABLE waitlist ADD CONSTRAINT waitlist_outcome_known CHECK (outcome IN (
  'placed', 'stepped_down', 'stepped_up', 'completed', 'left_against_advice', 'transferred', 'lost',
  'died'
)) NOT VALID;
ALTER TABLE waitlist ADD COLUMN priority integer NOT NULL DEFAULT 1000;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX waitlist_in_order ON waitlist (site_id, priority, place) WHERE left_at IS NULL;

-- migrate:down
-- Rows of all sites are brought back below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX waitlist_in_order;
-- squawk-ignore ban-drop-column
ALTER TABLE waitlist DROP COLUMN priority;
UPDATE waitlist SET outcome = 'stepped_down' WHERE outcome NOT IN ('placed', 'stepped_down');
UPDATE placements SET end_reason = 'stepped_down' WHERE end_reason <> 'stepped_down';
-- squawk-ignore ban-drop-constraint
ALTER TABLE waitlist DROP CONSTRAINT waitlist_outcome_known;
ALTER TABLE waitlist ADD CONSTRAINT waitlist_outcome_check
  CHECK (outcome IN ('placed', 'stepped_down')) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE placements DROP CONSTRAINT placements_end_reason_known;
ALTER TABLE placements ADD CONSTRAINT placements_end_reason_check
  CHECK (end_reason IN ('stepped_down')) NOT VALID;
