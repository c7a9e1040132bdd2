import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { decode, encode, type SourceMapSegment } from '@jridgewell/sourcemap-codec'
import type { Plugin } from 'esbuild'
import { z } from 'zod'

const sourceMap = z.looseObject({ sources: z.array(z.string()), mappings: z.string() })

/** What says that the text from here on comes from nowhere, and not from whatever stands before it. */
const nowhere = ([column]: SourceMapSegment): SourceMapSegment => [column]

/**
 * Leaves out of a source map what comes from packages. Their frames name the bundle's own lines then; ours name our
 * files as before.
 */
export const keepOwnSources = (text: string): string => {
  const { sources, mappings, ...rest } = sourceMap.parse(JSON.parse(text))
  const own = sources.filter((source) => !source.includes('node_modules/'))
  const places = new Map(own.map((source, place) => [source, place]))
  let wasOwn = true
  const keep = (segment: SourceMapSegment): SourceMapSegment[] => {
    const [column, source = -1, line = 0, at = 0] = segment
    const place = places.get(sources[source] ?? '')
    const isFirstOfNowhere = place === undefined && wasOwn
    wasOwn = place !== undefined
    if (place !== undefined) return [[column, place, line, at]]
    return isFirstOfNowhere ? [nowhere(segment)] : []
  }
  const kept = decode(mappings).map((segments) => segments.flatMap(keep))
  return JSON.stringify({ ...rest, sources: own, mappings: encode(kept) })
}

/**
 * Node reads the whole map with the first stack trace that is asked for, which may be while it starts, and keeps it: with
 * the packages in it that was 50 MB of every process, and a tenth of its start.
 */
export const ownSourceMaps: Plugin = {
  name: 'own-source-maps',
  setup: ({ initialOptions, onEnd }) => {
    initialOptions.metafile = true
    onEnd(async ({ metafile }) => {
      const files = Object.keys(metafile?.outputs ?? {}).filter((file) => file.endsWith('.map'))
      for (const file of files) {
        const path = resolve(initialOptions.absWorkingDir ?? '', file)
        await writeFile(path, keepOwnSources(await readFile(path, 'utf8')))
      }
    })
  },
}
