import { isDecodable } from './percent-encoding.js'

/** An SMTP_URL that sends to nobody, for load tests. */
const DISCARD_MAIL = 'discard:'

/** Where mails are handed in, as `SMTP_URL` says it. */
export interface SmtpServer {
  readonly host: string
  readonly port: number
  /** From the first byte, from before anything of ours is said, or not at all. */
  readonly tls: 'implicit' | 'starttls' | 'none'
  readonly login: { readonly user: string; readonly password: string } | undefined
}

/** RFC 8314 and RFC 6409; bare 25 is what a relay of one's own listens on. */
const PORTS: Readonly<Record<SmtpServer['tls'], number>> = { implicit: 465, starttls: 587, none: 25 }

const tlsOf = ({ protocol, searchParams }: URL): SmtpServer['tls'] => {
  if (protocol === 'smtps:') return 'implicit'
  return searchParams.get('tls') === 'none' ? 'none' : 'starttls'
}

/** The mail library would read any of its options from there, "do not check the certificate" among them. */
const hasForeignOptions = ({ protocol, search }: URL): boolean =>
  search !== '' && !(protocol === 'smtp:' && search === '?tls=none')

/** What is wrong with it, in words for the operator that repeat nothing of it; undefined when it will do. */
export const faultOfSmtpUrl = (text: string): string | undefined => {
  if (text === DISCARD_MAIL) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSmtp = url?.protocol === 'smtp:' || url?.protocol === 'smtps:'
  if (!url || !isSmtp || url.hostname === '' || !/^\/?$/.test(url.pathname) || url.hash !== '') {
    return 'must be smtp://HOST or smtps://HOST'
  }
  if (hasForeignOptions(url)) return 'has no option but ?tls=none, and that only with smtp://'
  if ((url.username === '') !== (url.password === '')) return 'must have a user and a password, or neither'
  if (![url.username, url.password].every(isDecodable))
    return 'must have % in its user and password written as %25'
  if (url.username !== '' && tlsOf(url) === 'none') return 'must not send a password without TLS'
  return undefined
}

/** Reads one without a fault. @returns undefined when mails are discarded @throws Error that names the fault */
export const readSmtpUrl = (text: string): SmtpServer | undefined => {
  if (text === DISCARD_MAIL) return undefined
  const fault = faultOfSmtpUrl(text)
  if (fault !== undefined) throw new Error(`SMTP_URL ${fault}`)
  const url = new URL(text)
  const tls = tlsOf(url)
  const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)]
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? PORTS[tls] : Number(url.port),
    tls,
    login: user === '' ? undefined : { user, password },
  }
}
