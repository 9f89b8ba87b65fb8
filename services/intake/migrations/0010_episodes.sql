-- migrate:up

-- A stay has all its states, why it ended or pauses, its first service, and the stay before it.
-- `held_at` is since when it is on hold. `needs` and `priority` are what was told with
-- ClientEnrolled. Rows from before were enrolled and active at once; their first service is not
-- known.
ALTER TABLE enrolments ADD COLUMN reason text;
ALTER TABLE enrolments ADD COLUMN held_at timestamptz;
ALTER TABLE enrolments ADD COLUMN note text;
ALTER TABLE enrolments ADD COLUMN teds_reason integer;
ALTER TABLE enrolments ADD COLUMN first_service_at timestamptz;
ALTER TABLE enrolments ADD COLUMN former_id uuid;
ALTER TABLE enrolments ADD COLUMN needs text[];
ALTER TABLE enrolments ADD COLUMN priority text[];
-- squawk-ignore ban-drop-constraint
ALTER TABLE enrolments DROP CONSTRAINT enrolments_state_check;
-- squawk-ignore ban-drop-constraint
ALTER TABLE enrolments DROP CONSTRAINT enrolments_check;
ALTER TABLE enrolments ADD CONSTRAINT enrolments_state_known CHECK (state IN (
  'enrolled', 'active', 'on_hold', 'stepped_down', 'stepped_up', 'completed',
  'left_against_advice', 'transferred', 'lost', 'died'
)) NOT VALID;
ALTER TABLE enrolments ADD CONSTRAINT enrolments_ended CHECK (
  (state IN ('enrolled', 'active', 'on_hold')) = (ended_at IS NULL)
) NOT VALID;

-- One open stay a client. In place of one_active_enrolment, which knew one open state only.
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX one_open_enrolment ON enrolments (client_id) WHERE ended_at IS NULL;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX one_active_enrolment;

-- migrate:down
-- Rows of all sites are brought back below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX one_open_enrolment;
-- squawk-ignore ban-drop-constraint
ALTER TABLE enrolments DROP CONSTRAINT enrolments_ended;
-- squawk-ignore ban-drop-constraint
ALTER TABLE enrolments DROP CONSTRAINT enrolments_state_known;
UPDATE enrolments SET state = 'active' WHERE ended_at IS NULL;
UPDATE enrolments SET state = 'stepped_down' WHERE ended_at IS NOT NULL;
ALTER TABLE enrolments ADD CONSTRAINT enrolments_state_check
  CHECK (state IN ('active', 'stepped_down')) NOT VALID;
ALTER TABLE enrolments ADD CONSTRAINT enrolments_check
  CHECK ((state = 'active') = (ended_at IS NULL)) NOT VALID;
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX one_active_enrolment ON enrolments (client_id) WHERE state = 'active';
-- squawk-ignore ban-drop-column
ALTER TABLE enrolments DROP COLUMN priority;
-- squawk-ignore ban-drop-column
ALTER TABLE enrolments DROP COLUMN needs;
-- squawk-ignore ban-drop-column
ALTER TABLE enrolments DROP COLUMN former_id;
-- squawk-ignore ban-drop-column
ALTER TABLE enrolments DROP COLUMN first_service_at;
-- squawk-ignore ban-drop-column
ALTER TABLE enrolments DROP COLUMN teds_reason;
-- squawk-ignore ban-drop-column
ALTER TABLE enrolments DROP COLUMN note;
-- squawk-ignore ban-drop-column
ALTER TABLE enrolments DROP COLUMN held_at;
-- squawk-ignore ban-drop-column
ALTER TABLE enrolments DROP COLUMN reason;
