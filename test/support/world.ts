import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { createSecretKey, createSigningKeys } from '../../dev/keys.js'
import { type Call, toBody } from '../contract/support/client.js'
import { createTestDatabase, type TestDatabase } from './database.js'
import { type Test, testServices } from './environment.js'
import { type Sent, send } from './http-client.js'

/*
 * Apart from app.ts, which loads the whole service: that takes a second of processor time, and whoever tests built
 * processes alone needs none of it.
 */

/** A world of one test's own: database, Redis prefix, keys, mail folder. Several pods may share it. */
export interface World {
  readonly database: TestDatabase
  readonly redisPrefix: string
  /** Environment variables for processes that live in this world. */
  readonly env: Readonly<Record<string, string>>
  readonly mailDir: string
  /** The files of whoever has no STORAGE_URL, and the ones on their way. */
  readonly uploadsDir: string
  readonly temporaryDir: string
}

/** All tests come from one address; those of the limits set their own. */
const UNLIMITED = {
  RATE_LIMIT_PER_MINUTE: '1000000',
  RATE_LIMIT_LOGINS_PER_ACCOUNT: '1000000',
  RATE_LIMIT_LOGINS_PER_ADDRESS: '1000000',
  RATE_LIMIT_ACCOUNT_CHANGES: '1000000',
  RATE_LIMIT_WEBHOOK_SENDS: '1000000',
}

const removeKeys = async (prefix: string): Promise<void> => {
  const redis = new Redis(testServices().redisUrl)
  for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1_000 })) {
    if (keys.length > 0) await redis.unlink(...keys)
  }
  await redis.quit()
}

export const createWorld = async (t: Test, overrides: Record<string, string> = {}): Promise<World> => {
  const redisPrefix = `test-${randomBytes(8).toString('hex')}`
  const dataDir = mkdtempSync(join(tmpdir(), 'unnest-world-'))
  t.teardown(async () => {
    rmSync(dataDir, { recursive: true, force: true })
    await removeKeys(redisPrefix)
  })
  const database = await createTestDatabase(t)
  const env = {
    NODE_ENV: 'test',
    LOG_LEVEL: 'info',
    PORT: '0',
    METRICS_PORT: '0',
    DATABASE_URL: database.url,
    DATABASE_POOL_MAX: '5',
    REDIS_URL: testServices().redisUrl,
    REDIS_PREFIX: redisPrefix,
    DATA_DIR: dataDir,
    JWT_PRIVATE_KEYS: JSON.stringify(createSigningKeys()),
    WEBHOOK_SECRET_KEYS: createSecretKey(),
    ...UNLIMITED,
    ...overrides,
  }
  return {
    database,
    redisPrefix,
    env,
    mailDir: join(dataDir, 'mail'),
    uploadsDir: join(dataDir, 'uploads'),
    temporaryDir: join(dataDir, 'tmp'),
  }
}

const sendForm = async (url: string, method: string, headers: Sent['headers'], body: FormData) => {
  const response = await fetch(url, { method, headers, body })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** A client of the API: JSON in, JSON out; a string or a form is sent as it is, a form over no connection of `agent`. */
export const createCall =
  (url: string, agent?: Agent): Call =>
  async (method, path, { token, body, headers: given } = {}) => {
    const isForm = body instanceof FormData
    const headers = {
      ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...given,
    }
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
    const answer = isForm
      ? await sendForm(`${url}${path}`, method, headers, body)
      : await send(`${url}${path}`, { method, headers, body: text }, agent)
    return { ...answer, body: toBody(answer.text) }
  }
