-- migrate:up

-- Every cohort is told when it is opened: nobody writes or reads `told` any more, and the release
-- after this one drops it.
ALTER TABLE cohorts ALTER COLUMN told SET DEFAULT true;

-- migrate:down
ALTER TABLE cohorts ALTER COLUMN told SET DEFAULT false;
