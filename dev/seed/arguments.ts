import { parseArgs } from 'node:util'
import { StartError } from '../stack/start-error.js'
import { DEFAULT_SIZES, faultOfSizes, MAX_SIZES, MIN_PRODUCTS_TO_ORDER, type Sizes } from './sizes.js'

export interface SeedArguments {
  readonly sizes: Sizes
  readonly password: string | undefined
}

/** As long as the log-in allows. */
const MAX_PASSWORD_UNITS = 256

const { users, products, orders } = DEFAULT_SIZES

export const HELP = `npm run seed -- [--users N] [--products N] [--orders N] [--password TEXT]

  --users N        1 to ${MAX_SIZES.users}, ${users} if absent: user-000001@seed.example and so on
  --products N     0 to ${MAX_SIZES.products}, ${products} if absent: seed-00001 and so on; ${MIN_PRODUCTS_TO_ORDER} at least for any orders
  --orders N       0 to ${MAX_SIZES.orders}, ${orders} if absent: of the year before 1 November 2026, each with its history
  --password TEXT  lets the users that are added log in with it; without it nobody can log in as one of them

The same numbers give the same data, in any database and on any day; only the password's hash differs each time. A
second run adds nothing. With larger numbers users and products are added; orders of other numbers are other orders.
It fills the database of DATABASE_URL, or else that of the npm start which runs in this folder, or else the one in
.data, which the next npm start finds.`

/** What the command was asked for; undefined when that is help. Throws a StartError of one line for anything else. */
export const readArguments = (args: readonly string[]): SeedArguments | undefined => {
  const values = parse(args)
  if (values.help === true) return undefined
  const sizes = {
    users: count('users', values.users),
    products: count('products', values.products),
    orders: count('orders', values.orders),
  }
  const fault = faultOfSizes(sizes)
  if (fault !== undefined) throw new StartError(`--${fault}`)
  return { sizes, password: checkPassword(values.password) }
}

const parse = (args: readonly string[]) => {
  const type = 'string'
  try {
    const options = { users: { type }, products: { type }, orders: { type }, password: { type } } as const
    return parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean', short: 'h' } } })
      .values
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split(/\.\s|\n/)
    throw new StartError(`${reason}: see npm run seed -- --help`)
  }
}

const count = (name: keyof Sizes, text: string | undefined): number => {
  if (text === undefined) return DEFAULT_SIZES[name]
  // Number() alone would take 1e3, 0x10 and nothing at all.
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
}

const checkPassword = (password: string | undefined): string | undefined => {
  if (password === undefined || (password !== '' && password.length <= MAX_PASSWORD_UNITS)) return password
  throw new StartError(`--password must have 1 to ${MAX_PASSWORD_UNITS} characters`)
}
