import { type CorpusNeeds, jsonPart, type Suspect, toPart } from './tokens.js'

/* Texts that are nearly a token, and tokens that are written otherwise than the service writes them. */

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const positions = (length: number, every: number): number[] =>
  Array.from({ length: Math.ceil(length / every) }, (_, n) => n * every)

/** The next character of the alphabet; a dot becomes one of its letters. */
const nextCharacter = (character: string): string =>
  BASE64URL[(BASE64URL.indexOf(character) + 1) % BASE64URL.length] ?? ''

export const truncated = ({ mint, claims, every }: CorpusNeeds): Suspect[] => {
  const token = mint.sign(claims)
  const [header = '', payload = '', signature = ''] = token.split('.')
  const cut = positions(token.length, every).flatMap((length) => [
    { what: `the first ${length} characters`, token: token.slice(0, length) },
    { what: `without the first ${length + 1} characters`, token: token.slice(length + 1) },
  ])
  const parts: Record<string, string> = {
    'no header': `.${payload}.${signature}`,
    'no payload': `${header}..${signature}`,
    'no signature': `${header}.${payload}.`,
    'the header alone': `${header}..`,
    'one dot': '.',
    'two dots': '..',
    'three dots': '...',
    'a fourth part': `${token}.${signature}`,
    'an empty fourth part': `${token}.`,
    'an empty first part': `.${token}`,
    'five parts': `${header}.${payload}.${signature}.${payload}.${signature}`,
    'two tokens': `${token}.${token}`,
    'two tokens and a comma': `${token},${token}`,
    'quotes around it': `"${token}"`,
    'brackets around it': `<${token}>`,
    'the scheme twice': `Bearer${token}`,
    'its JSON form': JSON.stringify({ protected: header, payload, signature }),
    'JSON of claims': JSON.stringify(claims),
    'a user and a password': toPart('admin:admin'),
    null: 'null',
    undefined: 'undefined',
    'an object': '[object-Object]',
  }
  return [...cut, ...Object.entries(parts).map(([what, text]) => ({ what, token: text }))]
}

/** Every character changed, lost, doubled or exchanged with its neighbour, one at a time. */
export const mistyped = ({ mint, claims, every }: CorpusNeeds): Suspect[] => {
  const token = mint.sign(claims)
  return positions(token.length, every)
    .flatMap((at) => {
      const [before, after] = [token.slice(0, at), token.slice(at + 1)]
      const character = token.charAt(at)
      const exchanged = after.charAt(0) + character + after.slice(1)
      return [
        { what: `character ${at} changed`, token: before + nextCharacter(character) + after },
        { what: `character ${at} lost`, token: before + after },
        { what: `character ${at} twice`, token: before + character + character + after },
        { what: `characters from ${at} exchanged`, token: before + exchanged },
      ]
    })
    .filter((suspect) => suspect.token !== token)
}

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

/** Up to what a header may be, about 16 KiB. The test of the limit goes further. */
export const oversized = ({ mint, claims, strangers }: CorpusNeeds): Suspect[] => {
  const header = jsonPart(mint.header)
  const forged = Object.values(strangers)[0]?.signatureOf('') ?? ''
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]))
  const padded = [1_000, 4_000, 8_000, 10_000, 11_500].map((size): [string, string] => [
    `a forged payload of ${size} bytes`,
    `${header}.${jsonPart({ ...claims, pad: 'x'.repeat(size) })}.${forged}`,
  ])
  const texts: [what: string, token: string][] = [
    ...padded,
    ['a header of 1,000 members', `${jsonPart({ ...mint.header, ...many(1_000) })}.e30.${forged}`],
    ['a payload of 1,000 members', `${header}.${jsonPart({ ...claims, ...many(1_000) })}.${forged}`],
    ['a kid of 11,000 characters', `${jsonPart({ ...mint.header, kid: 'k'.repeat(11_000) })}.e30.${forged}`],
    ['a header nested 1,900 times', `${toPart(nested(1_900))}.e30.${forged}`],
    ['a payload nested 1,800 times', `${header}.${toPart(nested(1_800))}.${forged}`],
    ['a payload of 5,700 lists', `${header}.${toPart('['.repeat(5_700) + ']'.repeat(5_700))}.${forged}`],
    ['a payload that never closes', `${header}.${toPart('['.repeat(11_000))}.${forged}`],
    ['a number of 11,000 digits', `${header}.${toPart(`{"exp":${'9'.repeat(11_000)}}`)}.${forged}`],
    ['a number of 11,000 places', `${header}.${toPart(`{"exp":0.${'1'.repeat(11_000)}}`)}.${forged}`],
    ['1,000 names of algorithms', `${toPart('"alg" : "ES2"'.repeat(850))}.e30.${forged}`],
    ['11,000 blanks in the header', `${toPart(`{"alg"${' '.repeat(11_000)}:"ES256"}`)}.e30.${forged}`],
    ['a signature of 15,000 characters', `${header}.${jsonPart(claims)}.${'A'.repeat(15_000)}`],
    ['15,000 dots', '.'.repeat(15_000)],
    ['15,000 letters', 'A'.repeat(15_000)],
    ['15,000 equal signs', '='.repeat(15_000)],
  ]
  return texts.map(([what, token]) => ({ what, token }))
}

/** JSON that the service would have written otherwise. */
const FORMS: Readonly<Record<string, (text: string) => string>> = {
  'a leading blank': (text) => ` ${text}`,
  'a trailing line break': (text) => `${text}\n`,
  'blanks between': (text) => JSON.stringify(JSON.parse(text), null, 1),
  'a byte order mark': (text) => `\ufeff${text}`,
  'escaped names': (text) => text.replace(/"(\w)/, (_, first) => `"\\u00${first.charCodeAt(0).toString(16)}`),
  'a comma at the end': (text) => `${text.slice(0, -1)},}`,
  'a comment': (text) => `${text}//`,
  'single quotes': (text) => text.replaceAll('"', "'"),
  'a number with an exponent': (text) => text.replace(/:(\d+)/, ':$1e0'),
  'something behind it': (text) => `${text}{}`,
  'a list around it': (text) => `[${text}]`,
  'quotes around it': JSON.stringify,
  'half of it': (text) => text.slice(0, text.length / 2),
  nothing: () => '',
  'an empty object': () => '{}',
  'an empty list': () => '[]',
  null: () => 'null',
  true: () => 'true',
  'a number': () => '1',
  'a text': () => '"unnest"',
  NaN: () => 'NaN',
}

/** Each member once more, in front and behind, with another value and with its own. */
const twice = (object: object): [what: string, text: string][] => {
  const text = JSON.stringify(object)
  return Object.entries(object).flatMap(([name, value]) =>
    [typeof value === 'number' ? value + 1 : 'admin', value].flatMap((again, n): [string, string][] => {
      const member = JSON.stringify({ [name]: again }).slice(1, -1)
      const what = `${name} twice, ${n === 0 ? 'another value' : 'the same'}`
      return [
        [`${what} first`, `{${member},${text.slice(1)}`],
        [`${what} last`, `${text.slice(0, -1)},${member}}`],
      ]
    }),
  )
}

/** A claim more, its text the byte 0xFF. */
const withBrokenByte = (claims: object): Buffer =>
  Buffer.concat([
    Buffer.from('{"x":"'),
    Buffer.from([0xff]),
    Buffer.from(`",${JSON.stringify(claims).slice(1)}`),
  ])

/** All of it signed by the service. */
export const spellings = ({ mint, claims }: CorpusNeeds): Suspect[] => {
  const objects = { header: mint.header, payload: claims }
  const parts: Record<'header' | 'payload', string> = {
    header: jsonPart(mint.header),
    payload: jsonPart(claims),
  }
  return (['header', 'payload'] as const).flatMap((part) => {
    const text = JSON.stringify(objects[part])
    const formed = Object.entries(FORMS).map(([what, write]): [string, string] => [what, write(text)])
    const changed = [...formed, ...twice(objects[part])].filter(([, other]) => other !== text)
    const bytes = withBrokenByte(objects[part])
    return [...changed, ['a byte that is no UTF-8', bytes] as const].map(([what, other]) => {
      const spelt: typeof parts = { ...parts, [part]: toPart(other) }
      return { what: `${part}: ${what}`, token: mint.signParts(spelt.header, spelt.payload) }
    })
  })
}

/** A part whose last character says more bits than there are bytes for: read carelessly, it is the same part. */
const withUnusedBits = (part: string, bits: number): string =>
  part.slice(0, -1) + (BASE64URL[BASE64URL.indexOf(part.slice(-1)) + bits] ?? '')

/** JSON of a length that leaves unused bits in its encoding. */
const unevenPart = (value: object): string => {
  const parts = ['', 'x'].map((pad) => jsonPart(pad === '' ? value : { ...value, pad }))
  return parts.find((part) => part.length % 4 !== 0) ?? ''
}

export const encodings = ({ mint, claims }: CorpusNeeds): Suspect[] => {
  const [header = '', payload = '', signature = ''] = mint.sign(claims).split('.')
  const padding = (part: string): string => '='.repeat((4 - (part.length % 4)) % 4 || 1)
  const uneven = unevenPart(claims)
  const texts: Record<string, string> = {
    'a padded signature': `${header}.${payload}.${signature}==`,
    'a padded signature, once': `${header}.${payload}.${signature}=`,
    'a padded header': mint.signParts(header + padding(header), payload),
    'a padded payload': mint.signParts(header, payload + padding(payload)),
    'percent signs': `${header}.${payload}.${signature}%3D`,
    'a plus for padding': `${header}.${payload}.${signature}+`,
    'a slash at the end': `${header}.${payload}.${signature}/`,
    'a tilde at the end': `${header}.${payload}.${signature}~`,
    'a comma inside': `${header}.${payload}.${signature.slice(0, 40)},${signature.slice(40)}`,
    'base64 of it': toPart(`${header}.${payload}.${signature}`),
    'parts encoded twice': mint.signParts(toPart(header), toPart(payload)),
    'a header with unused bits': mint.signParts(withUnusedBits(header, 1), payload),
    'a payload with unused bits': mint.signParts(header, withUnusedBits(uneven, 1)),
    'one character too many in the payload': mint.signParts(header, `${jsonPart({ ...claims })}A`),
    'the alphabet of base64': `${header}.${payload}.${signature.replaceAll('-', '+').replaceAll('_', '/')}+/`,
  }
  const unused = Array.from({ length: 15 }, (_, n) => ({
    what: `a signature with unused bits ${n + 1}`,
    token: `${header}.${payload}.${withUnusedBits(signature, n + 1)}`,
  }))
  return [...Object.entries(texts).map(([what, token]) => ({ what, token })), ...unused]
}
