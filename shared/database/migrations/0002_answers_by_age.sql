-- migrate:up

-- Answers are deleted by age. A BRIN index, as rows come in the order of time and it costs an
-- insert next to nothing; it is built in one quick pass, so writers wait for a moment only.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX idempotency_keys_age ON platform.idempotency_keys USING brin (answered_at);

-- migrate:down
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX platform.idempotency_keys_age;
