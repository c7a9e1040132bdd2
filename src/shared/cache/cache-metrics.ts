import { Counter, Gauge, type Registry } from 'prom-client'

/**
 * `hit` from Redis; `wait` from somebody's load that was waited for; `stale` while somebody loads; `miss` loaded and kept;
 * `bypass` loaded, for Redis could not be asked, or the request has no place in the cache.
 */
export type CacheOutcome = 'hit' | 'wait' | 'stale' | 'miss' | 'bypass'

export interface CacheMetrics {
  /** @param of the template of a route, or the name of a value */
  readonly asked: (of: string, outcome: CacheOutcome) => void
  /** Changes that Redis was told of, or, `late`, could not be told of for now. */
  readonly told: (outcome: 'told' | 'late') => void
  readonly room: (hasRoom: boolean) => void
}

/** Adds the metrics of the cache to the registry. */
export const createCacheMetrics = (registry: Registry): CacheMetrics => {
  const registers = [registry]
  const requests = new Counter({
    name: 'unnest_cache_requests_total',
    help: 'Answers and values that may come from the cache, by where they came from: hit, wait, stale, miss, bypass',
    labelNames: ['route', 'outcome'],
    registers,
  })
  const tellings = new Counter({
    name: 'unnest_cache_invalidations_total',
    help: 'Tries to tell Redis what has changed: told, or late where it could not be reached and is told later',
    labelNames: ['outcome'],
    registers,
  })
  const room = new Gauge({
    name: 'unnest_cache_has_room',
    help: '0 while nothing is kept, since Redis is too full',
    registers,
  })
  room.set(1)
  return {
    asked: (route, outcome) => requests.inc({ route, outcome }),
    told: (outcome) => tellings.inc({ outcome }),
    room: (hasRoom) => room.set(hasRoom ? 1 : 0),
  }
}

/** Adds whether the cache is asked, which also changes while nobody would ask it: that is found out when it is read. */
export const registerCircuitMetric = (registry: Registry, isAsked: () => boolean): void => {
  new Gauge({
    name: 'unnest_cache_circuit_open',
    help: '1 while the cache is not asked: Redis is away or does not answer, is not known yet to be the server that it was, or has not heard of all changes',
    registers: [registry],
    collect() {
      this.set(isAsked() ? 0 : 1)
    },
  })
}
