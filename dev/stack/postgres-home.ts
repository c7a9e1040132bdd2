import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import { type EmbeddedBinaries, embeddedBinaries } from './postgres-binaries.js'
import { canReach, ensureUser, USER_NAME, type User } from './postgres-user.js'
import { StartError } from './start-error.js'

/** Where a cluster lives, and as whom and from which binaries it runs. */
export interface PostgresHome {
  /** Belongs to the user below; holds the cluster, its password and its log. */
  readonly dir: string
  /** The directory of initdb and postgres. */
  readonly bin: string
  /** Set when we are root, which Postgres refuses to run as. */
  readonly user: User | undefined
}

/** For what user postgres cannot reach in the checkout: the usual place of a system service's data. */
const SHARED_BASE = '/var/lib/unnest'
/** In a home there: the path that links to it. */
const ORIGIN = 'origin'

/**
 * Prepares a directory for a cluster. As root it belongs to user `postgres`, who is made when missing; when that
 * user cannot enter the directory or the binaries (a checkout under a 700 home), they move to /var/lib/unnest, and a
 * symbolic link stays in the directory's place. That move is reported in one line.
 */
export const preparePostgresHome = (dir: string, report: (line: string) => void): PostgresHome => {
  fs.mkdirSync(dirname(dir), { recursive: true })
  const embedded = embeddedBinaries()
  const owner = ownerOf(dir)
  const uid = process.getuid?.()
  if (uid !== 0) {
    if (owner !== undefined && owner.uid !== uid) {
      throw new StartError(`${dir} belongs to another user (id ${owner.uid}): start as that user or as root`)
    }
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 })
    return { dir, bin: join(embedded.root, 'bin'), user: undefined }
  }
  // A cluster stays with whom it was made by, so that a single start with sudo does not lock its owner out.
  const user = owner !== undefined && owner.uid !== 0 ? owner : ensureUser()
  const program = join(embedded.root, 'bin', 'postgres')
  const root = canReach(user, program) ? embedded.root : sharedBinaries(embedded, user)
  return { dir: homeFor(user, dir, report), bin: join(root, 'bin'), user }
}

const homeFor = (user: User, dir: string, report: (line: string) => void): string => {
  const linked = linkedHome(dir)
  if (linked !== undefined) return linked
  if (canReach(user, dirname(dir))) return own(dir, user)
  if (fs.existsSync(dir)) {
    throw new StartError(
      `User ${USER_NAME} can no longer enter ${dir}: allow it (chmod o+x) on the folders above`,
    )
  }
  // At random, and not named after the checkout: a fresh one at an old path starts afresh, as it would anywhere else.
  const target = own(join(sharedBase(), randomBytes(6).toString('hex')), user)
  fs.writeFileSync(join(target, ORIGIN), dir)
  fs.symlinkSync(target, dir)
  report(`User ${USER_NAME} cannot enter ${dirname(dir)}, so the database's files are in ${target}`)
  return target
}

/**
 * The home that a link leads to. A checkout that was moved keeps it; one that was copied has a link to the
 * original's home, which two servers must not share: that link is removed.
 */
const linkedHome = (dir: string): string | undefined => {
  const target = linkTarget(dir)
  if (target === undefined) return undefined
  const file = join(target, ORIGIN)
  const origin = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined
  if (origin !== undefined && (origin === dir || linkTarget(origin) !== target)) {
    fs.writeFileSync(file, dir)
    return target
  }
  fs.unlinkSync(dir)
  return undefined
}

/** Copied under another name first: a start that is killed in the middle must not leave half of it behind. */
const sharedBinaries = ({ root, version }: EmbeddedBinaries, user: User): string => {
  const target = join(sharedBase(), `postgres-${version}`)
  if (fs.existsSync(target)) return target
  const draft = fs.mkdtempSync(`${target}.`)
  fs.cpSync(root, draft, { recursive: true, verbatimSymlinks: true })
  for (const path of ['', ...fs.readdirSync(draft, { recursive: true, encoding: 'utf8' })]) {
    fs.lchownSync(join(draft, path), user.uid, user.gid)
  }
  moveInto(draft, target)
  return target
}

/** Another start may have put its own copy there meanwhile, which is as good. */
const moveInto = (draft: string, target: string): void => {
  try {
    fs.renameSync(draft, target)
  } catch (error) {
    fs.rmSync(draft, { recursive: true, force: true })
    if (!fs.existsSync(target)) throw error
  }
}

const sharedBase = (): string => {
  fs.mkdirSync(SHARED_BASE, { recursive: true })
  // Whatever the umask: the user must get through.
  fs.chmodSync(SHARED_BASE, 0o755)
  return SHARED_BASE
}

const own = (dir: string, { uid, gid }: User): string => {
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 })
  fs.chownSync(dir, uid, gid)
  return dir
}

const ownerOf = (dir: string): User | undefined => {
  const stats = fs.statSync(dir, { throwIfNoEntry: false })
  return stats === undefined ? undefined : { uid: stats.uid, gid: stats.gid }
}

const linkTarget = (path: string): string | undefined =>
  fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? fs.readlinkSync(path) : undefined
