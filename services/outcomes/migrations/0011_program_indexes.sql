-- migrate:up

-- Program measures read the days of services of many clients: all of it stands in this index, as far
-- as rows are old enough to be seen by everybody.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX program_attendance_attended ON program_attendance (client_id, starts_at)
  INCLUDE (enrolment_id, held_on, site_id) WHERE outcome = 'attended';

-- Sessions of a period are read from the part of the table that holds them: rows come by time.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX program_attendance_by_day ON program_attendance USING brin (held_on);

-- Stays of a period are those that had not ended before it, however long the history is.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX episodes_by_end ON episodes (ended_at);

-- migrate:down

-- squawk-ignore require-concurrent-index-deletion
DROP INDEX episodes_by_end, program_attendance_by_day, program_attendance_attended;
