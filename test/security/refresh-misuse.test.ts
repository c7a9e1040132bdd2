import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { registerAdmin, registerUser } from '../support/factories.js'
import { isProblem } from '../support/problem.js'
import { countRecorded, logIn, refresh, signedInBy } from '../support/sessions.js'

const FAMILY_BYTES = 16
const TOKEN_BYTES = 48
const refused = { status: 401, code: 'invalid_refresh_token', instance: '/v1/auth/refresh' }

const world = await createWorld(t)
const { call } = await startPod(t, world)

const flipBit = (token: string, bit: number): string => {
  const bytes = Buffer.from(token, 'base64url')
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
  return bytes.toString('base64url')
}

t.test('a token from before the parent ends the family at once', async (t) => {
  const ada = await registerUser(call)
  const first = await logIn(call, ada)
  const second = signedInBy(await refresh(call, first.refreshToken))
  const third = signedInBy(await refresh(call, second.refreshToken))
  isProblem(t, await refresh(call, first.refreshToken), refused)
  for (const { refreshToken, token } of [second, third]) {
    t.equal((await refresh(call, refreshToken)).status, 401)
    t.equal((await call('GET', '/v1/users/me', { token })).status, 401)
  }
  const [row] = await world.database.sql`select end_reason from sessions where id = ${first.sessionId}`
  t.equal(row?.['end_reason'], 'token_reused')
  t.equal(await countRecorded(world, 'session.token_reused', [first.sessionId]), 1, 'recorded once')
})

t.test('the right family with a made-up secret ends it, even before any rotation', async (t) => {
  const ada = await registerUser(call)
  const { refreshToken, sessionId, token } = await logIn(call, ada)
  const family = Buffer.from(refreshToken, 'base64url').subarray(0, FAMILY_BYTES)
  const made = Buffer.concat([family, randomBytes(TOKEN_BYTES - FAMILY_BYTES)]).toString('base64url')
  isProblem(t, await refresh(call, made), refused)
  isProblem(t, await refresh(call, refreshToken), refused)
  t.equal((await call('GET', '/v1/users/me', { token })).status, 401)
  t.equal(await countRecorded(world, 'session.token_reused', [sessionId]), 1)
})

t.test('a family that is one bit off is unknown, and ends nothing', async (t) => {
  const ada = await registerUser(call)
  const { refreshToken, token } = await logIn(call, ada)
  for (let bit = 0; bit < FAMILY_BYTES * 8; bit += 1) {
    const { status, body } = await refresh(call, flipBit(refreshToken, bit))
    t.match({ status, code: body.code }, { status: 401, code: 'invalid_refresh_token' }, `bit ${bit}`)
  }
  t.equal((await call('GET', '/v1/users/me', { token })).status, 200)
  t.equal((await refresh(call, refreshToken)).status, 200, 'the real one still works')
  const [ended] = await world.database
    .sql`select count(*)::int as n from sessions where user_id = ${ada.id} and ended_at is not null`
  t.equal(ended?.['n'], 0)
})

t.test('what is no token of ours is refused and changes nothing', async (t) => {
  const ada = await registerUser(call)
  const { refreshToken, token } = await logIn(call, ada)
  const before = await world.database.sql`select * from sessions order by id`
  const records = await world.database.sql`select id from audit_log`
  const unauthorised = {
    'random bytes': randomBytes(TOKEN_BYTES).toString('base64url'),
    'the family alone': refreshToken.slice(0, 22),
    truncated: refreshToken.slice(0, -1),
    'one character more': `${refreshToken}A`,
    padded: `${refreshToken}==`,
    'with a space before it': ` ${refreshToken}`,
    'with a line break': `${refreshToken}\n`,
    'in the other base64': `${refreshToken.slice(0, -1)}+`,
    'in hexadecimal': Buffer.from(refreshToken, 'base64url').toString('hex'),
    'with U+0000': `${refreshToken.slice(0, -1)}\u0000`,
    'half a character': '\ud800'.repeat(64),
    SQL: "' or family_hash is not null --",
  }
  for (const [what, value] of Object.entries(unauthorised)) {
    isProblem(t, await refresh(call, value), refused, what)
  }
  const invalid = {
    empty: '',
    endless: 'A'.repeat(100_000),
    'an access token': token,
    'a number': 1,
    null: null,
  }
  for (const [what, value] of Object.entries(invalid)) {
    isProblem(t, await refresh(call, value), { status: 400, code: 'validation_failed' }, what)
  }
  t.strictSame(await world.database.sql`select * from sessions order by id`, before)
  t.strictSame(await world.database.sql`select id from audit_log`, records)
})

t.test('no refresh after the session, or its user, has come to an end', async (t) => {
  const { sql } = world.database
  const admin = await registerAdmin(call, world)
  const ends: Record<string, (userId: string, token: string, sessionId: string) => Promise<unknown>> = {
    'an expired session': (_user, _token, id) =>
      sql`update sessions set expires_at = now() - interval '1 second' where id = ${id}`,
    'an ended session': (_user, token) => call('POST', '/v1/auth/logout', { token }),
    'a disabled user': (id) =>
      call('PATCH', `/v1/users/${id}`, { token: admin.token, body: { disabled: true } }),
    'a deleted user': (_user, token) => call('DELETE', '/v1/users/me', { token }),
  }
  for (const [what, end] of Object.entries(ends)) {
    const user = await registerUser(call)
    const parent = await logIn(call, user)
    const current = signedInBy(await refresh(call, parent.refreshToken))
    await end(user.id, current.token, current.sessionId)
    isProblem(t, await refresh(call, current.refreshToken), refused, what)
    isProblem(t, await refresh(call, parent.refreshToken), refused, `${what}, its parent`)
    t.equal(await countRecorded(world, 'session.token_reused', [current.sessionId]), 0, `${what}: no reuse`)
  }
})
