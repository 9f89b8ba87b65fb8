-- migrate:up

-- An escalation has an end: `escalate_at` is null when its last step was told. `ladder_from` is the
-- step by which the present ladder began; not 0 where the flag became more severe after the end of one.
-- The version before passes by what has none: it looks for times that are past.
-- squawk-ignore ban-drop-not-null
ALTER TABLE risk_flags ALTER COLUMN escalate_at DROP NOT NULL;
ALTER TABLE risk_flags ADD COLUMN ladder_from integer NOT NULL DEFAULT 0;

-- migrate:down
-- Flags whose escalation has ended go on with it from now on.
SET LOCAL stepwell.sites = '*';
UPDATE risk_flags SET escalate_at = acknowledge_by WHERE escalate_at IS NULL;
-- squawk-ignore adding-not-nullable-field
ALTER TABLE risk_flags ALTER COLUMN escalate_at SET NOT NULL;
-- squawk-ignore ban-drop-column
ALTER TABLE risk_flags DROP COLUMN ladder_from;
