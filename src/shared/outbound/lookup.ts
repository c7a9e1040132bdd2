import { lookup, Resolver } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { OutboundError } from './outbound.errors.js'

/** The addresses of a name. @throws when there is none; gives up once the signal is aborted, or soon after */
export type Resolve = (hostname: string, signal: AbortSignal) => Promise<readonly string[]>

/** For each of two tries at each name server. */
const DNS_TIMEOUT_MS = 2_000

/** More than a partner needs, and so few that trying one after the other comes to an end. */
const MAX_ADDRESSES = 8

/**
 * Asks the name servers themselves. `dns.lookup` would hold one of the process's few threads as long as a partner's
 * name server likes, would read the hosts file, and would complete a name by our network's search list.
 */
export const resolveByDns: Resolve = async (hostname, signal) => {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: 2 })
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    if (four.status === 'rejected' && six.status === 'rejected') throw four.reason
    return [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** Asks the system, as development expects it: `localhost` and what the hosts file names are found. */
export const resolveBySystem: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address)

interface LookupOptions {
  readonly resolve: Resolve
  readonly isAllowed: (address: string) => boolean
  readonly signal: AbortSignal
}

const judgedAddresses = async (hostname: string, { resolve, isAllowed, signal }: LookupOptions) => {
  const addresses = await resolve(hostname, signal).catch((cause: NodeJS.ErrnoException) => {
    throw new OutboundError('dns_failure', `The host name was not found (${cause.code}).`, { cause })
  })
  if (addresses.length === 0) throw new OutboundError('dns_failure', 'The host name has no address.')
  // All of them: which one is tried is up to the socket.
  if (!addresses.every(isAllowed)) {
    throw new OutboundError('refused_address', 'The host name leads to an address that is not public.')
  }
  return addresses.slice(0, MAX_ADDRESSES).map((address) => ({ address, family: isIP(address) }))
}

/**
 * The look-up of one connection. The socket connects to exactly the addresses that were judged, and asks nobody
 * again: a name that answers otherwise the second time (DNS rebinding) has no second time. Needs a socket with
 * `autoSelectFamily`, which takes a list. A socket does not look up a host that is an address: `checkTarget` judges it.
 */
export const createLookup =
  (options: LookupOptions): LookupFunction =>
  (hostname, _options, callback) => {
    judgedAddresses(hostname, options).then(
      (addresses) => callback(null, addresses),
      (error: Error) => callback(error, []),
    )
  }
