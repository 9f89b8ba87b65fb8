-- migrate:up

-- What every service database has beside its own tables: the sites a transaction may see, the
-- outbox and its journal, how far each consumer has come, what it had to lay aside, and the
-- answers already given to repeated requests.
CREATE SCHEMA platform;

-- True when the current transaction may see rows of `site`. `stepwell.sites` is set by
-- shared.database.transaction: `*` or a list of ids. Unset means that nothing is visible.
CREATE FUNCTION platform.visible(site uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE coalesce(current_setting('stepwell.sites', true), '')
  WHEN '*' THEN true
  WHEN '' THEN false
  ELSE site = ANY (string_to_array(current_setting('stepwell.sites', true), ',')::uuid[])
END;

-- A row is the head of one key's stream: the last number given. Written by publish in the
-- transaction that publishes; never deleted.
CREATE TABLE platform.streams (
  stream text NOT NULL,
  key text NOT NULL,
  sequence bigint NOT NULL,
  PRIMARY KEY (stream, key)
) WITH (fillfactor = 70);

-- A row is an event that is committed and not yet acknowledged by the broker. Written by publish,
-- deleted by the relay; so its size is what is under way, whatever the history.
CREATE TABLE platform.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream text NOT NULL,
  key text NOT NULL,
  sequence bigint NOT NULL,
  event_id text NOT NULL,
  type text NOT NULL,
  dataschema text NOT NULL,
  occurred_at timestamptz NOT NULL,
  traceparent text,
  payload bytea NOT NULL
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000
);

-- A row is an event as it was published. Written by publish; append-only; a month's partition goes
-- away when the retention of the service's records allows it.
CREATE TABLE platform.journal (
  stream text NOT NULL,
  key text NOT NULL,
  sequence bigint NOT NULL,
  event_id text NOT NULL,
  type text NOT NULL,
  dataschema text NOT NULL,
  occurred_at timestamptz NOT NULL,
  traceparent text,
  payload bytea NOT NULL,
  PRIMARY KEY (stream, key, sequence, occurred_at)
) PARTITION BY RANGE (occurred_at);

-- Catches months that nobody prepared; stays empty while the worker runs.
CREATE TABLE platform.journal_default PARTITION OF platform.journal DEFAULT;

-- Makes the journal's partitions for the month of `instant` and the two after it. A month whose
-- events already lie in the default partition stays there. Runs as its owner, because the
-- application's role may not create tables.
CREATE FUNCTION platform.prepare_journal(instant timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, platform AS $$
DECLARE
  first_of_month timestamp := date_trunc('month', instant AT TIME ZONE 'UTC');
  lower_bound timestamptz;
  upper_bound timestamptz;
  partition_name text;
  made integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('platform.prepare_journal'));
  FOR ahead IN 0..2 LOOP
    lower_bound := (first_of_month + make_interval(months => ahead)) AT TIME ZONE 'UTC';
    upper_bound := (first_of_month + make_interval(months => ahead + 1)) AT TIME ZONE 'UTC';
    partition_name := 'journal_' || to_char(lower_bound AT TIME ZONE 'UTC', 'YYYY_MM');
    CONTINUE WHEN to_regclass('platform.' || partition_name) IS NOT NULL;
    CONTINUE WHEN EXISTS (
      SELECT FROM platform.journal_default
      WHERE occurred_at >= lower_bound AND occurred_at < upper_bound
    );
    EXECUTE format(
      'CREATE TABLE platform.%I PARTITION OF platform.journal FOR VALUES FROM (%L) TO (%L)',
      partition_name, lower_bound, upper_bound
    );
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;

-- A row says how far one consumer has applied one key's stream. Written in the transaction that
-- applies the events; never deleted.
CREATE TABLE platform.positions (
  consumer text NOT NULL,
  stream text NOT NULL,
  key text NOT NULL,
  sequence bigint NOT NULL,
  PRIMARY KEY (consumer, stream, key)
) WITH (fillfactor = 70);

-- A row is a record that a consumer laid aside, in the order of its key's stream: the one that
-- failed, and those of the same key behind it. Written by the consumer; resolved by a retry or by
-- an operator who skips it; kept as a trace of what happened.
CREATE TABLE platform.dead_letters (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  consumer text NOT NULL,
  stream text NOT NULL,
  key text NOT NULL,
  sequence bigint,
  reason text NOT NULL
    CHECK (reason IN ('handler_failed', 'gap', 'undecodable', 'unsupported_version', 'behind')),
  detail text NOT NULL,
  partition integer NOT NULL,
  record_offset bigint NOT NULL,
  headers jsonb NOT NULL,
  payload bytea,
  failed_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 1,
  resolution text CHECK (resolution IN ('applied', 'skipped')),
  resolved_at timestamptz,
  resolved_by text,
  CHECK ((resolution IS NULL) = (resolved_at IS NULL))
);
CREATE UNIQUE INDEX dead_letters_event
  ON platform.dead_letters (consumer, stream, key, sequence) WHERE sequence IS NOT NULL;
CREATE UNIQUE INDEX dead_letters_record
  ON platform.dead_letters (consumer, stream, partition, record_offset) WHERE sequence IS NULL;
CREATE INDEX dead_letters_held
  ON platform.dead_letters (consumer, stream, key, sequence) WHERE resolution IS NULL;

-- A row is the answer given to a POST with an Idempotency-Key. Written in the transaction that
-- answered; old rows may be deleted once clients no longer repeat the request.
CREATE TABLE platform.idempotency_keys (
  subject text NOT NULL,
  key text NOT NULL,
  operation text NOT NULL,
  body_hash bytea NOT NULL,
  status integer NOT NULL,
  headers jsonb NOT NULL,
  body bytea NOT NULL,
  answered_at timestamptz NOT NULL,
  PRIMARY KEY (subject, key)
);

-- migrate:down
DROP SCHEMA platform CASCADE;
