import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { until, within } from '../../dev/fleet/limits.js'
import { startMailSink } from '../../dev/fleet/mail-sink.js'
import { findPreviousRelease } from '../../dev/fleet/releases.js'
import { createMailService } from '../../src/mail/mail.service.js'
import { createMailTransport } from '../../src/mail/mail.transport.js'

t.test(
  'the mail server of the fleet counts our mails by their keys, and finds the token in one',
  async (t) => {
    const sink = await startMailSink()
    const transport = createMailTransport(sink.url, t.testdir({}))
    t.teardown(async () => {
      await transport.close()
      await sink.close()
    })
    const mail = createMailService({ transport, from: 'Unnest <no-reply@unnest.example>', appUrl: undefined })
    const addressee = { to: 'ada@example.com', name: 'Ada', signal: AbortSignal.timeout(15_000) }
    const price = { amount: 1_999, currency: 'EUR' }
    const order = { id: 'one', items: [{ name: 'Lamp', quantity: 1, unitPrice: price }], total: price }
    const key = 'send-order-confirmation-one'
    t.equal(sink.timesTaken(key), 0)
    await mail.sendOrderConfirmation({ ...addressee, key }, order)
    await mail.sendOrderConfirmation({ ...addressee, key }, order)
    t.equal(sink.timesTaken(key), 2)
    const token = 'aB3_-'.repeat(9).slice(0, 43)
    await mail.sendPasswordReset({ ...addressee, key: 'reset' }, token)
    t.equal(sink.tokenFor('Reset your password', 'ada@example.com'), token)
    t.equal(sink.tokenFor('Reset your password', 'eve@example.com'), undefined)
  },
)

t.test('what takes too long is given up', async (t) => {
  t.equal(await within('work', 1_000, Promise.resolve(3)), 3)
  await t.rejects(within('work', 10, new Promise(() => {})), { message: 'work took longer than 0.01 s' })
  t.equal(await until(() => 3, 1_000), 3)
  t.equal(await until(() => undefined, 10), undefined)
})

/** A checkout with a history of its own, whoever's the environment names. */
const createHistory = (root: string) => {
  const { GIT_DIR: _other, ...env } = process.env
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: root, env, encoding: 'utf8', timeout: 10_000, stdio: 'pipe' }).trim()
  const migrations: string[] = []
  const migrate = (tag: string): void => {
    migrations.push(tag)
    mkdirSync(join(root, 'migrations', 'meta'), { recursive: true })
    const entries = migrations.map((name) => ({ tag: name }))
    writeFileSync(join(root, 'migrations', 'meta', '_journal.json'), JSON.stringify({ entries }))
    writeFileSync(join(root, 'migrations', `${tag}.sql`), '')
  }
  const commit = (message: string): string => {
    git('add', '-A')
    git('-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', 'commit', '--allow-empty', '-m', message)
    return git('rev-parse', '--short', 'HEAD')
  }
  return { git, migrate, commit }
}

const hasGit = spawnSync('git', ['--version'], { timeout: 10_000 }).status === 0

t.test(
  'the release before is the version before the newest migration',
  {
    skip: hasGit ? false : 'git is not installed',
  },
  async (t) => {
    const root = t.testdir({})
    delete process.env['GIT_DIR']
    // The folder is inside of this checkout, whose history is not meant.
    process.env['GIT_CEILING_DIRECTORIES'] = dirname(root)
    const { git, migrate, commit } = createHistory(root)
    migrate('0000_house')
    t.equal(findPreviousRelease(root), undefined, 'no history at all')
    git('init', '--quiet')
    t.equal(findPreviousRelease(root), undefined, 'no commit yet')
    const first = commit('first')
    t.equal(findPreviousRelease(root), undefined, 'nothing before the first migration')
    migrate('0001_identity')
    t.same(findPreviousRelease(root), { commit: first, migrations: ['0001_identity'] }, 'not committed yet')
    const second = commit('second')
    t.same(findPreviousRelease(root), { commit: first, migrations: ['0001_identity'] })
    const third = commit('no migration')
    migrate('0002_orders')
    commit('fourth')
    t.same(findPreviousRelease(root), { commit: third, migrations: ['0002_orders'] })
    git('tag', 'v1.0.0', second)
    t.same(findPreviousRelease(root), { commit: second, migrations: ['0002_orders'] }, 'the last release')
  },
)
