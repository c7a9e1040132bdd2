import { collectDefaultMetrics, Registry } from 'prom-client'

/** A process's metrics, with those of Node: memory, processor time, garbage collection, how late its event loop is. */
export const createRegistry = (): Registry => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}
