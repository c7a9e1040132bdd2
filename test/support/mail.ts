import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A mail as its reader sees it. */
export interface ReadMail {
  /** Lower-case names; a header that stands there twice is two values. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly text: string
  readonly html: string
}

const unfold = (head: string): string[] => head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)

const readHeaders = (head: string): Map<string, string[]> => {
  const headers = new Map<string, string[]>()
  for (const line of unfold(head)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()])
  }
  return headers
}

const fromQuotedPrintable = (text: string): string => {
  const bytes = text
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

const decode = (body: string, encoding = '7bit'): string => {
  if (encoding === 'quoted-printable') return fromQuotedPrintable(body)
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8')
  return body
}

const split = (message: string): [string, string] => {
  const end = /\r?\n\r?\n/.exec(message)
  if (!end) return [message, '']
  return [message.slice(0, end.index), message.slice(end.index + end[0].length)]
}

/** Reads a multipart/alternative message of a text and an HTML part. */
export const parseMail = (message: string): ReadMail => {
  const [head, body] = split(message)
  const headers = readHeaders(head)
  const boundary = /boundary="([^"]+)"/.exec(headers.get('content-type')?.[0] ?? '')?.[1] ?? ''
  const parts = body.split(`--${boundary}`).map((part) => split(part.trim()))
  const partOf = (type: string): string => {
    const [partHead, content] = parts.find(([lines]) => lines.includes(type)) ?? ['', '']
    return decode(content, readHeaders(partHead).get('content-transfer-encoding')?.[0])
  }
  return { headers, text: partOf('text/plain'), html: partOf('text/html') }
}

/** All that is in the mail folder, unfinished files included. */
export const mailFiles = (dir: string): string[] => {
  try {
    return readdirSync(dir).sort()
  } catch {
    return []
  }
}

export const readMailFile = (dir: string, key: string): ReadMail =>
  parseMail(readFileSync(join(dir, `${key}.eml`), 'utf8'))

/** The token that a mail carries, alone or behind a link. */
export const tokenIn = ({ text }: ReadMail): string => {
  const token = /(?:#token=|: )([\w-]{43})$/m.exec(text)?.[1]
  if (token === undefined) throw new Error(`no token in: ${text}`)
  return token
}
