-- migrate:up

-- A row is a committed event that the broker does not take, or one of the same key behind it: it
-- waits here, so that the events of other keys go on. Written by the relay; goes back to the outbox
-- when an operator has it sent again, or away when the operator passes over it.
CREATE TABLE platform.set_aside (
  stream text NOT NULL,
  key text NOT NULL,
  sequence bigint NOT NULL,
  event_id text NOT NULL,
  type text NOT NULL,
  dataschema text NOT NULL,
  occurred_at timestamptz NOT NULL,
  traceparent text,
  payload bytea NOT NULL,
  reason text NOT NULL CHECK (reason IN ('too_large', 'no_topic', 'behind')),
  set_aside_at timestamptz NOT NULL,
  PRIMARY KEY (stream, key, sequence)
);

-- migrate:down
-- squawk-ignore ban-drop-table
DROP TABLE platform.set_aside;
