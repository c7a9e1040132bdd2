import t from 'tap'
import { waitMs } from '../../src/webhooks/webhooks.circuit.js'
import { retryAfterMs } from '../../src/webhooks/webhooks.schedule.js'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const DAY_MS = 86_400_000

t.test('an endpoint may say how long to wait, and is believed for a day', async (t) => {
  const cases: Record<string, number | undefined> = {
    '120': 120_000,
    ' 7 ': 7_000,
    'Tue, 24 Nov 2026 12:01:00 GMT': 60_000,
    'Fri, 01 Jan 2099 00:00:00 GMT': DAY_MS,
    '99999999999': DAY_MS,
    ['9'.repeat(400)]: DAY_MS,
    'Tue, 24 Nov 2026 11:59:00 GMT': undefined,
    '0': undefined,
    '-5': undefined,
    soon: undefined,
    '': undefined,
  }
  for (const [header, expected] of Object.entries(cases)) t.equal(retryAfterMs(header, NOW), expected, header)
  t.equal(retryAfterMs(undefined, NOW), undefined)
})

t.test('however many wait for one place, they look for it about fifty times a second', async (t) => {
  const circuit = { consecutiveFailures: 0, openMs: 0, inFlight: 2, inFlightOfOwner: 2 }
  for (const waiting of [200, 1_000, 50_000]) {
    const waits = Array.from({ length: 2_000 }, () => waitMs(circuit, waiting))
    const meanSeconds = waits.reduce((sum, wait) => sum + wait, 0) / waits.length / 1_000
    const looks = waiting / meanSeconds
    t.ok(looks < 60, `${waiting} look ${Math.round(looks)} times a second`)
  }
})
