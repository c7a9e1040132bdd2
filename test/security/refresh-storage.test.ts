import { createHash, createHmac } from 'node:crypto'
import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { registerUser } from '../support/factories.js'
import { figure } from '../support/figures.js'
import { ageRotation, logIn, refresh, signedInBy } from '../support/sessions.js'

const FAMILY_BYTES = 16
const TOKEN_BYTES = 48
const LIFETIME_SECONDS = 30 * 24 * 3_600

const world = await createWorld(t)
const { call } = await startPod(t, world)

const rowOf = async (id: string) => {
  const [row] = await world.database.sql`select * from sessions where id = ${id}`
  if (!row) throw new Error('no such session')
  return row
}

t.test('a session lasts thirty days from log-in, however much it is used', async (t) => {
  const ada = await registerUser(call)
  let signedIn = await logIn(call, ada)
  const { expires_at: expiresAt } = await rowOf(signedIn.sessionId)
  t.equal(signedIn.refreshExpiresIn, LIFETIME_SECONDS)
  await world.database.sql`update sessions set expires_at = expires_at - interval '1 hour'`
  for (let time = 0; time < 3; time += 1) {
    const next = signedInBy(await refresh(call, signedIn.refreshToken))
    t.ok(next.refreshExpiresIn <= LIFETIME_SECONDS - 3_600, `${next.refreshExpiresIn} s are left`)
    t.ok(next.refreshExpiresIn > LIFETIME_SECONDS - 3_660)
    signedIn = next
  }
  const after = await rowOf(signedIn.sessionId)
  t.equal(after['expires_at'].getTime(), expiresAt.getTime() - 3_600_000, 'the row says the same')
})

const secondOfTwo = async () => {
  const parent = await logIn(call, await registerUser(call))
  return { parent, current: signedInBy(await refresh(call, parent.refreshToken)) }
}

const bytesOf = (token: string): Buffer => Buffer.from(token, 'base64url')

t.test('no part of a token stands anywhere in the database', async (t) => {
  const { sql } = world.database
  const { parent, current } = await secondOfTwo()
  const tables = ['sessions', 'audit_log', 'outbox', 'users', 'one_time_tokens']
  const kept = await Promise.all(
    tables.map((table) => sql`select row_to_json(r) as row from ${sql(table)} r`),
  )
  const text = JSON.stringify(kept)
  t.ok(text.includes(current.sessionId))
  for (const { refreshToken } of [parent, current]) {
    const hex = bytesOf(refreshToken).toString('hex')
    const parts = Array.from({ length: TOKEN_BYTES - 7 }, (_, at) => hex.slice(2 * at, 2 * at + 16))
    t.notOk(parts.some((part) => text.includes(part)))
    t.notOk(text.includes(refreshToken.slice(0, 20)) || text.includes(refreshToken.slice(-20)))
  }
})

/** The byte strings in a row: hashes, seed, ids and whatever else is text. */
const bytesIn = (row: object): Buffer[] =>
  Object.values(row).flatMap((value) => {
    if (Buffer.isBuffer(value)) return [value]
    if (typeof value !== 'string') return []
    return [Buffer.from(value), Buffer.from(value.replaceAll('-', ''), 'hex')]
  })

const hmac = (key: Buffer, message: Buffer): Buffer => createHmac('sha256', key).update(message).digest()

t.test('who reads the database cannot make the next token of a session', async (t) => {
  const { parent, current } = await secondOfTwo()
  const row = await rowOf(current.sessionId)
  const isCurrent = (secret: Buffer): boolean =>
    createHash('sha256').update(secret).digest().equals(row['refresh_token_hash'])
  const known = bytesIn(row)
  const made = known.flatMap((key) => known.map((message) => hmac(key, message)))
  t.notOk([...known, ...made].some(isCurrent), 'nothing in the row, nor keyed with it, is the secret')
  figure(t, `row 16: ${known.length} byte strings of a row, and each keyed with each: 0 are the token`)

  const parentSecret = bytesOf(parent.refreshToken).subarray(FAMILY_BYTES)
  t.ok(isCurrent(hmac(parentSecret, row['successor_seed'])), 'it takes the parent')
  await ageRotation(world, [parent.sessionId], 60)
  t.equal((await refresh(call, current.refreshToken)).status, 200, 'the token itself does, however late')
})
