import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, type as systemType, totalmem } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { ROOT } from '../../dev/testing/checks.js'
import { findCores } from './cores.js'
import type { Results } from './results.js'
import type { Stage } from './stage.js'

const BYTES_IN_GIGABYTE = 1e9
const packageFile = z.object({ version: z.string() })

const versionIn = (folder: string, name: string): string =>
  packageFile.parse(JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')))
    .version

/** Taken before anything of ours keeps the machine busy. */
export const readLoad = (): number => loadavg()[0] ?? 0

export const describeMachine = (stage: Stage, loadAtStart: number): Results['machine'] => ({
  processor: cpus()[0]?.model ?? 'unknown',
  cores: findCores().length,
  memoryGigabytes: Math.round(totalmem() / BYTES_IN_GIGABYTE),
  system: `${systemType()} ${release()}`,
  loadAtStart,
  pinning: stage.pinning ?? null,
})

/** Of whatever decides what a request costs. */
export const listVersions = async ({ node, sql, redis }: Stage): Promise<Results['versions']> => {
  const nest = join(ROOT, 'comparison', 'nest')
  const [postgres] = await sql`show server_version`
  const ours = ['fastify', 'drizzle-orm', 'postgres', 'ioredis', 'bullmq', '@node-rs/argon2']
  const theirs = ['@nestjs/core', 'express', 'typeorm', 'pg', 'cache-manager']
  /** Each project has its own of these. */
  const ofBoth = ['fastify', 'ioredis', 'bullmq', '@node-rs/argon2']
  return {
    node: execFileSync(node, ['--version'], { encoding: 'utf8', timeout: 10_000 }).trim(),
    Postgres: String(postgres?.['server_version']),
    Redis: /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? 'unknown',
    ...Object.fromEntries(ours.map((name) => [name, versionIn(ROOT, name)])),
    ...Object.fromEntries(theirs.map((name) => [name, versionIn(nest, name)])),
    ...Object.fromEntries(ofBoth.map((name) => [`the baseline’s ${name}`, versionIn(nest, name)])),
    autocannon: versionIn(ROOT, 'autocannon'),
  }
}
