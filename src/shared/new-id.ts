import { randomFillSync } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'

const ID_BYTES = 16
/** Random bytes for so many ids are fetched at once: each fetch costs as much as all else of an id. */
const random = new Uint8Array(256 * ID_BYTES)
let used = random.length

/** A UUIDv7: its time is in it, so that rows lie in the order in which they came; two of one millisecond are in no order. */
export const newId = (): string => {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  used += ID_BYTES
  return uuidv7({ random: random.subarray(used - ID_BYTES, used) })
}
