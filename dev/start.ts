import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from './build.js'
import { addressOf, banner } from './launch/banner.js'
import { describeLine } from './launch/log-lines.js'
import { migrate, startBuilt, untilAnswering, untilReported } from './launch/programs.js'
import { adminPasswordIn, signingKeysIn, webhookKeysIn } from './launch/secrets.js'
import { startServices } from './launch/services.js'
import { openSession, type Session } from './launch/session.js'
import { readSettings, type Settings } from './launch/settings.js'
import { AlreadyRunningError, claimLedger, endLeftovers } from './stack/ledger.js'
import { bindFailure, freePort } from './stack/ports.js'
import { StartError } from './stack/start-error.js'
import { startGuard } from './stack/watch.js'

/** The defaults of the two processes. */
const METRICS_PORTS = { api: 9464, worker: 9465 }

/** `npm start`: everything on a bare machine, until a signal or until one of its parts ends. */
const main = async (): Promise<void> => {
  const wanted = readSettings(process.env)
  // The launcher must know the port that it asks for readiness.
  const settings = wanted.port === 0 ? { ...wanted, port: await freePort(wanted.host) } : wanted
  mkdirSync(settings.dataDir, { recursive: true })
  const ledgers = join(settings.dataDir, 'run')
  const session = openSession(claimLedger(ledgers))
  try {
    // Before the port is looked at: it may be our own leftover that holds it.
    if (await endLeftovers(ledgers)) console.log('Cleaned up after a start that was killed')
    await requireFreePort(settings)
    startGuard(session.ledger)
    await run(settings, session)
  } catch (error) {
    // A Ctrl-C ends esbuild's process as well, and the failed build may overtake the signal.
    await sleep(50)
    await session.stop(1, explain(error))
  }
}

const run = async (settings: Settings, session: Session): Promise<void> => {
  const begun = Date.now()
  const password = adminPasswordIn(settings.dataDir, settings.adminPassword)
  const [services] = await Promise.all([startServices(settings, session), build()])
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    HOST: settings.host,
    PORT: String(settings.port),
    DATA_DIR: settings.dataDir,
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
    JWT_PRIVATE_KEYS: settings.jwtKeys ?? signingKeysIn(settings.dataDir),
    WEBHOOK_SECRET_KEYS: settings.webhookKeys ?? webhookKeysIn(settings.dataDir),
  }
  const admin = { ADMIN_EMAIL: settings.adminEmail, ADMIN_PASSWORD: password.value }
  password.keepUntilShown()
  const { adminCreated } = await migrate({ ...environment, ...admin }, session.ledger)
  await startPrograms(settings, session, environment)
  const shown = adminCreated || password.isUnseen ? password.value : undefined
  console.log(banner(settings, shown, (Date.now() - begun) / 1_000))
  password.forget()
}

/** Each one's own default, unless somebody on this machine has it; a given one is the API's, and the worker has the next. */
const withMetricsPort = async (
  env: NodeJS.ProcessEnv,
  host: string,
  program: keyof typeof METRICS_PORTS,
): Promise<NodeJS.ProcessEnv> => {
  const given = Number(env['METRICS_PORT'] || Number.NaN)
  const usual = METRICS_PORTS[program]
  const chosen = Number.isNaN(given) ? ((await bindFailure(host, usual)) ? 0 : usual) : given
  const isNext = program === 'worker' && chosen === given && given !== 0
  return { ...env, METRICS_PORT: String(isNext ? given + 1 : chosen) }
}

/** The API and the worker are two processes, here as in production. */
const startPrograms = async (settings: Settings, session: Session, env: NodeJS.ProcessEnv): Promise<void> => {
  let workerReady = false
  const [apiEnv, workerEnv] = [
    await withMetricsPort(env, settings.host, 'api'),
    await withMetricsPort(env, settings.host, 'worker'),
  ]
  const common = { graceMs: settings.graceMs, ledger: session.ledger }
  const [api, worker] = await Promise.all([
    startBuilt({
      ...common,
      env: apiEnv,
      name: 'API',
      script: 'server.js',
      onLine: (line) => show('api', line),
    }),
    startBuilt({
      ...common,
      env: workerEnv,
      name: 'worker',
      script: 'worker.js',
      onLine: (line) => show('worker', line),
      onReady: () => {
        workerReady = true
      },
    }),
  ])
  session.watch('The API', api.ended)
  session.watch('The worker', worker.ended)
  await Promise.all([
    untilAnswering(`${addressOf(settings)}/readyz`, api.ended),
    untilReported('The worker', () => workerReady, worker.ended),
  ])
}

const show = (program: string, line: string): void => console.log(describeLine(program, line))

const requireFreePort = async ({ host, port }: Settings): Promise<void> => {
  const failure = await bindFailure(host, port)
  if (failure === undefined) return
  if (failure !== 'EADDRINUSE') throw new StartError(`Cannot listen on port ${port} of ${host} (${failure})`)
  throw new StartError(
    `Port ${port} on ${host} is taken: stop what listens there or start with another PORT, ` +
      `e.g. PORT=${port + 1} npm start`,
  )
}

const explain = (error: unknown): string => {
  if (error instanceof StartError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

main().catch((error: unknown) => {
  const running = error instanceof AlreadyRunningError
  console.error(
    running ? `Unnest already runs here (process ${error.pid}): stop that one first` : explain(error),
  )
  process.exitCode = 1
})
