-- Products that can be searched, changed and withdrawn; orders with a history; keys that make a repeated request
-- one; a record of what ran on a schedule. For whoever rolls it out:
-- * One transaction, in which products and orders are locked against everything: each product is written anew for
--   `search`, each order gets its first event, eight indexes are made. Some seconds for twenty thousand products and a
--   hundred thousand orders; with much more, do it in a quiet hour.
-- * Pods of the release before go on beside ours. Until the last of them is gone they sell withdrawn products, place
--   orders whose history lacks its first event, and do not know Idempotency-Key.
-- * Workers with WORKER_QUEUES need `events` in it, or nobody is told what becomes of an order.
-- * Whatever waits in `placed` for more than ORDER_TTL_MINUTES expires a minute later, and its buyer gets a mail. So far an
--   order could only be placed: begin with ORDER_TTL_MINUTES=525600, and move on the orders that were really sent.

alter table products
  -- Grows with each change, of the stock as well: the resource's ETag.
  add column version integer not null default 1,
  -- Soft: past orders name the product, and their cancellation gives its stock back.
  add column deleted_at timestamptz,
  -- Kept and not only indexed: a plan that walks a sort index would compute it anew for each row it passes.
  add column search tsvector not null generated always as (
    setweight(to_tsvector('english', name), 'A') || setweight(to_tsvector('english', description), 'B')
  ) stored;
--> statement-breakpoint
-- A withdrawn product's sku is free again.
alter table products drop constraint products_sku_key;
--> statement-breakpoint
create unique index products_sku_key on products (sku) where deleted_at is null;
--> statement-breakpoint
create index products_search_idx on products using gin (search) where deleted_at is null;
--> statement-breakpoint
-- One for each sort, read in both directions; the id makes the order of equals the same on each page.
create index products_id_idx on products (id) where deleted_at is null;
--> statement-breakpoint
create index products_price_id_idx on products (price_amount, id) where deleted_at is null;
--> statement-breakpoint
-- "C": the same order on every system, whatever its locales. Letters with accents come after z.
create index products_name_id_idx on products (lower(name) collate "C", id) where deleted_at is null;
--> statement-breakpoint

-- Whoever writes: a pod of the release before, or an operator in psql. A tag that outlived a change would let somebody
-- undo it with If-Match.
create function bump_product_version() returns trigger language plpgsql as $$
begin
  new.version := old.version + 1;
  return new;
end
$$;
--> statement-breakpoint
create trigger products_version before update on products
  for each row when (new.version = old.version)
  execute function bump_product_version();
--> statement-breakpoint

alter table orders
  -- Grows with each transition: the resource's ETag, and the number of the event that made it.
  add column version integer not null default 1;
--> statement-breakpoint
-- Lists by status: an admin's of, say, what is to be shipped, and one's own. Each page begins where the index says, however
-- many orders in other states are newer.
create index orders_status_id_idx on orders (status, id);
--> statement-breakpoint
create index orders_user_id_status_id_idx on orders (user_id, status, id);
--> statement-breakpoint
-- What expires next.
create index orders_placed_created_at_idx on orders (created_at) where status = 'placed';
--> statement-breakpoint

-- The history of each order, one row a transition. The order's version numbers them: there is no gap, no second event
-- for one transition, and no clock that could put them in another order.
create table order_events (
  order_id uuid not null references orders (id) on delete cascade,
  version integer not null,
  -- Null: the service itself, when an order expires. No foreign key: an event outlives who caused it.
  actor_id uuid,
  -- Null: the order was placed.
  from_status text,
  to_status text not null,
  created_at timestamptz not null default now(),
  primary key (order_id, version)
);
--> statement-breakpoint
-- Until now an order could only be placed.
insert into order_events (order_id, version, actor_id, from_status, to_status, created_at)
select id, 1, user_id, null, 'placed', created_at from orders where status = 'placed';
--> statement-breakpoint

-- The answers to requests with an Idempotency-Key, written in the transaction of what they did.
create table idempotency_keys (
  user_id uuid not null references users (id) on delete cascade,
  -- Method and template, e.g. `POST /v1/orders`.
  route text not null,
  key text not null,
  -- SHA-256 of what was asked for: the same key with another body is a mistake.
  fingerprint bytea not null,
  status smallint not null,
  headers jsonb not null,
  -- As it was sent, byte by byte.
  body text not null,
  created_at timestamptz not null default now(),
  primary key (user_id, route, key)
);
--> statement-breakpoint
create index idempotency_keys_created_at_idx on idempotency_keys (created_at);
--> statement-breakpoint

-- What ran on a schedule: when, by whom, how long, how many rows. A run without an end that has a successor was taken
-- over: its pod was frozen or died.
create table job_runs (
  name text not null,
  -- The fencing token that it ran under.
  token bigint not null,
  holder text not null,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  rows integer not null default 0,
  failure text,
  primary key (name, token)
);
--> statement-breakpoint
create index job_runs_name_started_at_idx on job_runs (name, started_at);
--> statement-breakpoint
create index job_runs_started_at_idx on job_runs (started_at);
