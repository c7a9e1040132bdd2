import { once } from 'node:events'
import { createServer } from 'node:http'
import t, { type Test as TapTest } from 'tap'
import { createSigningKeys } from '../../dev/keys.js'
import { createWorld, type World } from '../support/app.js'
import { createCaller } from '../support/caller.js'
import { type Account, registerUser } from '../support/factories.js'
import { figure, scaled } from '../support/figures.js'
import { type Server, startPair } from '../support/fleet.js'
import { sendRaw } from '../support/raw.js'
import { createTokenCorpus } from '../support/token-corpus.js'
import { claimsOf, createMint, type Mint, type Suspect, signingKeysOf } from '../support/tokens.js'
import { until } from '../support/until.js'

const ME = '/v1/users/me'
const HEADER_LIMIT = 16_384
const REFUSED = '401 unauthenticated application/problem+json; charset=utf-8 Bearer'
/** Of a token's characters and of a signature's bits: the short form tries some. */
const EVERY = scaled(47, 1)
/** Pods that each token is sent to: they take turns in the short form. */
const PODS_EACH = scaled(1, 2)
const AT_ONCE = 16

type Pod = Pick<Server, 'call' | 'log' | 'url'>

/** Somewhere that a verifier would fetch a key from; whoever does is counted. */
const startCanary = async (t: TapTest) => {
  let visits = 0
  const server = createServer((_request, response) => {
    visits += 1
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return { url: `http://127.0.0.1:${port}`, visits: () => visits }
}

/** What the token gets, in one line. */
const send = async ({ call }: Pod, token: string): Promise<string> => {
  const { status, headers, body } = await call('GET', ME, { token })
  return `${status} ${body?.code} ${headers.get('content-type')} ${headers.get('www-authenticate')}`
}

/** Twice to the same pod: a verifier that remembers answers must remember the right ones. */
const sendTwice = async (pods: readonly Pod[], { what, token }: Suspect) => {
  const answers = pods.map(async (pod) => [await send(pod, token), await send(pod, token)])
  return { what, got: (await Promise.all(answers)).flat() }
}

/** Sends all of them, some at a time. */
const sendAll = async (servers: readonly Pod[], suspects: readonly Suspect[]) => {
  const results: { what: string; got: string[] }[] = []
  for (let sent = 0; sent < suspects.length; sent += AT_ONCE) {
    const batch = suspects.slice(sent, sent + AT_ONCE).map((suspect, n) => {
      const first = n % servers.length
      return sendTwice([...servers, ...servers].slice(first, first + PODS_EACH), suspect)
    })
    results.push(...(await Promise.all(batch)))
  }
  return results
}

const createMints = (world: World) => {
  const [key] = signingKeysOf(world)
  if (!key) throw new Error('the world has no key')
  const fresh = (): Mint => createMint(createSigningKeys().keys[0])
  return { mint: createMint(key), strangers: { 'the next key': fresh(), 'a retired key': fresh() } }
}

/** Claims that are good for the next ten minutes, of a real session. */
const freshClaims = ({ token }: Account) => {
  const now = Math.floor(Date.now() / 1_000)
  return { ...claimsOf(token), iat: now, exp: now + 600 }
}

/** Good tokens of another kind or of other people, where an access token is wanted. */
const misused = async ([{ call }, other]: readonly [Pod, Pod], mint: Mint): Promise<Suspect[]> => {
  const [ada, gone] = [await registerUser(call), await registerUser(call, 'Gone')]
  const { body } = await call('POST', '/v1/auth/login', {
    body: { email: ada.email, password: ada.password },
  })
  const claims = freshClaims(gone)
  const { status } = await call('DELETE', ME, { token: gone.token, headers: { 'if-match': '*' } })
  if (status !== 204) throw new Error(`not deleted: ${status}`)
  await until('the other pod to know', async () => (await send(other, gone.token)) === REFUSED)
  return [
    { what: 'a refresh token', token: body.data.refreshToken },
    { what: 'the token of a deleted user', token: gone.token },
    { what: 'a fresh token of a deleted user', token: mint.sign(claims) },
    { what: 'the id of a deleted user', token: gone.id },
    { what: 'the id of a user', token: ada.id },
    { what: 'the id of a session', token: String(claimsOf(ada.token)['sid']) },
    { what: 'a refresh token, signed', token: mint.sign({ ...claims, sid: body.data.refreshToken }) },
  ]
}

const countRows = async ({ database: { sql } }: World): Promise<unknown> =>
  (
    await sql`select (select count(*) from users)::int as users, (select count(*) from sessions)::int as sessions,
      (select count(*) from audit_log)::int as audit, (select count(*) from outbox)::int as outbox`
  )[0]

const isWell = async (t: TapTest, servers: readonly Pod[], good: Readonly<Record<string, string>>) => {
  for (const [n, server] of servers.entries()) {
    for (const [what, token] of Object.entries(good)) {
      t.equal((await server.call('GET', ME, { token })).status, 200, `pod ${n}: ${what}`)
    }
    t.strictSame(
      server.log.filter(({ level }) => Number(level) >= 50),
      [],
      `pod ${n} logged no error`,
    )
  }
}

t.test('no token opens anything but one that the service has signed and could have written', async (t) => {
  const world = await createWorld(t)
  const [server, pod] = await startPair(t, world)
  const caller = createCaller(t)
  const servers = [
    { ...server, call: caller.to(server.url) },
    { ...pod, call: caller.to(pod.url) },
  ] as const
  const canary = await startCanary(t)
  const mints = createMints(world)
  const { mint } = mints
  const ada = await registerUser(servers[0].call)
  const claims = freshClaims(ada)
  const suspects = {
    ...createTokenCorpus({ ...mints, claims, canary: canary.url, every: EVERY }),
    'other things': await misused(servers, mint),
  }
  const good = {
    'the token of a log-in': ada.token,
    'a token of our own making': mint.sign(claims),
    'one with nbf': mint.sign({ ...claims, nbf: Number(claims.iat) }),
    'one with a claim of a later release': mint.sign({ ...claims, tenant: 'x' }),
  }
  await isWell(t, servers, good)
  const before = await countRows(world)
  const answers: string[] = []
  const begun = performance.now()

  for (const [family, tokens] of Object.entries(suspects)) {
    await t.test(`${family}: refused, and refused again`, async (t) => {
      const results = await sendAll(servers, tokens)
      answers.push(...results.flatMap(({ got }) => got))
      const wrong = results.filter(({ got }) => got.some((answer) => answer !== REFUSED))
      t.strictSame(wrong, [], `${tokens.length} tokens`)
    })
  }
  const seconds = (performance.now() - begun) / 1_000

  await t.test('what is larger than a header may be is refused as such', async (t) => {
    const sizes = [-3_000, -400, 0, 1, 1_000, 4_000].map((more) => HEADER_LIMIT + more)
    for (const size of sizes) {
      const [header, payload] = mint.sign(claims).split('.')
      const token = `${header}.${payload}.`.padEnd(size, 'A')
      const request = `GET ${ME} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${token}\r\n\r\n`
      for (const { url } of servers) {
        const { status, headers } = await sendRaw(url, request)
        answers.push(String(status))
        t.equal(status, request.length < HEADER_LIMIT ? 401 : 431, `${size} characters`)
        t.match(headers.get('content-type'), /^application\/problem\+json/, `${size} characters`)
      }
    }
  })

  await t.test('nothing was written, nobody was called, and both pods go on', async (t) => {
    t.strictSame(await countRows(world), before)
    t.equal(canary.visits(), 0, 'no key was fetched')
    await isWell(t, servers, good)
    t.equal(server.stderr(), '', 'the process has no complaint')
    t.doesNotThrow(() => process.kill(server.pid, 0), 'and is alive')
    const logs = JSON.stringify(servers.map(({ log }) => log))
    t.notOk(logs.includes(ada.token.slice(-40)), 'no token is in the logs')
  })

  const starting = (digit: string) => answers.filter((answer) => answer.startsWith(digit)).length
  const families = Object.values(suspects)
  figure(
    t,
    `row 18: ${families.flat().length} tokens of ${families.length} families, ${answers.length} requests to 2 pods (${seconds.toFixed(1)} s): ` +
      `${starting('2')} accepted, ${starting('5')} 5xx, ${canary.visits()} fetches of a key`,
  )
})
