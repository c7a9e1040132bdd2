import { randomBytes } from 'node:crypto'
import type { ChainableCommander } from 'ioredis'

/** Every entry has this one: whoever does not know what has changed changes its id. */
export const ALL = 'all'

/**
 * An entry that outlives a tag is a miss, so the tag that all of them have stays longest. The others stay no longer than they
 * serve: whoever walks through ids that do not exist makes one for each.
 */
const LIVES = 2
const ALL_SECONDS = 7 * 86_400

/** Random and never counted up: after a loss of the keys no id comes twice. */
export const newTagId = (): string => randomBytes(9).toString('base64url')

export const tagSeconds = (tag: string, entrySeconds: number): number =>
  tag === ALL ? ALL_SECONDS : LIVES * entrySeconds

export const tagKey = (prefix: string, tag: string): string => `${prefix}:cache-tag:${tag}`

/** @throws the first error of a pipeline: it resolves all the same */
export const runPipeline = async (pipeline: ChainableCommander): Promise<unknown[]> => {
  const results = (await pipeline.exec()) ?? []
  return results.map(([error, result]) => {
    if (error) throw error
    return result
  })
}
