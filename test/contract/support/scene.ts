import { randomBytes, randomInt } from 'node:crypto'
import { type Answer, type Call, createClient } from './client.js'

/** Where the service is, and who may write its catalogue. */
export interface Target {
  readonly url: string
  readonly adminEmail: string
  readonly adminPassword: string
  /** Seconds that the suite waits at most when a rate limit says so. */
  readonly patienceSeconds: number
}

export interface Person {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly password: string
  readonly token: string
  readonly refreshToken: string
}

export interface Product {
  readonly id: string
  readonly sku: string
  readonly name: string
  readonly stock: number
}

export interface Scene {
  readonly url: string
  readonly call: Call
  readonly admin: Person
  /** Two who know nothing of each other. */
  readonly ada: Person
  readonly eve: Person
  readonly createProduct: (overrides?: object) => Promise<Product>
  readonly placeOrder: (buyer: Person, items: readonly OrderLine[]) => Promise<Answer>
  /** What the service says is left. */
  readonly stockOf: (productId: string) => Promise<number>
}

export interface OrderLine {
  readonly productId: string
  readonly quantity: number
}

export const PASSWORD = 'a stable of eleven horses'
export const UNKNOWN_ID = '00000000-0000-7000-8000-000000000000'

/** A text that no other run has, so that the suite may run on a database in use. */
export const unique = (prefix: string): string => `${prefix}-${randomBytes(8).toString('hex')}`

const LETTERS = 'bcdfghjkmpqtvwz'

/** A word that no other run has, and that full-text search takes as it is: no vowel, no ending, no digit. */
export const uniqueWord = (): string =>
  Array.from({ length: 16 }, () => LETTERS[randomInt(LETTERS.length)]).join('')

const mustBe = (status: number, answer: Answer, what: string): Answer => {
  if (answer.status !== status) throw new Error(`${what}: ${answer.status} ${answer.text}`)
  return answer
}

export const logIn = async (call: Call, email: string, password: string): Promise<Answer> =>
  call('POST', '/v1/auth/login', { body: { email, password } })

/** Signs in, and asks who that is. */
const enter = async (call: Call, email: string, password: string): Promise<Person> => {
  const { body } = mustBe(200, await logIn(call, email, password), `no log-in of ${email}`)
  const { accessToken: token, refreshToken } = body.data
  const me = mustBe(200, await call('GET', '/v1/users/me', { token }), 'nobody is signed in')
  const { id, name } = me.body.data
  return { id, email, name, password, token, refreshToken }
}

/** A new account with a session. Of the requests that count against a limit it takes one registration and one log-in. */
export const createPerson = async (call: Call, name: string): Promise<Person> => {
  const email = `${unique('contract')}@example.com`
  const body = { email, password: PASSWORD, name }
  mustBe(201, await call('POST', '/v1/auth/register', { body }), 'no registration')
  return enter(call, email, PASSWORD)
}

export const newProduct = (overrides: object = {}) => ({
  sku: unique('sku'),
  name: 'Enamel mug',
  description: 'Holds 300 ml.',
  price: { amount: 1_999, currency: 'EUR' },
  stock: 10,
  ...overrides,
})

/** What all chapters share: an admin who was there before, and two people who were not. */
export const setScene = async ({ url, ...target }: Target): Promise<Scene> => {
  const call = createClient(url, target.patienceSeconds)
  const admin = await enter(call, target.adminEmail, target.adminPassword)
  return {
    url,
    call,
    admin,
    ada: await createPerson(call, 'Ada'),
    eve: await createPerson(call, 'Eve'),
    createProduct: async (overrides) => {
      const options = { token: admin.token, body: newProduct(overrides) }
      return mustBe(201, await call('POST', '/v1/products', options), 'no product').body.data
    },
    placeOrder: ({ token }, items) => call('POST', '/v1/orders', { token, body: { items } }),
    stockOf: async (id) => mustBe(200, await call('GET', `/v1/products/${id}`), 'no product').body.data.stock,
  }
}
