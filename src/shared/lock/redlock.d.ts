// redlock 5.0.0-beta.2 ships types that its package.json does not export. These are the parts in use.
declare module 'redlock' {
  import type { Cluster, Redis } from 'ioredis'

  export class ResourceLockedError extends Error {}

  export class ExecutionError extends Error {
    readonly attempts: readonly Promise<{ readonly votesAgainst: ReadonlyMap<Redis | Cluster, Error> }>[]
  }

  export interface Settings {
    readonly retryCount: number
    /** Milliseconds between two attempts, give or take `retryJitter`. */
    readonly retryDelay: number
    readonly retryJitter: number
    readonly automaticExtensionThreshold: number
  }

  export default class Redlock {
    constructor(clients: Iterable<Redis | Cluster>, settings?: Partial<Settings>)
    on(event: 'error', listener: (error: Error) => void): this
    using<T>(
      resources: string[],
      durationMs: number,
      settings: Partial<Settings>,
      routine: (signal: AbortSignal & { error?: Error }) => Promise<T>,
    ): Promise<T>
  }
}
