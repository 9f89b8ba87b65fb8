-- migrate:up

-- A row says that somebody saw or changed something of one client: who, in which role, by which
-- operation, when, and, where the glass was broken, why. Written in the transaction that read or
-- changed; append-only; a month's partition goes away when the retention of the records allows it.
CREATE TABLE platform.audit (
  id uuid NOT NULL,
  client_id uuid NOT NULL,
  site_id uuid,
  occurred_at timestamptz NOT NULL,
  subject text NOT NULL,
  role text NOT NULL,
  operation text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('read', 'change')),
  reason text,
  PRIMARY KEY (client_id, id, occurred_at)
) PARTITION BY RANGE (occurred_at);

-- Catches months that nobody prepared; stays empty while the worker runs.
CREATE TABLE platform.audit_default PARTITION OF platform.audit DEFAULT;

-- The first trigger refuses loudly what the policies below would let go through without a row; the
-- second is there in every partition too. So the owner cannot change a row by mistake either.
CREATE FUNCTION platform.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS
$$ BEGIN RAISE EXCEPTION '% is append-only', tg_table_name USING ERRCODE = '42501'; END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON platform.audit
  FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_change();
CREATE TRIGGER rows_append_only BEFORE UPDATE OR DELETE ON platform.audit
  FOR EACH ROW EXECUTE FUNCTION platform.refuse_change();

-- Everybody's access is noted, whatever they may see; only an auditor of the site reads the notes,
-- and those without a site only an auditor of all sites.
ALTER TABLE platform.audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.audit FORCE ROW LEVEL SECURITY;
CREATE POLICY noted ON platform.audit FOR INSERT WITH CHECK (true);
CREATE POLICY site ON platform.audit
  FOR SELECT USING (platform.visible(site_id));
-- Policies hold for whoever goes by the parent. By a partition's own name the application's role
-- sees and writes nothing, as there is no policy; the owner, who makes partitions, sees all.
ALTER TABLE platform.audit_default ENABLE ROW LEVEL SECURITY;

-- Whom a remembered answer is about, and at which sites: a repetition shows it again, which is a
-- read. Null in rows from before.
ALTER TABLE platform.idempotency_keys ADD COLUMN clients uuid [], ADD COLUMN sites uuid [];

-- Makes the partitions of the journal and of the audit for the month of `instant` and the two after
-- it. A month whose rows already lie in a default partition stays there. Runs as its owner, because
-- the application's role may not create tables. Takes the place of platform.prepare_journal, which
-- processes of the former version still call.
CREATE FUNCTION platform.prepare_months(instant timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, platform AS $$
DECLARE
  first_of_month timestamp := date_trunc('month', instant AT TIME ZONE 'UTC');
  parent text;
  lower_bound timestamptz;
  upper_bound timestamptz;
  partition_name text;
  strayed boolean;
  made integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('platform.prepare_months'));
  FOREACH parent IN ARRAY ARRAY['journal', 'audit'] LOOP
    FOR ahead IN 0..2 LOOP
      lower_bound := (first_of_month + make_interval(months => ahead)) AT TIME ZONE 'UTC';
      upper_bound := (first_of_month + make_interval(months => ahead + 1)) AT TIME ZONE 'UTC';
      partition_name := parent || to_char(lower_bound AT TIME ZONE 'UTC', '_YYYY_MM');
      CONTINUE WHEN to_regclass('platform.' || partition_name) IS NOT NULL;
      EXECUTE format(
        'SELECT EXISTS (SELECT FROM platform.%I WHERE occurred_at >= $1 AND occurred_at < $2)',
        parent || '_default'
      ) INTO strayed USING lower_bound, upper_bound;
      CONTINUE WHEN strayed;
      EXECUTE format(
        'CREATE TABLE platform.%I PARTITION OF platform.%I FOR VALUES FROM (%L) TO (%L)',
        partition_name, parent, lower_bound, upper_bound
      );
      IF parent = 'audit' THEN
        EXECUTE format('ALTER TABLE platform.%I ENABLE ROW LEVEL SECURITY', partition_name);
      END IF;
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END
$$;

-- migrate:down
-- squawk-ignore ban-drop-function
DROP FUNCTION platform.prepare_months(timestamptz);
DROP TABLE platform.audit;
-- squawk-ignore ban-drop-function
DROP FUNCTION platform.refuse_change();
ALTER TABLE platform.idempotency_keys
  -- squawk-ignore ban-drop-column
  DROP COLUMN clients,
  -- squawk-ignore ban-drop-column
  DROP COLUMN sites;
