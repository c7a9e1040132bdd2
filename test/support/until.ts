import { setTimeout as wait } from 'node:timers/promises'

const LIMIT_MS = 15_000
const INTERVAL_MS = { least: 20, most: 100 }
/** Who has waited long can wait a little longer, and whatever is looked at has its peace. */
const OF_THE_WAIT = 0.05

/** Waits until `look` finds something other than undefined or false. @throws Error that names `what` */
export const until = async <T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = LIMIT_MS,
): Promise<T> => {
  const begun = Date.now()
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    const waited = Date.now() - begun
    if (waited > limitMs) throw new Error(`waited ${limitMs} ms for ${what}`)
    await wait(Math.min(INTERVAL_MS.most, INTERVAL_MS.least + waited * OF_THE_WAIT))
  }
}
