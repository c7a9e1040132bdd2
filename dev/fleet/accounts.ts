import type postgres from 'postgres'
import { withClient } from './http-client.js'
import { withSql } from './limits.js'
import { logIn } from './log-ins.js'
import type { LoadOrder } from './protocol.js'

const BUYERS = 16

export interface Account {
  readonly id: string
  readonly email: string
}

const living = (sql: postgres.Sql) =>
  sql`role = 'user' and disabled_at is null and deleted_at is null and email is not null`

/** Users that no buyer of the load is; what is done to one may be done for good. */
export const findBystanders = (databaseUrl: string, count: number): Promise<Account[]> =>
  withSql(databaseUrl, async (sql) => [
    ...(await sql<
      Account[]
    >`select id, email from users where ${living(sql)} order by id desc limit ${count}`),
  ])

export const findAdmin = (databaseUrl: string): Promise<Account> =>
  withSql(databaseUrl, async (sql) => {
    const [admin] = await sql<Account[]>`select id, email from users where role = 'admin' limit 1`
    if (admin === undefined) throw new Error('there is no admin')
    return admin
  })

export const findProduct = (databaseUrl: string): Promise<string> =>
  withSql(databaseUrl, async (sql) => {
    const [product] = await sql<{ id: string }[]>`select id from products where deleted_at is null limit 1`
    return product?.id ?? ''
  })

/** Logs the buyers in. */
export const prepareLoad = async (databaseUrl: string, url: string): Promise<LoadOrder> => {
  const users = await withSql(
    databaseUrl,
    (sql) => sql<Account[]>`select id, email from users where ${living(sql)} order by id limit ${BUYERS}`,
  )
  const buyers = await withClient(async (client) => {
    const loggedIn = []
    for (const user of users) loggedIn.push({ ...user, token: await logIn(client, url, user.email) })
    return loggedIn
  })
  return { url, productId: await findProduct(databaseUrl), buyers }
}
