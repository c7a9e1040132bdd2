import t, { type Test as TapTest } from 'tap'
import { type Call, createWorld, type World } from '../support/app.js'
import { createCaller } from '../support/caller.js'
import { registerUser } from '../support/factories.js'
import { figure, scaled } from '../support/figures.js'
import { startPair } from '../support/fleet.js'
import { isProblem } from '../support/problem.js'
import {
  ageRotation,
  countRecorded,
  logIn,
  refresh,
  type SignedIn,
  sessionIdOf,
  signedInBy,
} from '../support/sessions.js'
import { until } from '../support/until.js'

/** In the short form enough for both processes to be first with a late replay, one of them twice. */
const FAMILIES = scaled(3, 200)
const PARALLEL = 20
const GRACE_SECONDS = 10

/** A log-in, and what twenty refreshes at once made of its token. */
interface Family {
  readonly parent: SignedIn
  readonly successors: readonly SignedIn[]
}

const rotate = async (calls: readonly [Call, Call], parent: SignedIn): Promise<Family> => {
  const answers = await Promise.all(
    Array.from({ length: PARALLEL }, (_, i) => refresh(calls[i % 2 === 0 ? 0 : 1], parent.refreshToken)),
  )
  return { parent, successors: answers.map(signedInBy) }
}

const checkFamily = (t: TapTest, { parent, successors }: Family, index: number): void => {
  const tokens = new Set(successors.map(({ refreshToken }) => refreshToken))
  const sessions = new Set(successors.map(({ sessionId }) => sessionId))
  t.equal(successors.length, PARALLEL, `family ${index}: all are answered`)
  t.equal(tokens.size, 1, `family ${index}: one successor`)
  t.notOk(tokens.has(parent.refreshToken), `family ${index}: which is another token`)
  t.strictSame([...sessions], [parent.sessionId], `family ${index}: of the same session`)
}

/** The access tokens of a family that a process still lets in. */
const openIn = async (call: Call, { parent, successors }: Family): Promise<string[]> => {
  const tokens = [parent, ...successors].map(({ token }) => token)
  const answers = await Promise.all(tokens.map((token) => call('GET', '/v1/users/me', { token })))
  return tokens.filter((_, i) => answers[i]?.status !== 401)
}

const rotationsIn = async ({ database }: World): Promise<number> =>
  (
    await database.sql`select count(distinct refresh_token_hash)::int as n from sessions where rotated_at is not null`
  )[0]?.['n']

t.test('however many refresh at once, on whichever process, a token has one successor', async (t) => {
  const world = await createWorld(t)
  const [one, other] = await startPair(t, world)
  const caller = createCaller(t)
  const calls = [caller.to(one.url), caller.to(other.url)] as const
  const ada = await registerUser(one.call)
  const families: Family[] = []
  for (let i = 0; i < FAMILIES; i += 1) families.push(await rotate(calls, await logIn(one.call, ada)))
  for (const [i, family] of families.entries()) checkFamily(t, family, i)
  const ids = families.map(({ parent }) => parent.sessionId)
  t.equal(await rotationsIn(world), FAMILIES, 'a row for each family')

  await t.test('the parent gets the same again for ten seconds', async (t) => {
    for (const { parent, successors } of families) {
      await ageRotation(world, [parent.sessionId], GRACE_SECONDS - 3)
      const again = signedInBy(await refresh(other.call, parent.refreshToken))
      t.equal(again.refreshToken, successors[0]?.refreshToken)
    }
    t.equal(await countRecorded(world, 'session.token_reused', ids), 0)
  })

  await ageRotation(world, ids, GRACE_SECONDS + 1)
  const replayed = performance.now()
  for (const [i, { parent }] of families.entries()) {
    const answer = await refresh(calls[i % 2 === 0 ? 0 : 1], parent.refreshToken)
    isProblem(t, answer, { status: 401, code: 'invalid_refresh_token', instance: '/v1/auth/refresh' })
  }

  await t.test('and later it ends the family: no descendant works on any process', async (t) => {
    for (const { parent, successors } of families) {
      for (const refreshToken of [successors[0]?.refreshToken, parent.refreshToken]) {
        for (const call of calls) t.equal((await refresh(call, refreshToken)).status, 401)
      }
    }
    for (const call of calls) {
      for (const family of families) {
        const statusOfParent = async () =>
          (await call('GET', '/v1/users/me', { token: family.parent.token })).status
        await until('the access tokens to be refused', async () => (await statusOfParent()) === 401)
        t.strictSame(await openIn(call, family), [], 'none of the session is let in')
      }
    }
    const ms = Math.round(performance.now() - replayed)
    t.equal(await countRecorded(world, 'session.token_reused', ids), FAMILIES, 'once each in the audit log')
    figure(
      t,
      `row 16: ${PARALLEL} parallel refreshes x ${FAMILIES} on 2 processes: ${FAMILIES} successors; ` +
        `${FAMILIES} late replays: ${FAMILIES} families ended, ` +
        `0 of ${FAMILIES * (PARALLEL + 1)} access tokens and 0 of ${FAMILIES * 2} refresh tokens work (${ms} ms)`,
    )
  })

  await t.test('the owner can log in again, and other sessions were not touched', async (t) => {
    t.not(sessionIdOf(ada.token), ids[0])
    t.equal((await one.call('GET', '/v1/users/me', { token: ada.token })).status, 200)
    const { token } = await logIn(one.call, ada)
    t.equal((await other.call('GET', '/v1/users/me', { token })).status, 200)
  })
})
