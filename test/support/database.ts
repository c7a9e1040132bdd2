import { randomBytes } from 'node:crypto'
import postgres, { type Sql } from 'postgres'
import { type Test, testServices } from './environment.js'

export interface TestDatabase {
  readonly url: string
  /** For looking behind the API, and for breaking things. */
  readonly sql: Sql
}

const quiet = { max: 2, onnotice: () => {} }

const withAdmin = async (statement: (admin: Sql) => Promise<unknown>): Promise<void> => {
  const admin = postgres(testServices().databaseUrl, { ...quiet, max: 1 })
  try {
    await statement(admin)
  } finally {
    await admin.end({ timeout: 1 })
  }
}

/** Makes a database of this test's own, migrated unless `template` says otherwise, and drops it afterwards. */
export const createTestDatabase = async (
  t: Test,
  template = testServices().template,
): Promise<TestDatabase> => {
  const name = `test_${randomBytes(8).toString('hex')}`
  // The files as they are: the default writes each page of them to the log, at twice the cost.
  await withAdmin(
    (admin) => admin`create database ${admin(name)} template ${admin(template)} strategy file_copy`,
  )
  const url = new URL(testServices().databaseUrl)
  url.pathname = `/${name}`
  const sql = postgres(url.href, quiet)
  t.teardown(async () => {
    await sql.end({ timeout: 1 })
    await withAdmin((admin) => admin`drop database ${admin(name)} with (force)`)
  })
  return { url: url.href, sql }
}
