import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { installPackages } from '../../dev/stack/npm-project.js'
import { ROOT } from '../../dev/testing/checks.js'

const FOLDER = join(ROOT, 'comparison', 'runtime')

/**
 * The Node that all candidates run on: an old one would flatter us, since Express alone costs several times as much on
 * Node 20 as on 24. Rejects where npm has none for this system.
 */
export const findRuntime = async (current: boolean): Promise<string> => {
  if (current) return process.execPath
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new Error(`comparison/runtime has no Node for ${process.platform}: use --node current on Node 24`)
  }
  await installPackages(FOLDER)
  const node = join(FOLDER, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node')
  // npm passes over an optional package that it cannot have.
  if (!existsSync(node))
    throw new Error('npm could not install Node: remove comparison/runtime/node_modules, and try again')
  return node
}
