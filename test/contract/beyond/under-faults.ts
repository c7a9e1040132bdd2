import { setTimeout as wait } from 'node:timers/promises'
import type { Call } from '../support/client.js'
import type { Row } from './row.js'
import { askSteadily } from './steady-reads.js'

/** A service with its worker, what it stands on, and the means to take that away. */
export interface FaultStage {
  /** To whichever API process runs now. */
  readonly call: Call
  readonly buyer: { readonly id: string; readonly token: string }
  readonly productId: string
  readonly redis: {
    /** Nobody answers there any more. */
    readonly cut: () => Promise<void>
    /** It takes what is sent, and is silent. */
    readonly stall: () => void
    readonly mend: () => Promise<void>
    readonly empty: () => Promise<void>
  }
  /** Ends the API process as a power cut would. */
  readonly killApi: () => Promise<void>
  readonly startApi: () => Promise<void>
  readonly stopWorker: () => Promise<void>
  readonly startWorker: () => Promise<void>
  /** How many orders of the buyer are committed. */
  readonly countOrders: () => Promise<number>
  readonly isMailed: (key: string) => boolean
  /** Gives the worker a job that only a later version knows. @returns whether it is kept for that version */
  readonly keepsNewerJob: () => Promise<boolean>
}

/** A worker that has lost Redis may wait for seconds until it tries again. */
const WORKING_LIMIT_MS = 40_000
/** How much longer the mail in question may take than one that was asked for later. */
const LATE_MS = 5_000
/** For a later mail, before yet another is asked for. */
const ANOTHER_AFTER_MS = 3_000
/** How long Redis is silent while they ask. */
const SILENT_MS = 5_000
/** Of what all callers are told before Redis falls silent. */
const ANSWERS_BEFORE = 40

const within = async (limitMs: number, look: () => Promise<boolean> | boolean): Promise<boolean> => {
  const end = Date.now() + limitMs
  while (!(await look())) {
    if (Date.now() > end) return false
    await wait(50)
  }
  return true
}

const confirmationOf = (orderId: string): string => `send-order-confirmation-${orderId}`

/** @returns the order's id @throws Error when it was not placed */
const place = async ({ call, buyer, productId }: FaultStage): Promise<string> => {
  const body = { items: [{ productId, quantity: 1 }] }
  const answer = await call('POST', '/v1/orders', { token: buyer.token, body })
  if (answer.status !== 201) throw new Error(`no order: ${answer.text}`)
  return answer.body.data.id
}

/**
 * Whether an order is confirmed by mail. That the mail of a later one comes shows that everything works again; those before
 * it may have been lost on the way back.
 */
const isConfirmed = async (stage: FaultStage, orderId: string): Promise<boolean> => {
  let later = confirmationOf(await place(stage))
  const works = await within(WORKING_LIMIT_MS, async () => {
    if (await within(ANOTHER_AFTER_MS, () => stage.isMailed(later))) return true
    later = confirmationOf(await place(stage))
    return false
  })
  if (!works) throw new Error('no mail comes any more, so nothing can be said of one that is missing')
  return within(LATE_MS, () => stage.isMailed(confirmationOf(orderId)))
}

/** The newest order of the buyer. */
const newestOrder = async ({ call, buyer }: FaultStage): Promise<string> =>
  (await call('GET', '/v1/orders?limit=1', { token: buyer.token })).body.data[0].id

/** Rows that need processes to kill and a Redis to lose. */
export const beyondUnderFaults: readonly Row<FaultStage>[] = [
  {
    name: 'an order without Redis is confirmed',
    does: 'takes Redis away, places an order, brings Redis back',
    ours: 'the order is taken, and its mail is sent once Redis is there',
    baseline: 'the order is taken, and its mail is lost',
    holds: async (stage) => {
      await stage.redis.cut()
      const orderId = await place(stage)
      await stage.redis.mend()
      return isConfirmed(stage, orderId)
    },
  },
  {
    name: 'a queue that is lost is filled again',
    does: 'places an order while no worker runs, empties Redis, starts the worker',
    ours: 'the mail is sent: what has to be done is in Postgres',
    baseline: 'the mail is lost with the queue',
    holds: async (stage) => {
      await stage.stopWorker()
      const orderId = await place(stage)
      await stage.redis.empty()
      await stage.startWorker()
      return isConfirmed(stage, orderId)
    },
  },
  {
    name: 'a process that dies after the commit loses nothing',
    does: 'kills the API when an order is committed and the queue has not been reached',
    ours: 'the mail is sent: its job was committed with the order',
    baseline: 'the order is there, and nobody hears of it',
    holds: async (stage) => {
      const before = await stage.countOrders()
      stage.redis.stall()
      // It is killed before it can answer.
      place(stage).catch(() => {})
      const committed = await within(WORKING_LIMIT_MS, async () => (await stage.countOrders()) > before)
      if (!committed) throw new Error('no order was committed')
      await stage.killApi()
      // What it had sent is lost with the connection.
      await stage.redis.cut()
      await stage.redis.mend()
      await stage.startApi()
      return isConfirmed(stage, await newestOrder(stage))
    },
  },
  {
    name: 'a job of a newer version waits for it',
    does: 'gives a worker a job that only the next release knows, as during a roll-out',
    ours: 'the job is parked until a worker knows it',
    baseline: 'the job fails for good',
    holds: (stage) => stage.keepsNewerJob(),
  },
  {
    name: 'a silent Redis holds nobody up',
    does: 'under steady reads of a cached profile, keeps the connections to Redis open and lets nothing through for five seconds',
    ours: 'each answer comes within two seconds, past the cache',
    baseline: 'requests wait',
    holds: async ({ call, buyer, redis }) => {
      const { told, stop } = askSteadily(call, `/v1/users/${buyer.id}`, buyer.token)
      try {
        const isSteady = await within(WORKING_LIMIT_MS, () => told.inTime >= ANSWERS_BEFORE)
        if (!isSteady || told.late > 0) throw new Error('not even before were all answers in time')
        redis.stall()
        await within(SILENT_MS, () => told.late > 0)
      } finally {
        await redis.mend()
        await stop()
      }
      return told.late === 0
    },
  },
]
