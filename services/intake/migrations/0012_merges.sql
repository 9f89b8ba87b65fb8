-- migrate:up

-- Merges from before are those by which every read goes from now on.
SELECT set_config('stepwell.sites', '*', true);
INSERT INTO platform.merges (merge_id, survivor_id, merged_id, merged_at, undone_at)
SELECT id, survivor_id, merged_id, merged_at, undone_at FROM client_merges
ON CONFLICT DO NOTHING;

-- migrate:down
DELETE FROM platform.merges;
