import { isIP } from 'node:net'
import { isPublicAddress } from './addresses.js'

/** Why a URL is not called: in words for whoever gave it. */
export interface Refusal {
  readonly code: 'refused_url' | 'refused_address'
  readonly reason: string
}

export interface TargetRule {
  /** Takes addresses and names of our own network too: for development. */
  readonly allowPrivate: boolean
}

const MAX_URL_LENGTH = 2_048

/** Names that mean "here" or "in this network": RFC 6761, 6762, 8375, and what ICANN has set aside as `internal`. */
const LOCAL_NAMES = ['localhost', 'localdomain', 'local', 'internal', 'home.arpa']

/** Below 1024 only the web's own. A POST to a mail server, say, is an attack on somebody else from our address. */
const WEB_PORTS = [80, 443]
const FIRST_FREE_PORT = 1_024
/** The rest of the list of ports that browsers do not speak HTTP to (WHATWG Fetch, "bad port"). */
const OTHER_PROTOCOLS = [
  ...[1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566],
  ...[6665, 6666, 6667, 6668, 6669, 6679, 6697, 10_080],
]

const isWebPort = (port: number): boolean =>
  WEB_PORTS.includes(port) || (port >= FIRST_FREE_PORT && !OTHER_PROTOCOLS.includes(port))

/** A name without a dot is completed by the search list of our own network. */
const isLocalName = (name: string): boolean =>
  !name.includes('.') || LOCAL_NAMES.some((local) => name === local || name.endsWith(`.${local}`))

const faultOf = ({ protocol, username, password, port }: URL): string | undefined => {
  if (protocol !== 'http:' && protocol !== 'https:') return 'must begin with https:// or http://'
  if (username !== '' || password !== '') return 'must not have a user or password in it'
  if (port !== '' && !isWebPort(Number(port))) return 'must use port 80, 443, or one from 1024 for HTTP'
  return undefined
}

/** The host as addresses are judged and sockets take it: without the brackets of IPv6. */
export const bareHost = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

const refusedHost = (url: URL): string | undefined => {
  const host = bareHost(url)
  if (isIP(host) !== 0)
    return isPublicAddress(host) ? undefined : 'must not name an address that is not public'
  // `localhost.` is localhost.
  return isLocalName(host.replace(/\.$/, '')) ? 'must not name a host of a private network' : undefined
}

/**
 * Judges a URL by what can be read off it, for the moment when somebody registers it; the addresses behind a name are
 * judged when a connection is made. All spellings of an address (decimal, octal, short, fullwidth) are one here: the
 * URL parser has read them as the connection will.
 * @returns why it is refused, or undefined; the reason continues a sentence that begins with "The URL"
 */
export const checkTarget = (text: string, { allowPrivate }: TargetRule): Refusal | undefined => {
  if (text.length > MAX_URL_LENGTH) {
    return { code: 'refused_url', reason: `must not be longer than ${MAX_URL_LENGTH} characters` }
  }
  if (!URL.canParse(text)) return { code: 'refused_url', reason: 'must be a whole URL' }
  const url = new URL(text)
  const fault = faultOf(url)
  if (fault !== undefined) return { code: 'refused_url', reason: fault }
  const refused = allowPrivate ? undefined : refusedHost(url)
  return refused === undefined ? undefined : { code: 'refused_address', reason: refused }
}
