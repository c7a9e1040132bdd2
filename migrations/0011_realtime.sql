-- What a user's open sockets are told, and what one that was away asks for when it is back. The numbers are the user's own,
-- from 1 and without a gap. They are given out under the lock of the stream's row, which is held until the commit: so a number
-- is seen only when all below it are, and "greater than the last one I have" misses nothing. A sequence would not do: it gives
-- out its numbers before the commit, and whoever reads in between passes over what commits later.
create table realtime_streams (
  user_id uuid primary key references users (id) on delete cascade,
  -- The number of the latest event.
  last_number bigint not null default 0
)
-- Two updates an event: with room in its page they leave the index alone.
with (fillfactor = 70);
--> statement-breakpoint
create table realtime_events (
  user_id uuid not null references realtime_streams (user_id) on delete cascade,
  number bigint not null,
  -- Names what happened: told of twice, it is one event.
  key text not null,
  type text not null,
  data jsonb not null,
  occurred_at timestamptz not null,
  created_at timestamptz not null default now(),
  primary key (user_id, number),
  constraint realtime_events_user_id_key_key unique (user_id, key)
);
--> statement-breakpoint
-- What is cleared away next.
create index realtime_events_created_at_idx on realtime_events (created_at);
