/** A field that no route declares, as it is sent by whoever hopes that it is written. */
export interface Smuggled {
  /** `"field":value`, as it stands in a JSON object. */
  readonly json: string
  /** `field=value`, as it stands in a query. */
  readonly query: string
}

const ID = '00000000-0000-7000-8000-000000000000'
const TIME = '2026-01-01T00:00:00.000Z'
const HASH = '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA'

const VALUES: Readonly<Record<string, unknown>> = {
  role: 'admin',
  id: ID,
  version: 7,
  password_hash: HASH,
  passwordHash: HASH,
  Role: 'admin',
  'role ': 'admin',
  roles: ['admin'],
  isAdmin: true,
  userId: ID,
  user_id: ID,
  sessionId: ID,
  disabled: false,
  disabledAt: null,
  disabled_at: null,
  emailVerified: true,
  emailVerifiedAt: TIME,
  email_verified_at: TIME,
  createdAt: TIME,
  created_at: TIME,
  updatedAt: TIME,
  deletedAt: null,
  deleted_at: null,
  expiresAt: TIME,
  avatarUrl: 'https://example.com/a.png',
  constructor: 'Object',
  prototype: { role: 'admin' },
  toString: 'admin',
  user: { role: 'admin' },
  data: { role: 'admin' },
  $set: { role: 'admin' },
  'user.role': 'admin',
  'user[role]': 'admin',
  'role[]': 'admin',
  '': 'admin',
}

/** Keys that some parser takes for a prototype: JSON texts, since an object literal would be one. */
const POLLUTING = [
  ['__proto__', '{"role":"admin"}'],
  ['__proto__', '"admin"'],
  ['__proto__', 'null'],
  ['\\u005f_proto__', '{"role":"admin"}'],
  ['constructor', '{"prototype":{"role":"admin"}}'],
  ['__proto__[role]', '"admin"'],
] as const

const smuggle = (key: string, value: string): Smuggled => {
  const [field, plain] = [JSON.parse(key), JSON.parse(value)]
  const text = typeof plain === 'string' ? plain : value
  return { json: `${key}:${value}`, query: `${encodeURIComponent(field)}=${encodeURIComponent(text)}` }
}

const doubled = ({ json, query }: Smuggled): Smuggled => ({
  json: `${json},${json}`,
  query: `${query}&${query}`,
})

/**
 * Every field beside those that are declared, in one request each.
 * @param twice how many of them also come as a key that is there twice
 */
export const smuggledBeside = (declared: readonly string[], twice: number): Smuggled[] => {
  const fields = Object.entries(VALUES).filter(([field]) => !declared.includes(field))
  const pairs = fields.map(([field, value]) => smuggle(JSON.stringify(field), JSON.stringify(value)))
  const polluting = POLLUTING.map(([field, value]) => smuggle(`"${field}"`, value))
  return [...pairs, ...pairs.slice(0, twice).map(doubled), ...polluting]
}

/**
 * A body that has more than it should: further fields before or behind its own, its own fields with something
 * inside, and itself inside something.
 */
export const bodiesWith = (body: object, smuggled: readonly Smuggled[]): string[] => {
  const own = JSON.stringify(body).slice(1, -1)
  const nested = Object.entries(body).flatMap(([field, value]) => {
    const inside = JSON.stringify({ value, role: 'admin' })
    const list = JSON.stringify([value])
    return [
      JSON.stringify({ ...body, [field]: [value] }),
      `{${own},${JSON.stringify(field)}:${inside}}`,
      `{${own},${JSON.stringify(field)}:${list}}`,
    ]
  })
  return [
    ...smuggled.map(({ json }, index) => (index % 2 === 0 ? `{${own},${json}}` : `{${json},${own}}`)),
    ...nested,
    `[{${own}}]`,
    `{"data":{${own},"role":"admin"}}`,
  ]
}

/** Differently named fields, for the figure. */
export const FIELD_COUNT = new Set([
  ...Object.keys(VALUES),
  ...POLLUTING.map(([key]) => JSON.parse(`"${key}"`)),
]).size
