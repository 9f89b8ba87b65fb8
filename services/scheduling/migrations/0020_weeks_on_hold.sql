-- migrate:up

-- Whether a hold that is over fell into the week. Written when the hold ends, as nothing else keeps
-- a hold that is over.
ALTER TABLE program_weeks ADD COLUMN was_held boolean NOT NULL DEFAULT false;

-- migrate:down
-- squawk-ignore ban-drop-column
ALTER TABLE program_weeks DROP COLUMN was_held;
