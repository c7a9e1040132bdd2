-- An order that is refused inserts no job, by the same statement as one that is placed: it is to wake nobody, nor to wait for
-- the lock that notifications are given out by at commit.
create or replace function notify_outbox() returns trigger language plpgsql as $$
begin
  if exists (select from added) then
    perform pg_notify('outbox', '');
  end if;
  return null;
end
$$;
--> statement-breakpoint
drop trigger outbox_notify on outbox;
--> statement-breakpoint
create trigger outbox_notify after insert on outbox referencing new table as added
  for each statement execute function notify_outbox();
