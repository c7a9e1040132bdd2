import t from 'tap'
import { createEndedSessionsRepository } from '../../src/sessions/ended-sessions.repository.js'
import { connectDatabase } from '../../src/shared/database/client.js'
import { createWorld, startPod } from '../support/app.js'
import { createCrowd } from '../support/crowd.js'

const AGES = [5, 50, 500]
/** Of what this test itself takes. */
const roughly = (age: number): number => Math.round(age / 5) * 5

t.test('what has ended within a time, or since a moment, if that is earlier', async (t) => {
  const world = await createWorld(t)
  const { sql, url } = world.database
  const { app } = await startPod(t, world)
  const { database, close } = connectDatabase({ url, poolMax: 1, applicationName: 'test' })
  t.teardown(close)
  const { findEnded } = createEndedSessionsRepository(database)
  const { asOf, sessions } = await findEnded(660, undefined, 10)
  t.strictSame(sessions, [])
  t.ok(Math.abs(asOf - Date.now() / 1_000) < 60, 'when that was is told all the same')

  for (const [index, { id }] of (await createCrowd(world, app, AGES.length)).entries())
    await sql`update sessions set end_reason = 'logged_out',
      ended_at = now() - make_interval(secs => ${AGES[index] ?? 0}) where user_id = ${id}`
  const ages = async (seconds: number, since?: number, limit = 10) =>
    (await findEnded(seconds, since, limit)).sessions.map(({ age }) => roughly(age))
  t.strictSame(await ages(30), [5])
  t.strictSame(await ages(660), AGES, 'the latest first')
  t.strictSame(await ages(30, asOf - 100), [5, 50], 'since, where that is earlier')
  t.strictSame(await ages(100, asOf - 30), [5, 50], 'and within, where that is')
  t.strictSame(await ages(660, undefined, 2), [5, 50], 'at most so many')
})
