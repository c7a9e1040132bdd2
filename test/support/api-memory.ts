import type { configOf } from './deployment-environment.js'

const MIB = 1024 * 1024

/** Under load, docs/operations.md. */
const PROCESS = 199e6
/** docs/configuration.md at REALTIME_SOCKETS_PER_POD. */
const SOCKET = 30e3
/** Argon2's, docs/security.md. */
const HASH = 19 * MIB
/** Twenty at once, docs/uploads.md. */
const UPLOADS = 30e6

/** Bytes that an API process needs with all that it may have at once. */
export const apiMemory = (config: ReturnType<typeof configOf<'api'>>): number =>
  PROCESS + config.REALTIME_SOCKETS_PER_POD * SOCKET + config.PASSWORD_HASHES_AT_ONCE * HASH + UPLOADS

const UNITS: Readonly<Record<string, number>> = { Mi: MIB, Gi: 1024 * MIB, m: MIB, g: 1024 * MIB }

/** Bytes, as Kubernetes (`512Mi`) and Compose (`512m`) write them; none where it is not known. */
export const bytesOf = (limit: string): number => {
  const [, number, unit = ''] = /^(\d+)(\w+)$/.exec(limit) ?? []
  return Number(number) * (UNITS[unit] ?? Number.NaN)
}
