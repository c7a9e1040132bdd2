-- The outbox becomes the truth about each job's tries as well: how often it failed, when it comes again, who has it in
-- hand. Redis carries ids only, and may lose all of them. For whoever rolls it out:
-- * Workers of the release before go on beside ours and use queues of their own: their BullMQ jobs have another form. A row
--   is handed to either of them, and closed by whoever did it.
-- * Adds columns with constant defaults (no rewrite); the indexes are small, but building them reads the outbox once, under a
--   lock in which nobody registers or orders.
-- * Relays of the release before take rows of every job, leave those that they do not know, and put them off by a minute,
--   then two, and so on: stop the old workers first, and old API pods last. When they are gone:
--   update outbox set due_at = now(), handovers = 0 where closed_at is null and handed_over_at is null and attempts = 0;
-- * What the old workers left in Redis (keys PREFIX:mail:* and PREFIX:events:*) is of no use any more.

alter table outbox
  -- Which queue carries it: a relay hands over what a newer pod wrote, too.
  add column queue text not null default 'mail',
  -- Numbers the handovers that must not be taken for one another: grows with each failed try, each requeue, each giving
  -- back. Together with the id it is the job's name in the queue, which drops what it thinks it has already.
  add column round integer not null default 1,
  -- Null: the relay is to hand it over when it is due.
  add column handed_over_at timestamptz,
  -- In hand until then: a second delivery in that time is turned away.
  add column claimed_until timestamptz,
  -- Tries begun since the last one that came to an end: what is left here by a worker that died.
  add column starts integer not null default 0,
  -- Tries that failed, since the row was written or an operator sent it again.
  add column attempts integer not null default 0,
  -- Why the last one failed; a closed row's reason is `failure`.
  add column last_error text,
  -- No worker knew what to do with it: written by a newer pod in a roll-out. It comes again until one does.
  add column parked_at timestamptz,
  -- A dead letter that an operator has done with.
  add column discarded_at timestamptz,
  -- W3C traceparent of the request or job that caused it.
  add column traceparent text;
--> statement-breakpoint

-- Pods of the release before do not say which queue. There were two.
create function name_outbox_queue() returns trigger language plpgsql as $$
begin
  new.queue := 'events';
  return new;
end
$$;
--> statement-breakpoint
create trigger outbox_queue before insert on outbox
  for each row when (new.queue = 'mail' and new.name = 'publish-order-event')
  execute function name_outbox_queue();
--> statement-breakpoint
-- What is done needs no queue any more.
update outbox set queue = 'events'
where name = 'publish-order-event' and (closed_at is null or failure is not null);
--> statement-breakpoint

-- What is open, queue by queue, oldest first: ids sort by creation.
create index outbox_queue_id_idx on outbox (queue, id) where closed_at is null;
--> statement-breakpoint
-- Dead letters by when they failed, all of a queue or all of one of its jobs.
create index outbox_dead_queue_closed_at_idx on outbox (queue, closed_at, id)
  where failure is not null and discarded_at is null;
--> statement-breakpoint
create index outbox_dead_queue_name_closed_at_idx on outbox (queue, name, closed_at, id)
  where failure is not null and discarded_at is null;
--> statement-breakpoint
-- What a vanished queue had: all of it is due again.
create index outbox_handed_over_idx on outbox (id) where closed_at is null and handed_over_at is not null;
--> statement-breakpoint

-- How often the job comes round, as whoever ran it knew: what tells when it is due next. Null in runs of the release before.
alter table job_runs add column every_seconds integer;
