import { writeFile } from 'node:fs/promises'
import { render } from './render.js'
import type { RenderOutcome } from './rendering.js'
import { IMAGE_TYPES } from './sniff.js'
import { UnfitImageError } from './unfit.js'

/*
 * The program that decodes one picture and ends: `node dist/renderer.js PATH TYPE DIRECTORY`. The one line that it
 * prints is the outcome. Its standard input stays open for as long as its parent lives. It has no zod, which would be
 * a quarter of its start: its arguments come from run-renderer.ts.
 */

/** Linux' own number for "this process first" when memory runs out; it needs no rights. */
const FIRST_TO_GO = '1000'

const outcomeOf = async ([path, claimed, directory]: readonly string[]): Promise<RenderOutcome> => {
  const type = IMAGE_TYPES.find((known) => known === claimed)
  if (path === undefined || type === undefined || directory === undefined)
    throw new Error('PATH TYPE DIRECTORY')
  try {
    return { rendering: await render({ path, type, directory }) }
  } catch (error) {
    if (error instanceof UnfitImageError) return { unfit: error.reason }
    throw error
  }
}

// Not process.exit: it would wait for the decoder's thread.
process.stdin.on('close', () => process.kill(process.pid, 'SIGKILL')).resume()
// The container's limit counts this process too. Where there is no such file there is no such choice.
await writeFile('/proc/self/oom_score_adj', FIRST_TO_GO).catch(() => {})

const outcome = await outcomeOf(process.argv.slice(2))
process.stdin.removeAllListeners('close').unref()
process.stdout.write(JSON.stringify(outcome))
