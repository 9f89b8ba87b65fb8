-- migrate:up

-- A decision admits once. Enrolling sees to it by itself; this holds whoever writes. It stops where
-- a decision has admitted twice: somebody has to say which of the two stays is meant.
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX one_enrolment_a_decision ON enrolments (determination_id);

-- migrate:down

-- squawk-ignore require-concurrent-index-deletion
DROP INDEX one_enrolment_a_decision;
