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

export const registerUser = async (call: Call, name = 'Ada'): Promise<Account> => {
  const email = `${unique('ada')}@example.com`
  const registered = await call('POST', '/v1/auth/register', { body: { email, password: PASSWORD, name } })
  const loggedIn = await call('POST', '/v1/auth/login', { body: { email, password: PASSWORD } })
  if (registered.status !== 201 || loggedIn.status !== 200) {
    throw new Error(`no account: ${registered.text} ${loggedIn.text}`)
  }
  return { id: registered.body.data.id, email, password: PASSWORD, token: loggedIn.body.data.accessToken }
}

/** The role comes with the log-in, so it is given before. */
export const registerAdmin = async (call: Call, { database }: World): Promise<Account> => {
  const user = await registerUser(call, 'Grace')
  await database.sql`update users set role = 'admin' where id = ${user.id}`
  const { body } = await call('POST', '/v1/auth/login', { body: { email: user.email, password: PASSWORD } })
  return { ...user, token: body.data.accessToken }
}

export const newProduct = (overrides: object = {}) => ({
  sku: unique('sku'),
  name: 'Enamel mug',
  description: 'Holds 300 ml.',
  price: { amount: 1999, currency: 'EUR' },
  stock: 10,
  ...overrides,
})

export const createProduct = async (call: Call, admin: Account, overrides: object = {}) => {
  const { status, body, text } = await call('POST', '/v1/products', {
    token: admin.token,
    body: newProduct(overrides),
  })
  if (status !== 201) throw new Error(`no product: ${text}`)
  return body.data as { id: string; sku: string; stock: number }
}
