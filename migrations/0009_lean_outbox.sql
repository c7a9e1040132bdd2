-- A job writes its row four times (written, handed over, claimed, closed), and each time every index that the row is in,
-- unless no indexed column changes and its page has room. Each of these two indexes was written two or three times a job.
-- What they were for is now looked up in outbox_queue_due_at_idx: what is due, and what the queue has (it is due again
-- within 16 minutes). Dropping them waits for those who write to the outbox at this moment, and holds up nobody for longer.
-- Pods of the release before go on: they look the same up among the open rows, though not as fast.
drop index outbox_due_at_idx;
--> statement-breakpoint
drop index outbox_handed_over_idx;
--> statement-breakpoint
-- Room in each new page, so that a claim finds it beside its row and leaves all indexes alone.
alter table outbox set (fillfactor = 70);
