import { ARRIVALS_BEGIN, ARRIVALS_LAST_MS, HOUR_MS, instant, MINUTE_MS } from './calendar.js'
import { NOBODYS_HASH } from './password.js'
import { draw, padded, pick, uuidV7 } from './random.js'
import { FIRST_NAMES, LAST_NAMES } from './words.js'

const VERIFIED_PERCENT = 95

const createdMs = (user: string): string =>
  `(${ARRIVALS_BEGIN} + ${draw(user, 'user: created', ARRIVALS_LAST_MS)})`

/** The id of the user of that number, an SQL expression from 1. */
export const userId = (user: string): string => uuidV7(createdMs(user), user, 'user: id')

/** Who confirmed, shipped and delivered the orders. */
export const ADMIN_ID = uuidV7(String(ARRIVALS_BEGIN), '0::bigint', 'admin: id')

/**
 * Disabled, and no longer an admin: as one, it would keep `migrate` from making the first admin, who is made where
 * there is none. Nobody knows its password, whatever the others' is.
 */
export const INSERT_ADMIN = `
  insert into users (id, email, name, password_hash, role, disabled_at, created_at, updated_at)
  select ${ADMIN_ID}, 'seed-admin@seed.example', 'Seed Admin', '${NOBODYS_HASH}', 'user', at, at, at
  from ${instant(`${ARRIVALS_BEGIN}::bigint`)} as at
  on conflict do nothing`

/** Adds the users from number $1 to $2 with the password hash $3. Says how many it added and how many it found. */
export const INSERT_USERS = `
  with created as materialized (
    select n, ${createdMs('n')} as ms, ${draw('n', 'user: verified', 100)} < ${VERIFIED_PERCENT} as is_verified
    from generate_series($1::bigint, $2::bigint) as n
  ), wanted as materialized (
    select ${uuidV7('ms', 'n', 'user: id')} as id, n, ms,
      case when is_verified then ms + ${MINUTE_MS} + ${draw('n', 'user: delay', 12 * HOUR_MS)} end as verified_ms
    from created
  ), added as (
    insert into users
      (id, email, name, password_hash, role, email_verified_at, version, created_at, updated_at)
    select id, 'user-' || ${padded('n', 6)} || '@seed.example',
      ${pick('n', 'user: first name', FIRST_NAMES)} || ' ' || ${pick('n', 'user: last name', LAST_NAMES)},
      $3, 'user', ${instant('verified_ms')}, case when verified_ms is null then 1 else 2 end,
      ${instant('ms')}, ${instant('coalesce(verified_ms, ms)')}
    from wanted order by id
    on conflict do nothing
    returning id
  )
  select (select count(*)::int from added) as rows, (select count(*)::int from wanted join users using (id)) as found`
