import { type RunningApi, startApi } from '../../src/api.js'
import { loadApiConfig, loadWorkerConfig } from '../../src/shared/config.js'
import { closeInOrder } from '../../src/shared/shutdown.js'
import { createLogger } from '../../src/shared/telemetry/logger.js'
import type { Answer, Call, CallOptions } from '../contract/support/client.js'
import type { Test } from './environment.js'
import { createCall, createWorld, type World } from './world.js'

export type { Answer, Call, CallOptions }
export { createCall, createWorld, type World }

export interface Pod extends Pick<RunningApi, 'app' | 'url'> {
  readonly call: Call
  /** The structured log lines written so far. */
  readonly log: Record<string, unknown>[]
}

const createLogSink = () => {
  const log: Record<string, unknown>[] = []
  return { log, destination: { write: (line: string) => void log.push(JSON.parse(line)) } }
}

/** Starts an API pod in the world and stops it, in production's order, when the test is over. */
export const startPod = async (t: Test, world: World): Promise<Pod> => {
  const config = loadApiConfig(world.env)
  const { log, destination } = createLogSink()
  const logger = createLogger({ level: config.LOG_LEVEL, process: 'api', destination })
  const { app, url, shutdownSteps } = await startApi(config, logger)
  t.teardown(() => closeInOrder(shutdownSteps, logger))
  return { app, url, log, call: createCall(url) }
}

/** Runs a worker pod inside this process; `stop` is called at the end if the test does not. */
export const startWorkerPod = async (t: Test, world: World, overrides: Record<string, string> = {}) => {
  const config = loadWorkerConfig({ ...world.env, ...overrides })
  const { log, destination } = createLogSink()
  const logger = createLogger({ level: config.LOG_LEVEL, process: 'worker', destination })
  // Not at the top: most tests need no worker, and what it brings along takes its time to load.
  const { runWorker } = await import('../../workers/run.js')
  const onFatal = () => logger.fatal('the worker would end here')
  const steps = await runWorker(config, logger, onFatal)
  let stopped: Promise<boolean> | undefined
  const stop = (): Promise<boolean> => {
    stopped ??= closeInOrder(steps, logger)
    return stopped
  }
  t.teardown(stop)
  return { log, stop }
}
