import t from 'tap'
import { createWorld } from '../support/app.js'
import { startTwoPods } from '../support/fleet.js'
import { inLine } from '../support/in-line.js'
import { createStages, type Person } from '../support/stage.js'

const world = await createWorld(t)
const { sql } = world.database
const [one, two] = await startTwoPods(t, world)
const { setStage } = await createStages(world, two)
const newAdmin = async (): Promise<Person> => (await setStage()).admin
const other = await newAdmin()

t.test('an admin who is demoted in the middle of a log-in is none afterwards', async (t) => {
  const { call } = one
  const admin = await newAdmin()
  const { email, password } = admin
  const [demoted, loggedIn] = await inLine(
    sql,
    (transaction) => transaction`select from users where id = ${admin.id} for update`,
    [
      () => call('PATCH', `/v1/users/${admin.id}`, { token: other.token, body: { role: 'user' } }),
      () => call('POST', '/v1/auth/login', { body: { email, password } }),
    ],
  )
  t.equal(demoted?.body.data.role, 'user')
  const token: string = loggedIn?.body?.data?.accessToken ?? ''
  const { status } = await call('GET', '/v1/users', { token })
  t.ok([401, 403].includes(status), `log-in: ${loggedIn?.status}, then GET /v1/users: ${status}`)
})

t.test('an admin who is demoted or disabled in the middle of a change does not change it', async (t) => {
  const { call } = one
  const third = await newAdmin()
  for (const loss of [{ role: 'user' }, { disabled: true }]) {
    const admin = await newAdmin()
    const [lost, change] = await inLine(
      sql,
      (transaction) => transaction`select from users where role = 'admin' for update`,
      [
        () => call('PATCH', `/v1/users/${admin.id}`, { token: other.token, body: loss }),
        () => call('PATCH', `/v1/users/${third.id}`, { token: admin.token, body: { role: 'user' } }),
      ],
    )
    t.equal(lost?.status, 200)
    t.ok(
      [401, 403].includes(change?.status ?? 0),
      `${Object.keys(loss)} lost, then a change: ${change?.status}`,
    )
    const [row] = await sql`select role from users where id = ${third.id}`
    t.equal(row?.['role'], 'admin')
  }
})

t.test('nobody takes back on another pod what an admin has taken from him', async (t) => {
  for (const [loss, back] of [
    [{ role: 'user' }, { role: 'admin' }],
    [{ disabled: true }, { disabled: false }],
  ]) {
    const admin = await newAdmin()
    const path = `/v1/users/${admin.id}`
    t.equal((await one.call('PATCH', path, { token: other.token, body: loss })).status, 200)
    // The other pod learns of it within a second: for so long the token is good there.
    const { status } = await two.call('PATCH', path, { token: admin.token, body: back })
    t.ok([401, 403].includes(status), `${JSON.stringify(back)}: ${status}`)
    const [row] =
      await sql`select role, disabled_at is not null as disabled from users where id = ${admin.id}`
    t.match(row, loss)
  }
})
