-- migrate:up

-- An accepted recommendation to step down that was told after the stay had ended otherwise.
ALTER TABLE enrolments ADD COLUMN late_step_down_id uuid;
ALTER TABLE enrolments ADD COLUMN late_step_down_at timestamptz;

-- A session of a stay that ended on the day of the next referral is none of that referral's. Rows
-- from before have no instant and go by the day.
ALTER TABLE attended_services ADD COLUMN starts_at timestamptz;

-- migrate:down

-- The linter reads the whole file; this part takes back what the part above made.
-- squawk-ignore-file ban-drop-column
ALTER TABLE attended_services DROP COLUMN starts_at;
ALTER TABLE enrolments DROP COLUMN late_step_down_at;
ALTER TABLE enrolments DROP COLUMN late_step_down_id;
