-- Where users want to be told what happens to what is theirs, and what became of the telling. New tables only, and one trigger
-- on users. Workers with WORKER_QUEUES need `webhooks` in it, or nothing is delivered.

create table webhook_endpoints (
  id uuid primary key,
  user_id uuid not null references users (id) on delete cascade,
  url text not null,
  description text not null,
  events text[] not null,
  enabled boolean not null default true,
  -- Why the service disabled it; null when its owner did, or nobody.
  disabled_reason text,
  -- Encrypted by the service: whoever reads the database cannot sign.
  secret text not null,
  -- Signs as well for a day after a rotation.
  previous_secret text,
  previous_secret_expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- Grows with each change that a client can see: the resource's ETag.
  version integer not null default 1,

  -- The circuit, which all workers share. Not part of the resource, so its version does not grow with it.
  consecutive_failures integer not null default 0,
  failing_since timestamptz,
  -- Nothing is sent before then.
  open_until timestamptz,

  constraint webhook_endpoints_disabled_check check (not enabled or disabled_reason is null),
  constraint webhook_endpoints_previous_check check (
    (previous_secret is null) or (previous_secret_expires_at is not null)
  )
);
--> statement-breakpoint
-- Serves "my endpoints, newest first", who wants to hear of an event, and the foreign key.
create index webhook_endpoints_user_id_id_idx on webhook_endpoints (user_id, id desc);
--> statement-breakpoint

-- One row an event that somebody wanted to hear of. Its id is the `webhook-id` of all its deliveries.
create table webhook_messages (
  id uuid primary key,
  user_id uuid not null references users (id) on delete cascade,
  -- What happened, as its own domain numbers it: an event that is published twice is one message.
  event_id text not null,
  type text not null,
  -- As it is sent, byte by byte: the signature is over these.
  body text not null,
  created_at timestamptz not null default now(),
  constraint webhook_messages_user_id_event_id_key unique (user_id, event_id)
);
--> statement-breakpoint

create table webhook_deliveries (
  id uuid primary key,
  message_id uuid not null references webhook_messages (id) on delete cascade,
  -- No foreign key: an endpoint goes at once, however much was sent to it, and this by its age. Nobody can see it in between.
  endpoint_id uuid not null,
  status text not null default 'pending' constraint webhook_deliveries_status_check
    check (status in ('pending', 'delivered', 'failed')),
  -- Grows with each redelivery: a job of an earlier round does nothing.
  round integer not null default 1,
  -- Tries of this round, and of all of them.
  tries integer not null default 0,
  attempts integer not null default 0,
  -- In a worker's hand until then, and in one of the endpoint's places.
  claimed_until timestamptz,
  -- About when the next try is due; null when there is none.
  next_attempt_at timestamptz default now(),
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  -- Why it ended as failed.
  failure text,
  constraint webhook_deliveries_message_id_endpoint_id_key unique (message_id, endpoint_id),
  constraint webhook_deliveries_ended_check check (
    (status = 'pending') = (ended_at is null) and (status = 'failed') = (failure is not null)
  )
);
--> statement-breakpoint
-- The log of an endpoint, newest first, all of it or by status.
create index webhook_deliveries_endpoint_id_id_idx on webhook_deliveries (endpoint_id, id desc);
--> statement-breakpoint
create index webhook_deliveries_endpoint_id_status_id_idx on webhook_deliveries (endpoint_id, status, id desc);
--> statement-breakpoint
-- Who is in hand at the moment.
create index webhook_deliveries_claimed_idx on webhook_deliveries (endpoint_id) where claimed_until is not null;
--> statement-breakpoint

-- One row a try: what the endpoint answered, or why there was no answer.
create table webhook_attempts (
  delivery_id uuid not null references webhook_deliveries (id) on delete cascade,
  number integer not null,
  -- Null: there was no answer.
  status smallint,
  -- Null: it was a success.
  error text,
  duration_ms integer not null,
  -- The first KB of the answer.
  answer text not null,
  created_at timestamptz not null default now(),
  primary key (delivery_id, number)
);
--> statement-breakpoint

-- A deleted account's endpoints go with it, in the same transaction, whoever deletes it. The users come before the webhooks
-- and do not know them.
create function delete_webhook_endpoints() returns trigger language plpgsql as $$
begin
  delete from webhook_endpoints where user_id = new.id;
  return null;
end
$$;
--> statement-breakpoint
create trigger users_delete_webhook_endpoints after update of deleted_at on users
  for each row when (old.deleted_at is null and new.deleted_at is not null)
  execute function delete_webhook_endpoints();
