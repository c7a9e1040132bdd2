import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { inLine } from '../support/in-line.js'
import { createStages } from '../support/stage.js'

t.test('whoever is disabled in the middle of a log-in or a refresh is out', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { app, call } = await startPod(t, world)
  const { setStage } = await createStages(world, { app, call })
  for (const first of ['the admin', 'the user'] as const) {
    for (const kind of ['log-in', 'refresh'] as const) {
      const { owner, admin } = await setStage()
      const { email, password, refreshToken } = owner
      const disable = () =>
        call('PATCH', `/v1/users/${owner.id}`, { token: admin.token, body: { disabled: true } })
      const enter = () =>
        kind === 'log-in'
          ? call('POST', '/v1/auth/login', { body: { email, password } })
          : call('POST', '/v1/auth/refresh', { body: { refreshToken } })
      const answers = await inLine(
        sql,
        (transaction) =>
          kind === 'log-in'
            ? transaction`select from users where id = ${owner.id} for update`
            : transaction`select from sessions where user_id = ${owner.id} for update`,
        first === 'the admin' ? [disable, enter] : [enter, disable],
      )
      const entered = answers[first === 'the admin' ? 1 : 0]
      const what = `${kind}, ${first} first`
      t.ok(
        entered && (first === 'the admin' ? [401] : [200, 401]).includes(entered.status),
        `${what}: answer`,
      )
      const { accessToken = '', refreshToken: successor = '-' } = entered?.body.data ?? {}
      t.equal((await call('GET', '/v1/users/me', { token: accessToken })).status, 401, `${what}: token`)
      const again = await call('POST', '/v1/auth/refresh', { body: { refreshToken: successor } })
      t.equal(again.status, 401, `${what}: refresh`)
    }
  }
})
