-- migrate:up

-- A person is on leave once at a time.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE staff_leave ADD CONSTRAINT leave_apart
  EXCLUDE USING gist (staff_id WITH =, during WITH &&);

-- migrate:down
-- squawk-ignore ban-drop-constraint
ALTER TABLE staff_leave DROP CONSTRAINT leave_apart;
