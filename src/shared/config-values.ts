import { isIP } from 'node:net'
import { z } from 'zod'
import { readMailbox } from './mailbox.js'
import { isDecodable } from './percent-encoding.js'
import { readRedisAddress } from './redis/address.js'
import { faultOfSmtpUrl } from './smtp-url.js'
import { wholeNumber } from './whole-number.js'

/*
 * What a variable of the environment may be. Their messages go to the operator, so none of them names the value.
 */

export const port = wholeNumber(0, 65_535)
export const host = z.string().min(1).max(255).default('127.0.0.1')
export const milliseconds = wholeNumber(0, 600_000)
const isUrl = (text: string, protocols: readonly string[], path: RegExp): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, pathname, username, password } = new URL(text)
  return (
    protocols.includes(protocol.slice(0, -1)) &&
    hostname !== '' &&
    [username, password, pathname].every(isDecodable) &&
    path.test(pathname)
  )
}

/** The driver for Postgres takes the first colon of one for the end of its host. */
const isIpv6 = (url: string): boolean => new URL(url).hostname.startsWith('[')

const namesSeveral = (url: string): boolean => /,|%2c/i.test(new URL(url).hostname)

const SSL_MODES: readonly string[] = ['disable', 'allow', 'prefer', 'require', 'verify-full']
/** The driver would take any option for a setting of the session, before ours: a query could be without its deadline. */
const hasNoOptionButSsl = (url: string): boolean => {
  const { searchParams, hash } = new URL(url)
  const options = [...searchParams]
  return (
    hash === '' && options.length <= 1 && options.every(([k, v]) => k === 'sslmode' && SSL_MODES.includes(v))
  )
}

/** For the driver the host begins behind the first `@`, be it one of the password: part of that would name servers. */
const hidesHosts = (text: string): boolean => /@[^/?#]*(,|%2c)/i.test(text)

export const postgresUrl = z
  .string()
  .refine(
    (text) =>
      isUrl(text, ['postgres', 'postgresql'], /^\/[^/]+$/) &&
      !namesSeveral(text) &&
      !isIpv6(text) &&
      !hidesHosts(text) &&
      hasNoOptionButSsl(text),
    'must be postgres://HOST/DATABASE, with one host, by its name or IPv4 address, and no option but sslmode',
  )
/** No options, of which the client would take any of its own: some end the process, without a word. */
const isPlain = (url: string): boolean => {
  const { search, hash } = new URL(url)
  return !namesSeveral(url) && search + hash === ''
}
const SEVERAL_REDIS = /^rediss?\+/
export const redisUrl = z
  .string()
  .refine(
    (text) =>
      SEVERAL_REDIS.test(text)
        ? readRedisAddress(text) !== undefined
        : isUrl(text, ['redis', 'rediss'], /^(\/\d{0,3})?$/) && isPlain(text),
    'must be redis://HOST or redis://HOST/NUMBER, redis+sentinel://HOST,HOST/NAME or redis+cluster://HOST,HOST',
  )
export const appUrl = z.string().refine((text) => isUrl(text, ['http', 'https'], /^/), 'must be https://HOST')
export const collectorUrl = z
  .string()
  .refine((text) => isUrl(text, ['http', 'https'], /^/) && !/[?#]/.test(text), 'must be http://HOST:PORT')
export const smtpUrl = z.string().superRefine((text, context) => {
  const message = faultOfSmtpUrl(text)
  if (message !== undefined) context.addIssue({ code: 'custom', message })
})
export const mailbox = z
  .string()
  .max(320)
  .refine((text) => readMailbox(text) !== undefined, 'must be NAME <ADDRESS> or ADDRESS')

/** An address, or a network as ADDRESS/BITS. */
const isNetwork = (text: string): boolean => {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return (
    bits === undefined ||
    (/^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (family === 4 ? 32 : 128))
  )
}

export const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)

/** The proxies whose word on the client's address is taken. Named one by one: "all" would be anybody. */
export const proxies = z
  .string()
  .default('')
  .transform(listOf)
  .refine((list) => list.every(isNetwork), 'must be addresses or networks (10.0.0.0/8), separated by commas')

/** As browsers spell the origin of a page: without a path, a default port, or an upper-case letter. */
const isOrigin = (text: string): boolean =>
  URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text

export const origins = z
  .string()
  .default('')
  .transform(listOf)
  .refine((list) => list.every(isOrigin), 'must be origins (https://shop.example), separated by commas')

/** Redis is asked within a quarter of it, and Postgres rolls a frozen holder back after two seconds. */
export const lockTime = wholeNumber(1_000, 600_000)

export const trueOrFalse = (byDefault: boolean) =>
  z
    .enum(['true', 'false'], 'must be true or false')
    .default(byDefault ? 'true' : 'false')
    .transform((text) => text === 'true')

export const limit = (byDefault: number) => wholeNumber(1, 1_000_000).default(byDefault)

/** `mail=50,webhooks=20`: tries at once, by queue. */
export const concurrency = z
  .string()
  .default('')
  .transform(listOf)
  .refine(
    (list) => list.every((item) => /^[a-z-]{1,40}=([1-9]\d{0,2})$/.test(item)),
    'must be QUEUE=NUMBER (1 to 999), separated by commas',
  )
  .transform(
    (list): Readonly<Record<string, number>> =>
      Object.fromEntries(
        list.map((item) => item.split('=')).map(([queue, number]) => [queue, Number(number)]),
      ),
  )

/** `authorization=Bearer%20abc,x-tenant=shop`: as OpenTelemetry has it, the values percent-encoded. */
export const collectorHeaders = z
  .string()
  .transform(listOf)
  .refine(
    (list) =>
      list.length > 0 && list.every((item) => /^[\w-]+=([!#-$&-:<-~]|%[2-6][\da-f]|%7[\da-e])*$/i.test(item)),
    'must be NAME=VALUE, separated by commas, the values percent-encoded',
  )
  .transform(
    (list): Readonly<Record<string, string>> =>
      Object.fromEntries(
        list
          .map((item) => item.split(/=(.*)/s))
          .map(([name, value = '']) => [name, decodeURIComponent(value)]),
      ),
  )

/** From none to all of something. */
export const share = z
  .string()
  .regex(/^(0?\.\d{1,9}|[01](\.0{1,9})?)$/, 'must be a number from 0 to 1')
  .transform(Number)
