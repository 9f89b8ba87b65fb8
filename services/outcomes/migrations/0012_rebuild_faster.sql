-- migrate:up

-- As in 0009, but that a table is filled without what serves readers or a restart only: `finish` gives
-- it row-level security, and makes it survive a crash, before it may take a live one's place.
CREATE OR REPLACE FUNCTION rebuilding.begin(tables text []) RETURNS void
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
      'CREATE UNLOGGED TABLE rebuilding.%1$I (LIKE public.%1$I INCLUDING ALL EXCLUDING INDEXES)',
      name
    );
    SELECT array_to_string(reloptions || 'autovacuum_enabled=off'::text, ', ') AS options INTO made
    FROM pg_class WHERE oid = to_regclass('public.' || name);
    EXECUTE format('ALTER TABLE rebuilding.%I SET (%s)', name, made.options);
    FOR made IN
      SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
      WHERE conrelid = to_regclass('public.' || name) AND contype IN ('p', 'u')
    LOOP
      EXECUTE format('ALTER TABLE rebuilding.%I ADD CONSTRAINT %I %s',
                     name, made.conname, made.definition);
    END LOOP;
  END LOOP;
END
$$;

-- Gives the filled tables all that the live ones have, and statistics.
CREATE OR REPLACE FUNCTION rebuilding.finish(tables text []) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  name text;
  made record;
BEGIN
  FOREACH name IN ARRAY tables LOOP
    EXECUTE format('ALTER TABLE rebuilding.%I SET LOGGED, RESET (autovacuum_enabled)', name);
    FOR made IN
      SELECT pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i
      WHERE i.indrelid = to_regclass('public.' || name) AND NOT EXISTS (
        SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
      )
    LOOP
      EXECUTE replace(made.definition, ' ON public.', ' ON rebuilding.');
    END LOOP;
    EXECUTE format('ANALYZE rebuilding.%I', name);
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
  END LOOP;
END
$$;

-- migrate:down

-- Makes an empty table for each of `tables`, with its columns, checks, keys and row-level security;
-- other indexes follow by `finish`, as filling is faster without. Runs as its owner, like all three,
-- because the application's role may not make tables.
CREATE OR REPLACE FUNCTION rebuilding.begin(tables text []) RETURNS void
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
CREATE OR REPLACE FUNCTION rebuilding.finish(tables text []) RETURNS void
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
