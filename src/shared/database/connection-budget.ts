/** All processes that share the server, each with a pool of its own. */
export interface Fleet {
  readonly pods: number
  readonly poolMax: number
  readonly workers: number
  readonly workerPoolMax: number
}

/** A worker's LISTEN, and the watchdog's question on a connection of its own. */
const BESIDE_A_WORKERS_POOL = 2
/** The connection that holds the lock, and the one that makes the first admin. */
const OF_A_MIGRATION = 2

/** @returns what is wrong, with the whole sum; undefined when all connections that the fleet may open fit in `limit` */
export const faultOfBudget = (
  { pods, poolMax, workers, workerPoolMax }: Fleet,
  limit: number,
): string | undefined => {
  const sum = pods * poolMax + workers * (workerPoolMax + BESIDE_A_WORKERS_POOL) + OF_A_MIGRATION
  if (sum <= limit) return undefined
  return (
    `DATABASE_POOL_MAX: EXPECTED_PODS ${pods} x ${poolMax} + EXPECTED_WORKERS ${workers} x ` +
    `(${workerPoolMax} + ${BESIDE_A_WORKERS_POOL}) + ${OF_A_MIGRATION} for a migration = ${sum} connections, ` +
    `of ${limit} that there are`
  )
}
