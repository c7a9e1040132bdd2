-- Whose a row is, and since when it waits. Workers of the release before go on beside ours: they know neither, and count
-- as before. Columns without a default (no rewrite); building the index reads the outbox once, under a lock in which nobody
-- registers or orders.
alter table outbox
  -- Drawn by the worker before it asks: when the answer is lost on the way it asks again, and is not counted twice.
  add column claim_id uuid,
  -- What `starts` was before that claim.
  add column claim_deaths integer,
  -- When it was first due in this round: `due_at` of a row in the queue is the time of its next handover.
  add column ready_at timestamptz;
--> statement-breakpoint

-- What is due of one queue, while another one is full. outbox_due_at_idx is left to relays of the release before.
create index outbox_queue_due_at_idx on outbox (queue, due_at) where closed_at is null;
