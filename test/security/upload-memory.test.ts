import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { createCall, createWorld } from '../support/app.js'
import { registerUser } from '../support/factories.js'
import { figure, scaled } from '../support/figures.js'
import { startServer } from '../support/process.js'
import { formOf, pngLike, upload } from '../support/uploads.js'

const FILES = scaled(6, 20)
/** Of one user at once. */
const FILES_EACH = 6
const BYTES = 10 * 1_024 * 1_024
/** A fifth of what the files are together. */
const LIMIT_MB = 40
const SAMPLE_MS = 10

const residentOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024

/** Only Linux tells how much memory another process has. */
const whereItIsTold = { skip: !existsSync('/proc/self/status') && 'there is no /proc here' }

t.test('files of 10 MiB, many at once, are never in memory', whereItIsTold, async (t) => {
  const world = await createWorld(t)
  const { pid, url } = await startServer(t, world.env)
  const call = createCall(url)
  const users = await Promise.all(
    Array.from({ length: Math.ceil(FILES / FILES_EACH) }, () => registerUser(call)),
  )
  // What one upload loads and keeps for good is not what the next ones cost.
  t.equal((await upload(call, await registerUser(call), formOf(pngLike(BYTES)))).status, 202)
  const files = users
    .flatMap((user) => Array.from({ length: FILES_EACH }, () => user))
    .slice(0, FILES)
    .map((user) => ({ user, form: formOf(pngLike(BYTES)) }))
  const before = residentOf(pid)
  let peak = before
  const sampling = setInterval(() => {
    peak = Math.max(peak, residentOf(pid))
  }, SAMPLE_MS)
  const begun = performance.now()
  const answers = await Promise.all(files.map(({ user, form }) => upload(call, user, form)))
  const seconds = (performance.now() - begun) / 1_000
  clearInterval(sampling)
  t.strictSame(
    answers.map(({ status }) => status),
    Array.from({ length: FILES }, () => 202),
  )
  const growth = peak - before
  figure(
    t,
    `uploads: ${FILES} x 10 MiB at once in ${seconds.toFixed(1)} s, RSS ${before.toFixed(0)} MB, at most ${growth.toFixed(1)} MB more`,
  )
  t.ok(growth < LIMIT_MB, `${growth} MB`)
})
