import type { WriteStream } from 'node:tty'
import type { Progress } from './seed.js'

const WIDTH = 30
/** How often there is a line where none can be redrawn. */
const EVERY_MS = 2_000

export interface ProgressBar {
  readonly show: (progress: Progress) => void
  /** Takes the bar away, for what is printed next. */
  readonly clear: () => void
}

/** One line that is redrawn on a terminal; elsewhere a line now and then. */
export const createProgressBar = (stream: WriteStream): ProgressBar => {
  let shownAt = Date.now()
  return {
    show: (progress) => {
      if (stream.isTTY) return void stream.write(`\r\x1b[2K${describe(progress)}`)
      if (Date.now() - shownAt < EVERY_MS) return
      shownAt = Date.now()
      stream.write(`${describe(progress)}\n`)
    },
    clear: () => {
      if (stream.isTTY) stream.write('\r\x1b[2K')
    },
  }
}

const describe = ({ what, done, total }: Progress): string => {
  const share = done / total
  const filled = Math.round(share * WIDTH)
  const bar = `${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}`
  return `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${what}`
}
