-- migrate:up

-- A row is a run that plans a week of sites: asked for by POST /plan-runs, taken by the job, which
-- says how far it is (`progress`, `alive_at`) and writes the draft with what it rests on (`basis`,
-- a hash of each thing); published by a person. A run whose process went away is taken again. Kept
-- as the record of who planned what.
CREATE TABLE plan_runs (
  id uuid PRIMARY KEY,
  region_id uuid REFERENCES regions,
  site_ids uuid[] NOT NULL CHECK (cardinality(site_ids) > 0),
  monday date NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'running', 'drafted', 'published', 'failed')),
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL,
  alive_at timestamptz,
  stop_asked_at timestamptz,
  finished_at timestamptz,
  published_by text,
  published_at timestamptz,
  progress jsonb NOT NULL DEFAULT '[]',
  seconds integer NOT NULL DEFAULT 0,
  draft jsonb,
  basis jsonb,
  version integer NOT NULL DEFAULT 1
);
CREATE INDEX plan_runs_open ON plan_runs (requested_at) WHERE state IN ('queued', 'running');
ALTER TABLE plan_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_runs FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON plan_runs
  USING (NOT EXISTS (SELECT FROM unnest(site_ids) AS s (id) WHERE NOT platform.visible(s.id)))
  WITH CHECK (NOT EXISTS (SELECT FROM unnest(site_ids) AS s (id) WHERE NOT platform.visible(s.id)));

-- migrate:down
DROP TABLE plan_runs;
