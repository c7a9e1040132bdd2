import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { discard } from './discard.js'
import { endRecorded, ownerOf } from './ledger.js'
import { isAlive } from './processes.js'

/*
 * The guard: a process of its own that outlives a launcher which was killed with -9, and ends what that launcher
 * started. It has nothing to do in any other case: the launcher closes its ledger, and the guard goes.
 *
 *   guard.ts --ledger <directory> [--discard <directory of a test run>]
 */
const POLL_MS = 500

const { values } = parseArgs({ options: { ledger: { type: 'string' }, discard: { type: 'string' } } })
const { ledger } = values
if (ledger === undefined) throw new Error('guard.ts needs --ledger')

// A closed terminal must not take the guard along.
process.on('SIGHUP', () => {})
const owner = ownerOf(ledger)
while (existsSync(ledger) && isAlive(owner)) await sleep(POLL_MS)
if (existsSync(ledger)) {
  await endRecorded(ledger)
  if (values.discard !== undefined) discard(values.discard)
}
