import postgres from 'postgres'
import { readSettings } from './launch/settings.js'
import { HELP, readArguments, type SeedArguments } from './seed/arguments.js'
import { hashPassword } from './seed/password.js'
import { createProgressBar } from './seed/progress-bar.js'
import { type Seeded, seed } from './seed/seed.js'
import { findTarget } from './seed/target.js'
import { onNpmGone } from './stack/npm.js'
import { StartError } from './stack/start-error.js'

/** `npm run seed`: fills a database, see HELP. */
const main = async (signal: AbortSignal): Promise<void> => {
  if (process.env['NODE_ENV'] === 'production')
    throw new StartError('Not in production: NODE_ENV is production')
  const wanted = readArguments(process.argv.slice(2))
  if (wanted === undefined) return console.log(HELP)
  const target = await findTarget(readSettings(process.env), signal)
  try {
    signal.throwIfAborted()
    await fill(target.url, wanted, signal)
  } finally {
    await target.close()
  }
}

const fill = async (url: string, { sizes, password }: SeedArguments, signal: AbortSignal): Promise<void> => {
  const begun = Date.now()
  const connection = { application_name: 'unnest-seed' }
  const sql = postgres(url, { max: 2, connect_timeout: 10, onnotice: () => {}, connection })
  // What has been sent may be committed in the meantime, and nothing more is sent.
  signal.addEventListener('abort', () => void sql.end({ timeout: 2 }))
  const bar = createProgressBar(process.stderr)
  const work = async (): Promise<Seeded> => {
    const passwordHash = password === undefined ? undefined : await hashPassword(password)
    return seed(sql, sizes, { onProgress: bar.show, ...(passwordHash && { passwordHash }) })
  }
  const seeded = await work().finally(async () => {
    bar.clear()
    await sql.end({ timeout: 2 })
  })
  console.log(summary(seeded, (Date.now() - begun) / 1_000))
}

const summary = ({ users, products, orders, items, events }: Seeded, seconds: number): string => {
  const took = `${seconds.toFixed(1)} s`
  if (users + products + orders === 0) return `Nothing to add: all of it is there already (${took})`
  const [u, p, o, i, e] = [users, products, orders, items, events].map((rows) => rows.toLocaleString('en'))
  return `Added ${u} users, ${p} products and ${o} orders (${i} items, ${e} events) in ${took}`
}

/** Aborted by the first signal. A Ctrl-C under npm arrives twice, so that a second one tells nothing. */
const untilStopped = (): AbortSignal => {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop)
  onNpmGone(stop)
  return controller.signal
}

const explain = (error: unknown): string => {
  if (error instanceof StartError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

const signal = untilStopped()
main(signal).catch((error: unknown) => {
  console.error(signal.aborted ? 'Stopped: run it again to add the rest' : explain(error))
  process.exitCode = signal.aborted ? 130 : 1
})
