import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import jwt, { type FastifyJWTOptions } from '@fastify/jwt'
import Fastify, { type FastifyInstance } from 'fastify'

/** What signing and verifying an access token costs, by algorithm: `npm run bench:jwt`. */

const ROUNDS = 7
const SIGNATURES = 400
const VERIFICATIONS = 400
const CACHED_VERIFICATIONS = 20_000

const CLAIMS = {
  sub: '019a0000-0000-7000-8000-000000000001',
  sid: '019a0000-0000-7000-8000-000000000002',
  role: 'user',
} as const
const SIGN = { iss: 'unnest', aud: 'unnest-api', kid: 'x'.repeat(43), expiresIn: 600 }

const ALGORITHMS = ['HS256', 'RS256', 'ES256', 'EdDSA'] as const
type Algorithm = (typeof ALGORITHMS)[number]

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const keyPair = (algorithm: Exclude<Algorithm, 'HS256'>): Pair => {
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return generateKeyPairSync('ed25519')
}

const secretFor = (algorithm: Algorithm): FastifyJWTOptions['secret'] => {
  if (algorithm === 'HS256') return randomBytes(32)
  const { publicKey, privateKey } = keyPair(algorithm)
  const pem = { format: 'pem' } as const
  return {
    public: publicKey.export({ ...pem, type: 'spki' }).toString(),
    private: privateKey.export({ ...pem, type: 'pkcs8' }).toString(),
  }
}

interface Candidate {
  readonly algorithm: Algorithm
  readonly plain: FastifyInstance
  readonly cached: FastifyInstance
  readonly token: string
}

const prepare = async (algorithm: Algorithm): Promise<Candidate> => {
  const secret = secretFor(algorithm)
  const sign = { ...SIGN, algorithm }
  const appWith = async (cache: boolean): Promise<FastifyInstance> => {
    const app = Fastify()
    await app.register(jwt, { secret, sign, verify: { algorithms: [algorithm], cache } })
    return app
  }
  const [plain, cached] = [await appWith(false), await appWith(true)]
  return { algorithm, plain, cached, token: plain.jwt.sign(CLAIMS) }
}

/** Microseconds of one call, over so many. */
const cost = (times: number, work: () => unknown): number => {
  const begun = performance.now()
  for (let time = 0; time < times; time += 1) work()
  return ((performance.now() - begun) * 1_000) / times
}

const MEASURED = {
  sign: ({ plain }: Candidate) => cost(SIGNATURES, () => plain.jwt.sign(CLAIMS)),
  verify: ({ plain, token }: Candidate) => cost(VERIFICATIONS, () => plain.jwt.verify(token)),
  'verify, cached': ({ cached, token }: Candidate) =>
    cost(CACHED_VERIFICATIONS, () => cached.jwt.verify(token)),
}
type Measured = keyof typeof MEASURED
const NAMES = Object.keys(MEASURED) as Measured[]

const summary = (samples: readonly number[]): { median: number; text: string } => {
  const sorted = [...samples].sort((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const digits = median < 10 ? 1 : 0
  const spread = `${sorted[0]?.toFixed(digits)}..${sorted.at(-1)?.toFixed(digits)}`
  return { median, text: `${median.toFixed(digits)} us (${spread})` }
}

const candidates = await Promise.all(ALGORITHMS.map(prepare))
const samples = new Map<string, number[]>()
// Round by round and not algorithm by algorithm: what else the machine does meets all alike.
for (let round = 0; round <= ROUNDS; round += 1) {
  process.stdout.write(round === 0 ? 'warming up' : ` ${round}/${ROUNDS}`)
  for (const candidate of candidates) {
    for (const name of NAMES) {
      const sample = MEASURED[name](candidate)
      const key = `${candidate.algorithm} ${name}`
      if (round > 0) samples.set(key, [...(samples.get(key) ?? []), sample])
    }
  }
}
console.log(`\n\nNode ${process.version}; median of ${ROUNDS} rounds (fastest..slowest), ratio to HS256`)
console.log(`| algorithm | token | ${NAMES.join(' | ')} |\n|---|---|${'---|'.repeat(NAMES.length)}`)
for (const { algorithm, token } of candidates) {
  const cells = NAMES.map((name) => {
    const { median, text } = summary(samples.get(`${algorithm} ${name}`) ?? [])
    const base = summary(samples.get(`HS256 ${name}`) ?? []).median
    return `${text}, x${(median / base).toFixed(1)}`
  })
  console.log(`| ${algorithm} | ${token.length} B | ${cells.join(' | ')} |`)
}
await Promise.all(candidates.flatMap(({ plain, cached }) => [plain.close(), cached.close()]))
