import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../dev/testing/checks.js'
import type { Results } from './results.js'

/**
 * Ours that the baseline has no counterpart of, so that the rest can be compared. Files that do both count in full:
 * idempotency, conditional requests and revocation run through them.
 */
const BEYOND = [
  /^src\/(uploads|webhooks|queues)\//,
  /^workers\/(uploads\.worker|webhooks\.worker|schedule|operations)\.ts$/,
  /^src\/shared\/(outbound|storage|schedule|lock)\//,
  /^src\/shared\/(secret-keys|media)\.ts$/,
  /^src\/shared\/database\/(fence|fences\.table|job-runs|job-runs\.table|idempotency-keys|idempotency-keys\.table)\.ts$/,
  /^src\/shared\/http\/(idempotency|conditional|conditional-routes|pages)\.ts$/,
  /^src\/auth\/(admin-page|page-sessions|password-recovery|passwords\.routes|passwords\.service|email-verification)/,
  /^src\/sessions\/sessions\.(routes|watch)\.ts$/,
  /^src\/users\/administration\./,
  /^src\/orders\/(transitions|history\.routes)/,
]

/** Neither empty nor a comment. */
const isCode = (line: string): boolean => !/^\s*(\/\/|\/\*|\*|$)/.test(line)

const countIn = (files: readonly string[]): number =>
  files.reduce(
    (sum, file) => sum + readFileSync(join(ROOT, file), 'utf8').split('\n').filter(isCode).length,
    0,
  )

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true })
    .map((name) => `${folder}/${name}`)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))

const DOMAIN = /\/(auth|sessions|users|products|orders|mail)\/|^workers\/(auth|users|orders)\.worker\.ts$/

/** A pattern that nothing matches any more would count a file that it was to leave out. */
const requireMatches = (files: readonly string[]): void => {
  const idle = BEYOND.find((pattern) => !files.some((file) => pattern.test(file)))
  if (idle) throw new Error(`no file is left out by ${idle}`)
}

const count = (id: Results['lines'][number]['id'], all: readonly string[]): Results['lines'][number] => {
  const comparable = all.filter((file) => !BEYOND.some((pattern) => pattern.test(file)))
  const domains = comparable.filter((file) => DOMAIN.test(file))
  return { id, domains: countIn(domains), comparable: countIn(comparable), all: countIn(all) }
}

/** Lines of code of the part of the contract that both have, without comments, migrations and tests. */
export const countLines = (): Results['lines'] => {
  const ours = [...filesIn('src'), ...filesIn('workers')]
  requireMatches(ours)
  return [count('ours', ours), count('nest-express', filesIn('comparison/nest/src'))]
}
