import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'

/** Every entry has this one: whoever does not know what has changed changes its id. */
export const ALL = 'all'

/** An entry that outlives a tag is a miss, so the tag that all of them have stays longest. */
const TAG_SECONDS = 3_600
const ALL_SECONDS = 7 * 86_400

/** Random and never counted up: after a loss of the keys no id comes twice. */
export const newTagId = (): string => randomBytes(9).toString('base64url')

export const tagSeconds = (tag: string, entrySeconds: number): number =>
  tag === ALL ? ALL_SECONDS : Math.max(TAG_SECONDS, entrySeconds)

export const tagKey = (prefix: string, tag: string): string => `${prefix}:cache-tag:${tag}`

/** @throws the first error of a pipeline: it resolves all the same */
export const runPipeline = async (pipeline: ReturnType<Redis['pipeline']>): Promise<unknown[]> => {
  const results = (await pipeline.exec()) ?? []
  return results.map(([error, result]) => {
    if (error) throw error
    return result
  })
}
