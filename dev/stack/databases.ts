import postgres from 'postgres'

/** Makes a database on the server of `url` unless it exists, and returns its own URL. */
export const ensureDatabase = (url: string, name: string): Promise<string> =>
  withAdmin(url, async (sql) => {
    const found = await sql`select 1 from pg_database where datname = ${name}`
    if (found.length === 0) await sql`create database ${sql(name)}`
    return urlOf(url, name)
  })

/** Makes an empty database in place of a former one of that name, and returns its own URL. */
export const recreateDatabase = (url: string, name: string): Promise<string> =>
  withAdmin(url, async (sql) => {
    await sql`drop database if exists ${sql(name)} with (force)`
    await sql`create database ${sql(name)}`
    return urlOf(url, name)
  })

const withAdmin = async <T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> => {
  const sql = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {} })
  try {
    return await work(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

const urlOf = (server: string, database: string): string => {
  const url = new URL(server)
  url.pathname = `/${database}`
  return url.href
}
