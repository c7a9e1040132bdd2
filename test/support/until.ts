import { setTimeout as wait } from 'node:timers/promises'

const LIMIT_MS = 15_000
const INTERVAL_MS = 20

/** Waits until `look` finds something other than undefined or false. @throws Error that names `what` */
export const until = async <T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = LIMIT_MS,
): Promise<T> => {
  const end = Date.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms for ${what}`)
    await wait(INTERVAL_MS)
  }
}
