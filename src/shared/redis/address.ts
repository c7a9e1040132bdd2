import { isDecodable } from '../percent-encoding.js'

/*
 * The three forms in which Redis is run, each named by one URL:
 *   redis://USER:PASSWORD@HOST:PORT/NUMBER               one server
 *   redis+sentinel://USER:PASSWORD@HOST:PORT,HOST/NAME   the master of that name, found by Sentinels
 *   redis+cluster://USER:PASSWORD@HOST:PORT,HOST         a Cluster, found by some of its nodes
 * With rediss in place of redis all connections are TLS, those to Sentinels included.
 */

export interface RedisNode {
  readonly host: string
  readonly port: number
}

interface Login {
  readonly username?: string
  readonly password?: string
}

export type RedisAddress =
  | { readonly form: 'single'; readonly url: string }
  | ({
      readonly form: 'sentinel'
      readonly sentinels: RedisNode[]
      readonly name: string
      readonly db: number
      readonly tls: boolean
      readonly sentinelUsername?: string
      readonly sentinelPassword?: string
    } & Login)
  | ({ readonly form: 'cluster'; readonly nodes: RedisNode[]; readonly tls: boolean } & Login)

const SINGLE = /^rediss?:\/\//
const URL_OF_MANY =
  /^(?<scheme>rediss?)\+(?<form>sentinel|cluster):\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/?#@]+)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/
const SENTINEL_PATH = /^\/(?<name>[\w.-]{1,100})(?:\/(?<db>\d{1,3}))?$/
const SENTINEL_LOGIN = ['sentinelUsername', 'sentinelPassword']
const DEFAULT_PORT = { sentinel: 26_379, cluster: 6_379 }
const MAX_NODES = 100

const readNode = (text: string, defaultPort: number): RedisNode | undefined => {
  if (!URL.canParse(`redis://${text}`)) return undefined
  const { hostname, port, pathname } = new URL(`redis://${text}`)
  if (hostname === '' || pathname !== '' || port === '0') return undefined
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || defaultPort) }
}

const readNodes = (hosts: string, defaultPort: number): RedisNode[] | undefined => {
  const nodes = hosts.split(',').map((host) => readNode(host, defaultPort))
  const found = nodes.filter((node) => node !== undefined)
  return found.length === nodes.length && found.length <= MAX_NODES ? found : undefined
}

/** Absent where the URL has nothing there: a client sends no empty password. */
const readLogin = (user: string | undefined, password: string | undefined): Login => ({
  ...(user && { username: decodeURIComponent(user) }),
  ...(password && { password: decodeURIComponent(password) }),
})

const readSentinel = (path: string | undefined, query: string | undefined) => {
  const found = SENTINEL_PATH.exec(path ?? '')?.groups
  const parameters = new URLSearchParams(query)
  if (!found || [...parameters.keys()].some((key) => !SENTINEL_LOGIN.includes(key))) return undefined
  return { name: found['name'] ?? '', db: Number(found['db'] ?? 0), ...Object.fromEntries(parameters) }
}

/** @returns undefined for what is the URL of none of the forms */
export const readRedisAddress = (url: string): RedisAddress | undefined => {
  if (SINGLE.test(url)) return { form: 'single', url }
  const { scheme, form, user, password, hosts = '', path, query } = URL_OF_MANY.exec(url)?.groups ?? {}
  if (form !== 'sentinel' && form !== 'cluster') return undefined
  if (![user, password].every((part) => isDecodable(part ?? ''))) return undefined
  const nodes = readNodes(hosts, DEFAULT_PORT[form])
  if (!nodes) return undefined
  const common = { tls: scheme === 'rediss', ...readLogin(user, password) }
  if (form === 'sentinel') {
    const ofSentinel = readSentinel(path, query)
    return ofSentinel && { form, sentinels: nodes, ...common, ...ofSentinel }
  }
  // A Cluster has no databases, and no options.
  return (path ?? '/') === '/' && query === undefined ? { form, nodes, ...common } : undefined
}

/**
 * The prefix of keys that are used together. In a Cluster a part's keys share a hash tag, and so a slot; different parts have
 * different ones, which may lie on different nodes.
 */
export const prefixOfPart = (url: string, prefix: string, part: 'cache' | 'queue'): string =>
  readRedisAddress(url)?.form === 'cluster' ? `{${prefix}-${part}}` : prefix
