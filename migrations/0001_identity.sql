-- Sessions that can be refreshed and ended, accounts that can be disabled and deleted, and a record of who
-- did what. Everything here only widens what the release before knows: its pods go on writing beside ours. What is
-- ended, disabled or deleted holds everywhere only when the last of them is gone, for they do not look; roll the
-- workers out before the API, or the new mails wait until a worker knows them. The constraint and the indexes are
-- made under a lock, which is short up to some hundred thousand users.

alter table users
  -- Both null once the account is deleted: the address is free again, and nobody can log in.
  alter column email drop not null,
  alter column password_hash drop not null,
  add column email_verified_at timestamptz,
  add column disabled_at timestamptz,
  -- Soft: orders and audit entries keep the id of whoever they belong to.
  add column deleted_at timestamptz,
  -- Grows with each change that a client can see: the resource's ETag.
  add column version integer not null default 1,
  add constraint users_deleted_check check (
    (deleted_at is null) = (email is not null) and (deleted_at is null) = (password_hash is not null)
  );
--> statement-breakpoint
-- Serve the admin's search by the beginning of an address or a name. The alternative, trigrams, would find
-- the middle too, for an extension and an index several times as large.
create index users_email_prefix_idx on users (email text_pattern_ops);
--> statement-breakpoint
create index users_name_prefix_idx on users (lower(name) text_pattern_ops);
--> statement-breakpoint
-- The admin's list of admins, and "is this the last one?".
create index users_admins_idx on users (id) where role = 'admin' and deleted_at is null;
--> statement-breakpoint

-- A row is the whole family of one log-in's refresh tokens: which one is current, and which one before it.
-- A token names its family, so that an older one is recognised without a row of its own: with one row a
-- token, a session that is used for a month would leave four thousand.
alter table sessions
  -- Null in sessions of the release before, which had no way to refresh them.
  add column family_hash bytea,
  add column previous_token_hash bytea,
  -- With the parent token in hand, and only then, this gives its successor again.
  add column successor_seed bytea,
  add column rotated_at timestamptz,
  add column last_used_at timestamptz not null default now(),
  add column user_agent text,
  add column address inet,
  add column ended_at timestamptz,
  add column end_reason text,
  add constraint sessions_family_hash_key unique (family_hash),
  add constraint sessions_ended_check check ((ended_at is null) = (end_reason is null));
--> statement-breakpoint
-- Serves "my sessions, newest first" with its cursor, and the foreign key.
create index sessions_user_id_id_idx on sessions (user_id, id desc);
--> statement-breakpoint
drop index sessions_user_id_idx;
--> statement-breakpoint
-- Each API pod asks every second what has ended in the meantime.
create index sessions_ended_at_idx on sessions (ended_at) where ended_at is not null;
--> statement-breakpoint
create index sessions_expires_at_idx on sessions (expires_at);
--> statement-breakpoint

-- What a mail proves: whoever sends the token back reads that mailbox. Only the hash is kept, and using a
-- token deletes its row.
create table one_time_tokens (
  token_hash bytea primary key,
  user_id uuid not null references users (id) on delete cascade,
  purpose text not null constraint one_time_tokens_purpose_check
    check (purpose in ('verify_email', 'reset_password')),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
--> statement-breakpoint
create index one_time_tokens_user_id_purpose_idx on one_time_tokens (user_id, purpose);
--> statement-breakpoint
create index one_time_tokens_expires_at_idx on one_time_tokens (expires_at);
--> statement-breakpoint

-- Who did what to whom, written in the transaction that did it. No foreign keys: an entry outlives what it
-- tells of. Append-only by convention; revoke update from the service's role to make it so by force.
create table audit_log (
  id uuid primary key,
  action text not null,
  -- Null: nobody known, such as a failed log-in with an unknown address.
  actor_id uuid,
  subject_id uuid,
  session_id uuid,
  address inet,
  request_id text,
  details jsonb not null default '{}',
  created_at timestamptz not null default now()
);
--> statement-breakpoint
create index audit_log_subject_id_id_idx on audit_log (subject_id, id desc);
--> statement-breakpoint
create index audit_log_created_at_idx on audit_log (created_at);
