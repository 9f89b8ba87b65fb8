-- migrate:up

-- A row says that a message on its way is not wanted any more, without waiting for whoever holds the
-- message: unless its channel has taken charge of it, it ends as cancelled. Written when a client is
-- not expected any more or an absence is corrected; goes away when the message's outcome is written,
-- or when it is planned after all.
CREATE TABLE withdrawals (
  notification_id uuid PRIMARY KEY,
  withdrawn_at timestamptz NOT NULL
);

-- migrate:down
DROP TABLE withdrawals;
