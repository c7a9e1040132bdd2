-- Ids are UUIDv7 made by the service: they sort by creation, so "newest first" is the primary key read
-- backwards, and a row has its id before it is written (the outbox and the log can name it).
-- Statuses and roles are text with a check, not enum types: an enum value cannot be removed, and adding
-- one cannot run in the same transaction as its first use.

create table users (
  id uuid primary key,
  -- Kept in lower case by the service; the check makes "the same address in another case" impossible.
  -- citext was the alternative: an extension that managed databases do not always allow.
  email text not null constraint users_email_lower_check check (email = lower(email)),
  name text not null,
  password_hash text not null,
  role text not null default 'user' constraint users_role_check check (role in ('user', 'admin')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint users_email_key unique (email)
);
--> statement-breakpoint

-- One row a log-in. Only the hash of the refresh token is kept: whoever reads this table cannot log in.
create table sessions (
  id uuid primary key,
  user_id uuid not null references users (id) on delete cascade,
  refresh_token_hash bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint sessions_refresh_token_hash_key unique (refresh_token_hash)
);
--> statement-breakpoint
create index sessions_user_id_idx on sessions (user_id);
--> statement-breakpoint

create table products (
  id uuid primary key,
  sku text not null,
  name text not null,
  description text not null,
  -- Minor units of the currency (cents); the service allows at most 10^9, far below the type's limit.
  price_amount integer not null constraint products_price_amount_check check (price_amount >= 0),
  price_currency char(3) not null constraint products_price_currency_check check (price_currency ~ '^[A-Z]{3}$'),
  -- The last line of defence against overselling: no bug above can make this negative.
  stock integer not null constraint products_stock_check check (stock >= 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint products_sku_key unique (sku)
);
--> statement-breakpoint

create table orders (
  id uuid primary key,
  user_id uuid not null references users (id),
  status text not null constraint orders_status_check
    check (status in ('placed', 'confirmed', 'shipped', 'delivered', 'cancelled', 'expired')),
  total_amount bigint not null constraint orders_total_amount_check check (total_amount >= 0),
  currency char(3) not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
--> statement-breakpoint
-- Serves "my orders, newest first" with its cursor; the admin's list of all orders reads the primary key.
create index orders_user_id_id_idx on orders (user_id, id desc);
--> statement-breakpoint

-- sku, name and price are copied at the time of the order: a later change of the product must not
-- rewrite what somebody bought.
create table order_items (
  order_id uuid not null references orders (id) on delete cascade,
  position smallint not null,
  product_id uuid not null references products (id),
  sku text not null,
  name text not null,
  unit_price_amount integer not null,
  quantity integer not null constraint order_items_quantity_check check (quantity > 0),
  primary key (order_id, position)
);
--> statement-breakpoint

-- Work that a write caused, written in the transaction of that write. A row is open until its effect is
-- done; the relay hands every open row whose time has come to the queue, and again if it stays open.
create table outbox (
  id uuid primary key,
  name text not null,
  version smallint not null,
  -- What makes the effect unique: the same job for the same key is written once.
  key text not null,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  -- When the relay is to hand it over (next); moves into the future with each handover.
  due_at timestamptz not null default now(),
  handovers integer not null default 0,
  closed_at timestamptz,
  -- Closed with a reason: a dead letter. Closed without: done.
  failure text,
  constraint outbox_name_key_key unique (name, key)
);
--> statement-breakpoint
create index outbox_due_at_idx on outbox (due_at) where closed_at is null;
--> statement-breakpoint
create index outbox_closed_at_idx on outbox (closed_at) where closed_at is not null;
--> statement-breakpoint

-- Wakes the relays at commit. A trigger, so that every writer wakes them; the relays poll as well, so
-- that a lost notification costs a delay and never a job.
create function notify_outbox() returns trigger language plpgsql as $$
begin
  perform pg_notify('outbox', '');
  return null;
end
$$;
--> statement-breakpoint
create trigger outbox_notify after insert on outbox
  for each statement execute function notify_outbox();
--> statement-breakpoint

-- The newest holder of each "exactly one pod" lock. Redis only keeps the pods apart in the common case;
-- a write is let through if its token is still the one here.
create table fences (
  name text primary key,
  token bigint not null
);
