-- Since when a scheduled job has not succeeded: workers tell whenever their metrics are read. A job that fails all the time leaves
-- any number of runs behind its last success, which nobody is to read each time. The table is small: building it takes a moment.
create index job_runs_success_idx on job_runs (name, finished_at) where finished_at is not null and failure is null;
