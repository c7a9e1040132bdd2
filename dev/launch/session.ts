import { endRecorded } from '../stack/ledger.js'
import { onNpmGone } from '../stack/npm.js'
import type { Ending } from '../stack/spawn.js'

/** One run of the launcher, from its claim to its end. */
export interface Session {
  readonly ledger: string
  /** Ends everything in order, then this process. Later calls wait for the first. */
  readonly stop: (exitCode: number, reason: string) => Promise<void>
  /** Stops the session when a program ends that nobody asked to. */
  readonly watch: (name: string, ended: Promise<Ending>) => void
}

/** A Ctrl-C under npm arrives twice: from the terminal and from npm, which passes it on. */
const ECHO_MS = 1_000

/** Takes over the signals of this process. From here on `stop` is the only way out. */
export const openSession = (ledger: string): Session => {
  let stopping: Promise<void> | undefined
  let firstSignalAt = 0

  const stop = (exitCode: number, reason: string): Promise<void> => {
    stopping ??= (async () => {
      if (exitCode === 0) console.log(reason)
      else console.error(reason)
      await endRecorded(ledger, { onEnded: (names) => console.log(`${names.join(' and ')} stopped`) })
      process.exit(exitCode)
    })()
    return stopping
  }

  const onSignal = (): void => {
    if (stopping === undefined) {
      firstSignalAt = Date.now()
      void stop(0, 'Stopping (once more to force it) ...')
    } else if (Date.now() - firstSignalAt > ECHO_MS) {
      void force(ledger)
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  // With the terminal gone there is nobody to write to, and no reason to leave services behind.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  onNpmGone(() => void stop(0, 'npm is gone. Stopping ...'))

  return {
    ledger,
    stop,
    watch: (name, ended) => {
      void ended.then(({ text }) => {
        if (stopping === undefined)
          void stop(1, `${name} ended unexpectedly (${text}). Stopping the rest ...`)
      })
    },
  }
}

const force = async (ledger: string): Promise<void> => {
  await endRecorded(ledger, { force: true })
  process.exit(130)
}
