import { Agent, get } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { createCall, createWorld } from '../support/app.js'
import { registerAdmin, unique } from '../support/factories.js'
import { figure, percentile, scaled } from '../support/figures.js'
import { prepareStorm, type Storm, unleash } from '../support/log-in-storm.js'
import { startServer } from '../support/process.js'

/** In the short form times are no more than guarded: the storm needs no process of its own, and readers pause. */
const IS_LONG = scaled(0, 1) === 1
const PAUSE_MS = scaled(15, 0)
const STORMS = scaled(1, 8)
const LOG_INS = scaled(30, 100)
const READERS = 3
const QUIET_READS = scaled(120, 3_000)
const MIN_SAMPLES = scaled(100, 1_000)
const MAX_STALL_MS = 500
/** The handlers' deadline, and what a busy client adds to it. */
const LIMIT_MS = 6_000

/** Reads over one kept connection a reader, until `isOver`; resolves with the milliseconds that each took. */
const readUntil = async (url: string, isOver: () => boolean): Promise<number[]> => {
  const agent = new Agent({ keepAlive: true, maxSockets: READERS })
  const samples: number[] = []
  const readOnce = () =>
    new Promise<void>((resolve, reject) => {
      const begun = performance.now()
      get(`${url}/v1/products`, { agent }, (response) => {
        response.resume().on('end', () => {
          samples.push(performance.now() - begun)
          if (response.statusCode === 200) resolve()
          else reject(new Error(`a read was answered ${response.statusCode}`))
        })
      }).on('error', reject)
    })
  const reader = async () => {
    while (!isOver()) {
      await readOnce()
      if (PAUSE_MS > 0) await wait(PAUSE_MS)
    }
  }
  await Promise.all(Array.from({ length: READERS }, reader))
  agent.destroy()
  return samples
}

const sum = (storms: readonly Storm[], status: number): number =>
  storms.reduce((total, { statuses }) => total + (statuses[status] ?? 0), 0)

t.test('a storm of log-ins waits its turn, and does not stall who reads', async (t) => {
  const world = await createWorld(t)
  const { url } = await startServer(t, world.env)
  const admin = await registerAdmin(createCall(url), world)
  const [row] = await world.database.sql`select password_hash from users where id = ${admin.id}`
  t.match(row?.['password_hash'], /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)

  const readQuietly = () => {
    let reads = 0
    return readUntil(url, () => {
      reads += 1
      return reads > QUIET_READS
    })
  }
  await readQuietly()
  const unleashStorm = IS_LONG ? await prepareStorm(t) : unleash
  const quiet: number[] = []
  const stormy: number[] = []
  const storms: Storm[] = []
  // In turn: what else the machine does meets both alike.
  for (let round = 0; round < STORMS; round += 1) {
    quiet.push(...(await readQuietly()))
    const emails = Array.from({ length: LOG_INS }, () => `${unique('nobody')}@example.com`)
    let isOver = false
    const storm = unleashStorm({ url, emails, password: 'not the password' }).finally(() => {
      isOver = true
    })
    stormy.push(...(await readUntil(url, () => isOver)))
    storms.push(await storm)
  }

  const refused = sum(storms, 503)
  t.equal(sum(storms, 401), STORMS * LOG_INS, 'each is answered in the end')
  t.ok(refused > 0, 'and some were told to come again')
  t.equal(
    storms.reduce((total, { politeRefusals }) => total + politeRefusals, 0),
    refused,
  )
  const slowest = Math.max(...storms.map(({ slowestMs }) => slowestMs))
  t.ok(slowest < LIMIT_MS, `nobody waits long (${slowest.toFixed(0)} ms)`)

  const [calm, storm] = [percentile(quiet, 99), percentile(stormy, 99)]
  figure(
    t,
    `row 22: ${STORMS} storms of ${LOG_INS} log-ins: ${refused} x 503, slowest answer ${slowest.toFixed(0)} ms; reads' p99 ` +
      `${calm.toFixed(1)} ms quiet (${quiet.length}), ${storm.toFixed(1)} ms in the storm (${stormy.length}): ` +
      `x${(storm / calm).toFixed(2)} (median x${(percentile(stormy, 50) / percentile(quiet, 50)).toFixed(2)})`,
  )
  // A guard against collapse; the scorecard's 2x wants a quiet machine, and the figure says what it was.
  t.ok(storm <= Math.max(calm * 10, MAX_STALL_MS), `reads go on (${storm.toFixed(0)} ms)`)
  t.ok(stormy.length >= MIN_SAMPLES && quiet.length >= MIN_SAMPLES, 'enough reads to tell')
})
