import { type CorpusNeeds, jsonPart, type Suspect, toPart } from './tokens.js'

/*
 * Headers and claims that the service would never write. All of them are signed with the service's own key, so
 * that nothing but the rule about them can refuse them; what names another key is also signed with that key.
 */

const show = (value: unknown): string => (JSON.stringify(value) ?? 'absent').slice(0, 60)

/** What stands where a text or a number should. Undefined is left out of JSON: the claim is absent. */
const NO_TEXT = [undefined, null, '', ' ', 7, 0, -1, 1.5, true, false, [], {}]

const BAD_TIMES = [
  '1700000000',
  '',
  'now',
  '2026-01-01T00:00:00Z',
  null,
  true,
  false,
  [],
  [1_700_000_000],
  {},
  -1,
  -1_700_000_000,
  1e300,
  -1e300,
  1e21,
  2 ** 53,
]

export const keyIds = ({ mint, claims, strangers, canary }: CorpusNeeds): Suspect[] => {
  const { kid } = mint.header
  const hostile = [
    '../../../../../../dev/null',
    '..\\..\\windows\\win.ini',
    '/dev/null',
    '/proc/self/environ',
    'dist/server.js',
    'file:///etc/passwd',
    `${canary}/kid.pem`,
    `//${new URL(canary).host}/kid`,
    "' or '1'='1",
    "x' union select 'secret' --",
    '"; drop table users; --',
    '$(id)',
    '`id`',
    '|id',
    '{{7*7}}',
    '*',
    '%',
    '.*',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'size',
    '0',
    kid.toUpperCase(),
    kid.slice(0, -1),
    `${kid} `,
    ` ${kid}`,
    `${kid}\u0000`,
    `${kid}\n`,
    `${kid}=`,
    encodeURIComponent(`${kid}/`),
    'k'.repeat(201),
    'k'.repeat(4_000),
    '\u{1f511}',
    [kid],
    [[kid]],
    { kid },
    { toString: kid },
    ...NO_TEXT,
  ]
  const signers = { 'the service': mint, ...strangers }
  return Object.entries(signers).flatMap(([name, signer]) =>
    hostile.map((given) => ({
      what: `kid ${show(given)}, signed by ${name}`,
      token: signer.sign(claims, { ...mint.header, kid: given }),
    })),
  )
}

/** Headers that bring a key along, or say where to fetch one. */
export const broughtKeys = ({ mint, claims, strangers, canary }: CorpusNeeds): Suspect[] =>
  Object.entries({ 'the service': mint, ...strangers }).flatMap(([name, signer]) => {
    const jwk = { ...signer.publicKey.export({ format: 'jwk' }), kid: signer.header.kid, alg: 'ES256' }
    const der = signer.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
    const members: Record<string, object> = {
      jku: { jku: `${canary}/jwks.json` },
      'jku without a scheme': { jku: `//${new URL(canary).host}/jwks.json` },
      'jku of a file': { jku: 'file:///proc/self/environ' },
      jwk: { jwk },
      'jwk of a secret': { jwk: { kty: 'oct', k: 'c2VjcmV0' } },
      x5u: { x5u: `${canary}/x5u.pem` },
      x5c: { x5c: [der] },
      x5t: { x5t: 'dGh1bWI' },
      'x5t#S256': { 'x5t#S256': 'dGh1bWI' },
      'all at once': { jku: `${canary}/jwks.json`, jwk, x5u: `${canary}/x5u.pem`, x5c: [der] },
    }
    const ids = new Set([mint.header.kid, signer.header.kid, undefined])
    return Object.entries(members).flatMap(([member, value]) =>
      [...ids].map((kid) => ({
        what: `${member} by ${name}, kid ${show(kid)}`,
        token: signer.sign(claims, { ...mint.header, kid, ...value }),
      })),
    )
  })

export const headers = ({ mint, claims }: CorpusNeeds): Suspect[] => {
  const critical = [['exp'], ['kid'], ['x-unknown'], ['b64'], [], [''], [null], 'exp', null, true, {}, 0]
  const types = ['at+jwt', 'application/jwt', 'jwt', 'Jwt', 'JOSE', 'JWT ', 'dpop+jwt', 'logout+jwt', ['JWT']]
  const members: [what: string, members: object][] = [
    ...critical.map((crit): [string, object] => [`crit ${show(crit)}`, { crit }]),
    ['crit of a member that is there', { crit: ['x-unknown'], 'x-unknown': true }],
    ['crit of __proto__', { crit: ['__proto__'] }],
    ['b64 of false', { b64: false }],
    ['b64 of true', { b64: true }],
    ['critical b64 of false', { b64: false, crit: ['b64'] }],
    ...[...types, ...NO_TEXT].map((typ): [string, object] => [`typ ${show(typ)}`, { typ }]),
    ['cty', { cty: 'JWT' }],
    ['zip', { zip: 'DEF' }],
    ['enc', { enc: 'A256GCM' }],
    ['epk', { epk: {} }],
    ['claims in the header', { iss: claims['iss'], exp: claims['exp'] }],
    ['an unknown member', { x: 1 }],
  ]
  const signed = members.map(([what, more]) => ({
    what,
    token: mint.sign(claims, { ...mint.header, ...more }),
  }))
  const unencoded = { ...mint.header, b64: false, crit: ['b64'] }
  return [
    ...signed,
    {
      what: 'a payload that is not encoded (RFC 7797)',
      token: mint.signParts(jsonPart(unencoded), JSON.stringify(claims)),
    },
    {
      what: 'a detached payload',
      token: mint.sign(claims, unencoded).replace(/\.[^.]+\./, '..'),
    },
  ]
}

/** Seconds. A test that lasts for minutes must not reach what is in the future here. */
const SOON = 550

export const times = ({ mint, claims }: CorpusNeeds): Suspect[] => {
  const now = Math.floor(Date.now() / 1_000)
  const alone = ['exp', 'nbf', 'iat'].flatMap((claim) =>
    BAD_TIMES.map((value): [string, object] => [`${claim} ${show(value)}`, { [claim]: value }]),
  )
  const others: Record<string, object> = {
    'no exp': { exp: undefined },
    'no iat': { iat: undefined },
    'no time at all': { exp: undefined, iat: undefined },
    'exp with a fraction': { exp: now + 300.5 },
    'iat with a fraction': { iat: now - 0.5 },
    'nbf with a fraction': { nbf: now - 0.5 },
    'exp in milliseconds': { exp: (now + 300) * 1_000 },
    'iat in milliseconds': { iat: now * 1_000 },
    'nbf in milliseconds': { nbf: now * 1_000 },
    'exp a second ago': { iat: now - 300, exp: now - 1 },
    'exp a minute ago': { iat: now - 300, exp: now - 60 },
    'exp of zero': { exp: 0 },
    'exp before iat': { iat: now, exp: now - 300 },
    'exp as iat': { iat: now + 4, exp: now + 4 },
    'iat in the future': { iat: now + SOON, exp: now + SOON + 30 },
    'iat of zero': { iat: 0 },
    'nbf in the future': { nbf: now + SOON },
    'a life of 601 s': { iat: now, exp: now + 601 },
    'a life of a day': { iat: now, exp: now + 86_400 },
    'a life of a year': { iat: now, exp: now + 31_536_000 },
    'a life that began earlier': { iat: now - 86_400, exp: now + 300 },
  }
  return [...alone, ...Object.entries(others)].map(([what, change]) => ({
    what,
    token: mint.sign({ ...claims, ...change }),
  }))
}

/** The same wrong values for each of the claims that are texts. */
const textClaim = (needs: CorpusNeeds, claim: string, wrong: readonly unknown[]): Suspect[] => {
  const { mint, claims } = needs
  const good = claims[claim]
  const wrapped = [[good], [good, 'other'], [[good]], { [String(good)]: true }]
  const texts = [`${good} `, ` ${good}`, `${good}\u0000`, `${good}\n`, `${good}x`, String(good).slice(0, -1)]
  return [...NO_TEXT, ...wrapped, ...texts, ...wrong].map((value) => ({
    what: `${claim} ${show(value)}`,
    token: mint.sign({ ...claims, [claim]: value }),
  }))
}

export const parties = (needs: CorpusNeeds): Suspect[] => [
  ...textClaim(needs, 'iss', ['Unnest', 'UNNEST', 'unnest-api', 'https://unnest', '*', needs.canary]),
  ...textClaim(needs, 'aud', ['Unnest-Api', 'unnest', '*', 'other', ['other', 'unnest-api'], [null]]),
]

export const subjects = (needs: CorpusNeeds): Suspect[] => {
  const noIds = ['me', '1', 'x'.repeat(36), "' or '1'='1", '00000000-0000-0000-0000-00000000000g', '../me']
  const noRoles = ['root', 'Admin', 'ADMIN', 'User', 'superuser', '*', 'user,admin', ['user', 'admin']]
  return [
    ...textClaim(needs, 'sub', noIds),
    ...textClaim(needs, 'sid', noIds),
    ...textClaim(needs, 'role', noRoles),
    {
      what: 'a role by the prototype',
      token: needs.mint.signParts(
        jsonPart(needs.mint.header),
        toPart(
          JSON.stringify({ ...needs.claims, role: undefined }).replace('{', '{"__proto__":{"role":"admin"},'),
        ),
      ),
    },
  ]
}
