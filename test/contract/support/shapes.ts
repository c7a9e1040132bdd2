import type { Test } from 'tap'
import type { Answer } from './client.js'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
/** RFC 3339 in UTC. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
const WHOLE = { id: UUID_V7, createdAt: INSTANT, updatedAt: INSTANT }

const ACCOUNT = ['avatarUrl', 'createdAt', 'email', 'emailVerified', 'id', 'name', 'role', 'updatedAt']
const PROFILE = ['avatarUrl', 'createdAt', 'id', 'name']
const PRODUCT = ['createdAt', 'description', 'id', 'imageUrl', 'name', 'price', 'sku', 'stock', 'updatedAt']
const ORDER = ['createdAt', 'id', 'items', 'status', 'total', 'updatedAt', 'userId']
const ITEM = ['name', 'productId', 'quantity', 'sku', 'unitPrice']
const TOKENS = ['accessToken', 'expiresIn', 'refreshExpiresIn', 'refreshToken', 'tokenType']

/** That an object has these members and no others: an undeclared one would be a leak. */
const hasOnly = (t: Test, value: object, members: readonly string[], what: string): void => {
  t.strictSame(Object.keys(value).sort(), members, `${what}: its members and no others`)
}

export const isAccount = (t: Test, value: object): void => {
  hasOnly(t, value, ACCOUNT, 'account')
  t.match(value, { ...WHOLE, emailVerified: Boolean, role: /^(user|admin)$/ })
}

export const isProfile = (t: Test, value: object): void => {
  hasOnly(t, value, PROFILE, 'profile')
  t.match(value, { id: UUID_V7, createdAt: INSTANT, name: String })
}

export const isProduct = (t: Test, value: object): void => {
  hasOnly(t, value, PRODUCT, 'product')
  t.match(value, { ...WHOLE, price: { amount: Number, currency: /^[A-Z]{3}$/ }, stock: Number })
}

export const isOrder = (
  t: Test,
  value: { readonly items: readonly object[]; readonly total: object },
): void => {
  hasOnly(t, value, ORDER, 'order')
  t.match(value, { ...WHOLE, total: { amount: Number, currency: /^[A-Z]{3}$/ } })
  hasOnly(t, value.total, ['amount', 'currency'], 'total')
  for (const item of value.items) hasOnly(t, item, ITEM, 'item')
}

export const areTokens = (t: Test, value: object): void => {
  hasOnly(t, value, TOKENS, 'tokens')
  t.match(value, { tokenType: 'Bearer', accessToken: /^[\w-]+\.[\w-]+\.[\w-]+$/, refreshToken: String })
  t.match(value, { expiresIn: Number, refreshExpiresIn: Number })
}

/** Who may see an answer, and so keep it. */
const KEPT_BY = {
  caller: /^(?!.*public).*(no-store|private)/,
  /** For a minute at most: no write reaches what clients and proxies keep. */
  anybody: /^(public, max-age=[1-5]?\d\b.*|(?!.*public).*(no-store|private).*)$/,
} as const

/** A success as the contract has it: JSON in an envelope, kept by no shared cache but where everybody may see it. */
export const isSuccess = (
  t: Test,
  { status, headers, body, text }: Answer,
  expected: number,
  keptBy: keyof typeof KEPT_BY = 'caller',
): void => {
  const told = {
    status,
    type: headers.get('content-type')?.toLowerCase().replace(' ', ''),
    hasId: /^[\w.-]{8,128}$/.test(headers.get('x-request-id') ?? ''),
    isKeptRightly: KEPT_BY[keptBy].test(headers.get('cache-control') ?? ''),
    isInEnvelope: body?.data !== undefined,
  }
  const type = 'application/json;charset=utf-8'
  const whole = { hasId: true, isKeptRightly: true, isInEnvelope: true }
  t.strictSame(told, { status: expected, type, ...whole }, text.slice(0, 100))
}

/** The paths of what is wrong with the input, each once, sorted. */
export const faultyPaths = ({ body }: Answer): string[] => {
  const errors: readonly { readonly path: string }[] = body?.errors ?? []
  return [...new Set(errors.map(({ path }) => path))].sort()
}
