-- migrate:up

-- A row is what the latest event said of one thing that a region's board counts: a stay, a wait,
-- a seat, an offer, a referral, a risk flag, a week of hours, a client's seat in a session. `sequence` is that
-- of the latest event of the client's stream, so that events told again, or late, change nothing.
-- Written by the consumers of the board; goes away with the client.
CREATE TABLE board_facts (
  kind text NOT NULL CHECK (
    kind IN ('stay', 'wait', 'seat', 'offer', 'referral', 'flag', 'hours', 'session')
  ),
  subject uuid NOT NULL,
  client_id uuid NOT NULL,
  part text NOT NULL DEFAULT '',
  site_id uuid NOT NULL,
  enrolment_id uuid,
  cohort_id uuid,
  state text NOT NULL,
  open boolean NOT NULL,
  since timestamptz,
  until timestamptz,
  sequence bigint NOT NULL,
  PRIMARY KEY (kind, subject, client_id, part)
) WITH (fillfactor = 90);
CREATE INDEX board_facts_open ON board_facts (site_id, kind, since)
  WHERE open AND kind <> 'session';
CREATE INDEX board_facts_sessions ON board_facts (site_id, since) WHERE kind = 'session';
ALTER TABLE board_facts ENABLE ROW LEVEL SECURITY;
ALTER TABLE board_facts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON board_facts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a cohort and the number of its seats, as scheduling told last. Written by the consumer of
-- CohortChanged; never deleted.
CREATE TABLE board_cohorts (
  cohort_id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  capacity integer NOT NULL,
  sequence bigint NOT NULL
);
CREATE INDEX board_cohorts_of_site ON board_cohorts (site_id);
ALTER TABLE board_cohorts ENABLE ROW LEVEL SECURITY;
ALTER TABLE board_cohorts FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON board_cohorts
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

CREATE SEQUENCE board_change;
-- A row is a site and the number of the latest change to its board; numbers rise in the order of
-- commits. Written with whatever changes the board; never deleted.
CREATE TABLE board_changes (
  site_id uuid PRIMARY KEY,
  change bigint NOT NULL
) WITH (fillfactor = 50);
ALTER TABLE board_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE board_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON board_changes
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- Where `stepwell rebuild outcomes` makes tables anew beside the live ones. It holds them until they
-- take the place of the live ones, or until the next rebuild.
CREATE SCHEMA rebuilding;

-- Makes an empty table for each of `tables`, with its columns, checks, keys and row-level security;
-- other indexes follow by `finish`, as filling is faster without. Runs as its owner, like all three,
-- because the application's role may not make tables.
CREATE FUNCTION rebuilding.begin(tables text []) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  name text;
  made record;
BEGIN
  FOREACH name IN ARRAY tables LOOP
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass('public.' || name)
               AND NOT tgisinternal) THEN
      RAISE EXCEPTION '% has a trigger, which a rebuilt table would not have', name;
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS rebuilding.%I', name);
    EXECUTE format(
      'CREATE TABLE rebuilding.%1$I (LIKE public.%1$I INCLUDING ALL EXCLUDING INDEXES)', name
    );
    FOR made IN
      SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
      WHERE conrelid = to_regclass('public.' || name) AND contype IN ('p', 'u')
    LOOP
      EXECUTE format('ALTER TABLE rebuilding.%I ADD CONSTRAINT %I %s',
                     name, made.conname, made.definition);
    END LOOP;
    EXECUTE format('ALTER TABLE rebuilding.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE rebuilding.%I FORCE ROW LEVEL SECURITY', name);
    FOR made IN
      SELECT polname, pg_get_expr(polqual, polrelid) AS reads,
        pg_get_expr(polwithcheck, polrelid) AS writes
      FROM pg_policy WHERE polrelid = to_regclass('public.' || name) AND polcmd = '*'
    LOOP
      EXECUTE format('CREATE POLICY %I ON rebuilding.%I USING (%s) WITH CHECK (%s)',
                     made.polname, name, made.reads, made.writes);
    END LOOP;
    SELECT array_to_string(reloptions, ', ') AS options INTO made
    FROM pg_class WHERE oid = to_regclass('public.' || name);
    IF made.options IS NOT NULL THEN
      EXECUTE format('ALTER TABLE rebuilding.%I SET (%s)', name, made.options);
    END IF;
  END LOOP;
END
$$;

-- Gives the filled tables the indexes that the live ones have, and statistics.
CREATE FUNCTION rebuilding.finish(tables text []) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  name text;
  made record;
BEGIN
  FOREACH name IN ARRAY tables LOOP
    FOR made IN
      SELECT pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i
      WHERE i.indrelid = to_regclass('public.' || name) AND NOT EXISTS (
        SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
      )
    LOOP
      EXECUTE replace(made.definition, ' ON public.', ' ON rebuilding.');
    END LOOP;
    EXECUTE format('ANALYZE rebuilding.%I', name);
  END LOOP;
END
$$;

-- Puts the rebuilt tables in the place of the live ones, which go away; references between tables
-- are checked again, so that nothing is left that points nowhere.
CREATE FUNCTION rebuilding.swap(tables text []) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  name text;
  links text [];
  link text;
  made record;
BEGIN
  FOREACH name IN ARRAY tables LOOP
    EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', name);
  END LOOP;
  FOR made IN
    SELECT conrelid::regclass::text AS name, conname, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint
    WHERE contype = 'f' AND (
      confrelid IN (SELECT to_regclass('public.' || t) FROM unnest(tables) AS t)
      OR conrelid IN (SELECT to_regclass('public.' || t) FROM unnest(tables) AS t)
    )
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', made.name, made.conname);
    links := links || format('ALTER TABLE %s ADD CONSTRAINT %I %s',
                             made.name, made.conname, made.definition);
  END LOOP;
  FOREACH name IN ARRAY tables LOOP
    EXECUTE format('DROP TABLE public.%I', name);
    EXECUTE format('ALTER TABLE rebuilding.%I SET SCHEMA public', name);
  END LOOP;
  FOREACH link IN ARRAY coalesce(links, '{}') LOOP
    EXECUTE link;
  END LOOP;
END
$$;

-- migrate:down
-- squawk-ignore ban-drop-schema
DROP SCHEMA rebuilding CASCADE;
DROP TABLE board_changes;
-- squawk-ignore ban-drop-sequence
DROP SEQUENCE board_change;
DROP TABLE board_cohorts, board_facts;
