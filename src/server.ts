import { startApi } from './api.js'
import { boot } from './shared/boot.js'
import { loadApiConfig } from './shared/config.js'
import { closeOnSignal } from './shared/shutdown.js'
import { createLogger } from './shared/telemetry/logger.js'

await boot(async () => {
  const config = loadApiConfig(process.env)
  const logger = createLogger({ level: config.LOG_LEVEL, process: 'api' })
  const { url, shutdownSteps } = await startApi(config, logger)
  closeOnSignal({
    logger,
    graceMs: config.READINESS_DRAIN_MS + config.SHUTDOWN_GRACE_MS,
    steps: shutdownSteps,
  })
  logger.info({ url }, 'api ready')
})
