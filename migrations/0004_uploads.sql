-- Uploaded images, what is stored of them, and where they are shown. For whoever rolls it out:
-- * Adds three tables, and to users and products a nullable column each (no rewrite) with a small index.
-- * Pods of the release before go on beside ours: they neither know nor change the new columns.
-- * Workers with WORKER_QUEUES need `uploads` in it, or nothing that is uploaded gets ready.

-- What is stored, once for each content, whoever sent it. The row's id is part of the names of its files: they belong
-- to this row and no other, so that removing them can never hit what somebody sends anew.
create table stored_images (
  id uuid primary key,
  -- Of what was sent.
  sha256 bytea not null constraint stored_images_sha256_key unique,
  -- What was made of it, by variant; null until then.
  images jsonb,
  -- False between the moment in which the file is stored and that in which the first upload names it.
  in_use boolean not null default false,
  created_at timestamptz not null default now()
);
--> statement-breakpoint
-- What a killed pod has left: the sweep removes it.
create index stored_images_unused_idx on stored_images (created_at) where not in_use;
--> statement-breakpoint

create table uploads (
  id uuid primary key,
  user_id uuid not null references users (id),
  -- Null once it failed: nothing is kept of it.
  stored_image_id uuid references stored_images (id),
  status text not null default 'processing' constraint uploads_status_check
    check (status in ('processing', 'ready', 'failed')),
  -- Of what was sent: the media type by its first bytes, whatever the client said.
  content_type text not null,
  bytes integer not null,
  -- A stable code, and the same in a sentence.
  failure_code text,
  failure_message text,
  version integer not null default 1,
  -- Its owner's account is gone: the sweep removes it as soon as it is shown nowhere.
  abandoned_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint uploads_failed_check
    check ((status = 'failed') = (failure_code is not null) and (status = 'failed') = (stored_image_id is null))
);
--> statement-breakpoint
create index uploads_user_id_id_idx on uploads (user_id, id);
--> statement-breakpoint
create index uploads_stored_image_id_idx on uploads (stored_image_id);
--> statement-breakpoint
create index uploads_processing_idx on uploads (updated_at) where status = 'processing';
--> statement-breakpoint
create index uploads_abandoned_idx on uploads (id) where abandoned_at is not null;
--> statement-breakpoint

-- An upload that is shown to everybody, as an avatar or with a product. The id is random (UUIDv4), since whoever knows it
-- sees the image.
create table media (
  id uuid primary key,
  -- What is shown cannot be deleted: the constraint says so to whoever tries.
  upload_id uuid not null constraint media_upload_id_fkey references uploads (id),
  created_at timestamptz not null default now()
);
--> statement-breakpoint
create index media_upload_id_idx on media (upload_id);
--> statement-breakpoint

-- Deferred: the old one goes and the new one comes in one transaction, in whatever order.
alter table users add column avatar_id uuid
  constraint users_avatar_id_fkey references media (id) deferrable initially deferred;
--> statement-breakpoint
create index users_avatar_id_idx on users (avatar_id) where avatar_id is not null;
--> statement-breakpoint
alter table products add column image_id uuid
  constraint products_image_id_fkey references media (id) deferrable initially deferred;
--> statement-breakpoint
create index products_image_id_idx on products (image_id) where image_id is not null;
