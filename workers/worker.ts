import { boot } from '../src/shared/boot.js'
import { loadWorkerConfig } from '../src/shared/config.js'
import { closeOnSignal } from '../src/shared/shutdown.js'
import { createLogger } from '../src/shared/telemetry/logger.js'
import { runWorker } from './run.js'

await boot(async () => {
  const config = loadWorkerConfig(process.env)
  const logger = createLogger({ level: config.LOG_LEVEL, process: 'worker' })
  if (config.NODE_ENV === 'production' && config.SMTP_URL === undefined) {
    logger.warn({ dataDir: config.DATA_DIR }, 'no SMTP_URL: mails are written to files and sent to nobody')
  }
  // Nothing in hand would come to an end: what is not closed comes again, on another worker.
  const steps = await runWorker(config, logger, () => process.exit(1))
  closeOnSignal({ logger, graceMs: config.SHUTDOWN_GRACE_MS, steps })
  logger.info({ queues: config.WORKER_QUEUES.length > 0 ? config.WORKER_QUEUES : 'all' }, 'worker ready')
  // For a supervisor that waits for it: the line above depends on LOG_LEVEL.
  process.send?.('ready')
})
