import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Whether the module of this URL is the program that node was asked to run. */
export const isMain = (url: string): boolean => {
  const program = process.argv[1]
  return program !== undefined && realpathSync(program) === fileURLToPath(url)
}
