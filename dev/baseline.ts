import { join } from 'node:path'
import { isMain } from './is-main.js'
import { filesIn, installPackages, newestOf, runNpm } from './stack/npm-project.js'
import { ROOT } from './testing/checks.js'

const FOLDER = join(ROOT, 'comparison', 'nest')

/** Installs and builds the Nest baseline where that has not been done since it was last changed. */
export const prepareBaseline = async (): Promise<void> => {
  const lock = await installPackages(FOLDER)
  const sources = newestOf([join(FOLDER, 'tsconfig.json'), ...filesIn(join(FOLDER, 'src'))])
  if (newestOf(filesIn(join(FOLDER, 'dist'))) < Math.max(lock, sources)) await runNpm(FOLDER, 'run', 'build')
}

if (isMain(import.meta.url)) await prepareBaseline()
