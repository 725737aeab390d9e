-- What became of jobs (spec/http.md §3.21).

-- How many seconds after one run the next is due, as the server that runs the job says it. 0: no server has said it since then.
ALTER TABLE jobs ADD COLUMN every BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN last_started_at BIGINT;
ALTER TABLE jobs ADD COLUMN last_done_at BIGINT;
ALTER TABLE jobs ADD COLUMN last_failed_at BIGINT;
-- The code of the last failure; NULL once a run was done after it.
ALTER TABLE jobs ADD COLUMN last_error TEXT;
