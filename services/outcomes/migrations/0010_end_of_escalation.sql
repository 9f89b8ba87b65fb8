-- migrate:up

-- The step by which the present ladder of an escalation began: not 0 where a risk was found again
-- after the end of one. `next_step_at` of an open risk is null when its last step was told.
ALTER TABLE risks ADD COLUMN ladder_from integer NOT NULL DEFAULT 0;

-- migrate:down
-- squawk-ignore ban-drop-column
ALTER TABLE risks DROP COLUMN ladder_from;
