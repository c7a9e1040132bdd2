import autocannon from 'autocannon'
import { type Exchange, type LoadOrder, type LoadReport, loadOrder } from './load.js'
import { runPaced } from './paced.js'

/* Run by load-generator.ts, one order at a time over IPC. */

const SHOWN_FAULTS = 3
const REQUEST_LIMIT_SECONDS = 10
const SAMPLE_MS = 100

/** Each connection begins elsewhere in the list: else all of them would ask for the same at the same time. */
const rotated = <T>(list: readonly T[], by: number): T[] => [...list.slice(by), ...list.slice(0, by)]

interface Seen {
  readonly faults: string[]
  misses: number
}

const toRequest = ({ expect, ...request }: Exchange, seen: Seen): autocannon.Request => ({
  ...request,
  onResponse: (status, body, _context, headers) => {
    if ((headers?.['x-cache'] ?? 'HIT') !== 'HIT') seen.misses += 1
    if (status === expect.status && String(body).includes(expect.includes)) return
    if (seen.faults.length < SHOWN_FAULTS) {
      seen.faults.push(`${request.method} ${request.path}: ${status} ${String(body).slice(0, 300)}`)
    }
  },
})

const runBusy = async ({ url, connections, seconds, exchanges }: LoadOrder): Promise<LoadReport> => {
  const seen: Seen = { faults: [], misses: 0 }
  const { faults } = seen
  const requests = exchanges.map((exchange) => toRequest(exchange, seen))
  let connection = 0
  const begun = performance.now()
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    timeout: REQUEST_LIMIT_SECONDS,
    // It ends with a sample: a second, its usual interval, would round a short turn up.
    sampleInt: SAMPLE_MS,
    requests,
    setupClient: (client) => {
      client.setRequests(rotated(requests, connection % requests.length))
      connection += 1
    },
  })
  const { errors, timeouts, non2xx } = result
  if (errors + timeouts + non2xx > 0) {
    faults.push(`${errors} errors, ${timeouts} time-outs, ${non2xx} answers that are no success`)
  }
  return {
    requests: result.requests.total,
    offered: result.requests.total,
    seconds: (performance.now() - begun) / 1_000,
    p50: result.latency.p50,
    p99: result.latency.p99,
    misses: seen.misses,
    faults,
  }
}

const run = (order: LoadOrder): Promise<LoadReport> =>
  order.rate === undefined ? runBusy(order) : runPaced(order, order.rate)

const failed = (error: unknown): LoadReport => ({
  ...{ requests: 0, offered: 0, seconds: 0, p50: 0, p99: 0, misses: 0 },
  faults: [String(error)],
})

process.on('message', (message) => {
  run(loadOrder.parse(message)).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.(failed(error)),
  )
})
process.once('disconnect', () => process.exit())
