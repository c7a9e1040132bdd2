import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import t from 'tap'
import { createSigningKeys } from '../../dev/keys.js'
import { type Call, createWorld, startPod } from '../support/app.js'
import { registerUser } from '../support/factories.js'
import { headerOf, withSigningKeys } from '../support/tokens.js'

const JWKS = '/.well-known/jwks.json'
const [older, newer] = [createSigningKeys().keys[0], createSigningKeys().keys[0]]

const logIn = async (call: Call, { email, password }: { email: string; password: string }) => {
  const { body } = await call('POST', '/v1/auth/login', { body: { email, password } })
  return { token: String(body.data.accessToken), refreshToken: String(body.data.refreshToken) }
}

const refresh = async (call: Call, refreshToken: string): Promise<string> => {
  const { body } = await call('POST', '/v1/auth/refresh', { body: { refreshToken } })
  return String(body.data.accessToken)
}

const statusFor = async (call: Call, token: string): Promise<number> =>
  (await call('GET', '/v1/users/me', { token })).status

const listedIds = async (call: Call): Promise<string[]> =>
  (await call('GET', JWKS)).body.keys.map(({ kid }: { kid: string }) => kid)

/** What a pod is started with: before, then after each of the three steps. */
const STAGES = [[older], [older, newer], [newer, older], [newer]]
const world = await createWorld(t)
const pods = await Promise.all(STAGES.map((keys) => startPod(t, withSigningKeys(world, ...keys))))
const [before, prepared, during, after] = pods
if (!before || !prepared || !during || !after) throw new Error('a pod is missing')
const ada = await registerUser(before.call)

t.test('GET /.well-known/jwks.json', async (t) => {
  const { call } = during
  const { status, headers, body, text } = await call('GET', JWKS)

  await t.test('lists all keys to anybody, newest first, to be kept for five minutes', async (t) => {
    t.equal(status, 200)
    t.match(headers.get('content-type'), /^application\/json/)
    t.equal(headers.get('cache-control'), 'public, max-age=300')
    t.strictSame(Object.keys(body), ['keys'])
    const publicOf = ({ d: _private, ...publicKey }: typeof newer) => publicKey
    t.strictSame(body.keys, [publicOf(newer), publicOf(older)])
  })

  await t.test('shows nothing of the private keys', async (t) => {
    for (const { d } of [older, newer]) t.notOk(text.includes(d))
    t.notMatch(text, /"d"/)
  })

  await t.test('is all that a stranger needs to verify an access token', async (t) => {
    const { token } = await logIn(call, ada)
    const [header, payload, signature = ''] = token.split('.')
    const jwk: JsonWebKey = body.keys.find(({ kid }: { kid: string }) => kid === headerOf(token)['kid'])
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const isSigned = (text: string) =>
      verify(
        'sha256',
        Buffer.from(text),
        { key, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      )
    t.ok(isSigned(`${header}.${payload}`))
    t.notOk(isSigned(`${header}.${payload}A`))
  })
})

t.test('the keys change and nobody is signed out', async (t) => {
  const old = await logIn(before.call, ada)
  t.equal(headerOf(old.token)['kid'], older.kid)

  await t.test('a token of the old key works after the new key is first', async (t) => {
    t.equal(await statusFor(during.call, old.token), 200)
    t.strictSame(await listedIds(during.call), [newer.kid, older.kid])
  })

  await t.test('a token made from then on is of the new key', async (t) => {
    const { token } = await logIn(during.call, ada)
    t.equal(headerOf(token)['kid'], newer.kid)
    t.equal(await statusFor(during.call, token), 200)
  })

  await t.test('a token of the old key is refused after the old key is gone', async (t) => {
    const { status, body } = await after.call('GET', '/v1/users/me', { token: old.token })
    t.equal(status, 401)
    t.equal(body.code, 'unauthenticated')
    t.strictSame(await listedIds(after.call), [newer.kid])
  })

  await t.test('a session of that time goes on with a token of the new key', async (t) => {
    const token = await refresh(after.call, old.refreshToken)
    t.equal(headerOf(token)['kid'], newer.kid)
    t.equal(await statusFor(after.call, token), 200)
  })
})

t.test('pods change their keys one by one, in three steps', async (t) => {
  const tokens = await Promise.all(pods.map(async ({ call }) => (await logIn(call, ada)).token))
  const ids = await Promise.all(pods.map(({ call }) => listedIds(call)))

  await t.test('while a step is under way, each pod accepts what each other pod signs', async (t) => {
    for (const stage of STAGES.keys()) {
      for (const other of [stage - 1, stage, stage + 1]) {
        const [pod, token] = [pods[stage], tokens[other]]
        if (!pod || token === undefined) continue
        t.equal(await statusFor(pod.call, token), 200, `stage ${stage} accepts what stage ${other} signs`)
        t.ok(ids[stage]?.includes(String(headerOf(token)['kid'])), `and stage ${stage} lists its key`)
      }
    }
  })

  await t.test('what was signed before the new key came first works until the last step', async (t) => {
    for (const pod of pods.slice(0, 3)) {
      for (const token of tokens.slice(0, 2)) t.equal(await statusFor(pod.call, token), 200)
    }
  })

  await t.test(
    'without the first step, or too early with the last one, tokens would be refused',
    async (t) => {
      const refusals = [
        [0, 2],
        [0, 3],
        [3, 0],
        [3, 1],
      ] as const
      for (const [stage, signer] of refusals) {
        const [pod, token] = [pods[stage], tokens[signer]]
        if (!pod || token === undefined) throw new Error('a pod is missing')
        t.equal(await statusFor(pod.call, token), 401, `stage ${stage} refuses what stage ${signer} signs`)
      }
    },
  )
})
