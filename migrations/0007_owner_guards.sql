-- What an account owns is written while the account is there, or not at all. Without this an upload or a webhook that was
-- begun before its owner was deleted, and written after, stayed for good. For whoever rolls it out: inserts into both
-- tables wait a moment, and pods of the release before get the error that they know already.

-- What slipped through so far, found from the few accounts that are deleted. It comes first, since nothing waits for it.
update uploads set abandoned_at = now()
  where abandoned_at is null and user_id in (select id from users where deleted_at is not null);
--> statement-breakpoint
delete from webhook_endpoints where user_id in (select id from users where deleted_at is not null);
--> statement-breakpoint

-- `for share` waits for a deletion from its first lock on, `for no key update`, and then finds nobody; the other way round the
-- deletion waits, and then sees the row. `for key share` is not enough by design: it waits only because a deletion happens to
-- change a unique column, the address. A deletion takes the user first and then what is the user's, so whoever inserts must
-- not have an upload, an endpoint or an image in hand.
create function require_living_owner() returns trigger language plpgsql as $$
begin
  perform from users where id = new.user_id and deleted_at is null for share;
  if not found then
    raise foreign_key_violation using
      message = 'the owner is deleted',
      table = tg_table_name,
      constraint = tg_table_name || '_user_id_fkey';
  end if;
  return new;
end
$$;
--> statement-breakpoint
-- In the order in which a deletion takes the two tables, so that one that is under way cannot lock this out and be locked out.
create trigger webhook_endpoints_require_living_owner before insert on webhook_endpoints
  for each row execute function require_living_owner();
--> statement-breakpoint
create trigger uploads_require_living_owner before insert on uploads
  for each row execute function require_living_owner();
