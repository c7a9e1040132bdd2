import { setTimeout as wait } from 'node:timers/promises'
import type { Started } from '../../dev/stack/spawn.js'

/** What the system needs to end a process that was killed. */
const KILL_LIMIT_MS = 5_000

/**
 * Ends a program and waits until it is gone: one that still runs would take time from whoever is measured next.
 * @throws Error when not even SIGKILL ends it
 */
export const endProgram = async (
  { child, ended }: Pick<Started, 'child' | 'ended'>,
  { name, graceMs }: { readonly name: string; readonly graceMs: number },
): Promise<void> => {
  for (const [signal, limitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', KILL_LIMIT_MS],
  ] as const) {
    child.kill(signal)
    if (await Promise.race([ended.then(() => true), wait(limitMs, false, { ref: false })])) return
  }
  throw new Error(`${name} does not end`)
}

/**
 * Runs `work`, which adds to `closings` what closes each thing that it opens, and then all of them, the last one first.
 * Each is run whatever becomes of the others. Rejects with the first error: what follows from it would hide it.
 */
export const withClosings = async <T>(
  work: (closings: (() => Promise<void>)[]) => Promise<T>,
): Promise<T> => {
  const closings: (() => Promise<void>)[] = []
  const [outcome] = await Promise.allSettled([work(closings)])
  const errors: unknown[] = []
  for (const close of closings.reverse()) await close().catch((error: unknown) => errors.push(error))
  if (outcome.status === 'rejected') throw outcome.reason
  if (errors.length > 0) throw errors[0]
  return outcome.value
}
