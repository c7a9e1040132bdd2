import { Queue, Worker } from 'bullmq'

/** What a producer keeps on its way at once. */
const ADDS_AT_ONCE = 50
/** Jobs at once, of ours as well. */
export const CONCURRENCY = 100

export type Adding = 'one by one' | 'in bulk'

const addAll = async (queue: Queue, jobs: number, adding: Adding): Promise<void> => {
  const options = { removeOnComplete: true, removeOnFail: true }
  const data = { id: '019a0000-0000-7000-8000-000000000001', round: 1 }
  const step = adding === 'in bulk' ? 500 : ADDS_AT_ONCE
  for (let added = 0; added < jobs; added += step) {
    const batch = Array.from({ length: Math.min(step, jobs - added) }, () => ({
      name: 'job',
      data,
      opts: options,
    }))
    if (adding === 'in bulk') await queue.addBulk(batch)
    else await Promise.all(batch.map(({ name, data, opts }) => queue.add(name, data, opts)))
  }
}

/** Adds and processes so many jobs that do nothing. @returns jobs per second, from the first add to the last end */
export const runPlain = async (redisUrl: string, jobs: number, adding: Adding): Promise<number> => {
  const { hostname: host, port } = new URL(redisUrl)
  const connection = { host, port: Number(port), maxRetriesPerRequest: null }
  const name = `plain-${process.pid}-${Date.now()}`
  const queue = new Queue(name, { connection })
  let done = 0
  let allDone = () => {}
  const end = new Promise<void>((resolve) => {
    allDone = resolve
  })
  const worker = new Worker(
    name,
    async () => {
      done += 1
      if (done === jobs) allDone()
    },
    { connection, concurrency: CONCURRENCY },
  )
  try {
    await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()])
    const begun = performance.now()
    await addAll(queue, jobs, adding)
    await end
    return (jobs * 1_000) / (performance.now() - begun)
  } finally {
    await worker.close()
    await queue.obliterate({ force: true })
    await queue.close()
  }
}
