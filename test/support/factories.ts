import { randomBytes } from 'node:crypto'
import type { Call, World } from './app.js'

const PASSWORD = 'correct horse battery staple'

/** Somebody with an account and a session. */
export interface Account {
  readonly id: string
  readonly email: string
  readonly password: string
  readonly token: string
}

/** A text that no other test, and no other call, has. */
export const unique = (prefix: string): string => `${prefix}-${randomBytes(6).toString('hex')}`

const register = async (call: Call, name: string): Promise<Omit<Account, 'token'>> => {
  const email = `${unique('ada')}@example.com`
  const { status, body, text } = await call('POST', '/v1/auth/register', {
    body: { email, password: PASSWORD, name },
  })
  if (status !== 201) throw new Error(`no account: ${text}`)
  return { id: body.data.id, email, password: PASSWORD }
}

const logIn = async (call: Call, user: Omit<Account, 'token'>): Promise<Account> => {
  const { email, password } = user
  const { status, body, text } = await call('POST', '/v1/auth/login', { body: { email, password } })
  if (status !== 200) throw new Error(`no session: ${text}`)
  return { ...user, token: body.data.accessToken }
}

export const registerUser = async (call: Call, name = 'Ada'): Promise<Account> =>
  logIn(call, await register(call, name))

/** The role comes with the log-in, so it is given before. */
export const registerAdmin = async (call: Call, { database }: World): Promise<Account> => {
  const user = await register(call, 'Grace')
  await database.sql`update users set role = 'admin' where id = ${user.id}`
  return logIn(call, user)
}

export const newProduct = (overrides: object = {}) => ({
  sku: unique('sku'),
  name: 'Enamel mug',
  description: 'Holds 300 ml.',
  price: { amount: 1999, currency: 'EUR' },
  stock: 10,
  ...overrides,
})

export const createProduct = async (call: Call, admin: Pick<Account, 'token'>, overrides: object = {}) => {
  const { status, body, text } = await call('POST', '/v1/products', {
    token: admin.token,
    body: newProduct(overrides),
  })
  if (status !== 201) throw new Error(`no product: ${text}`)
  return body.data as { id: string; sku: string; stock: number }
}
