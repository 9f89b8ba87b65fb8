-- migrate:up

-- A row says that two records were found to be one person: what was entered under `merged_id` counts
-- for `survivor_id` until `undone_at`. Ids only, so it belongs to no site. Written in intake by the
-- merge and its undo, elsewhere by the consumer of the events that tell of them; kept as long as the
-- records.
CREATE TABLE platform.merges (
  merge_id uuid PRIMARY KEY,
  survivor_id uuid NOT NULL,
  merged_id uuid NOT NULL,
  merged_at timestamptz NOT NULL,
  undone_at timestamptz,
  CHECK (survivor_id <> merged_id)
);
CREATE INDEX merges_of_survivor ON platform.merges (survivor_id) WHERE undone_at IS NULL;
CREATE INDEX merges_of_merged ON platform.merges (merged_id, merged_at, merge_id)
  WHERE undone_at IS NULL;

-- The record that goes on for the person that `client` is a record of: itself unless it was merged.
-- Merges of one record into two travel under different keys, so that an undo may be told after a
-- later merge: the later one counts. The cost keeps the planner from asking once for every row.
CREATE FUNCTION platform.survivor_of(client uuid) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE COST 1000
RETURN coalesce((
  SELECT m.survivor_id FROM platform.merges m
  WHERE m.merged_id = client AND m.undone_at IS NULL
  ORDER BY m.merged_at DESC, m.merge_id DESC LIMIT 1
), client);

-- All records of the person that `client` is a record of, the one that goes on first, the others as
-- they were merged. Every read by client goes through it: client_id = ANY (platform.records_of($1)).
CREATE FUNCTION platform.records_of(client uuid) RETURNS uuid []
LANGUAGE sql STABLE PARALLEL SAFE COST 1000
RETURN (
  SELECT s.id || ARRAY (
    SELECT m.merged_id FROM platform.merges m
    WHERE m.survivor_id = s.id AND m.undone_at IS NULL AND NOT EXISTS (
      SELECT FROM platform.merges n
      WHERE n.merged_id = m.merged_id AND n.undone_at IS NULL
        AND (n.merged_at, n.merge_id) > (m.merged_at, m.merge_id)
    )
    ORDER BY m.merged_at, m.merge_id
  )
  FROM platform.survivor_of(client) AS s (id)
);

-- migrate:down
-- squawk-ignore ban-drop-function
DROP FUNCTION platform.records_of(uuid);
-- squawk-ignore ban-drop-function
DROP FUNCTION platform.survivor_of(uuid);
DROP TABLE platform.merges;
