-- migrate:up

-- psql takes the word `begin` behind CREATE FUNCTION for the begin of a body in SQL, and waits for its
-- end: of a dump with a function of that name nothing that follows was put back, and what psql said was
-- about something else. Only `stepwell rebuild` calls it, which fails without harm where it is of
-- another version.
-- squawk-ignore renaming-object
ALTER FUNCTION rebuilding.begin(text []) RENAME TO prepare;

-- migrate:down

-- squawk-ignore renaming-object
ALTER FUNCTION rebuilding.prepare(text []) RENAME TO begin;
