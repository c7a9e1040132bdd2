import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Bucket } from './s3-storage.js'

/** Where files are kept: a folder of this machine, or a bucket. */
export type StoragePlace = { readonly directory: string } | { readonly bucket: Bucket }

const PARAMETERS = ['region', 'addressing']
/** The default of servers that do not care; Amazon's own wants the bucket's. */
const DEFAULT_REGION = 'us-east-1'
const BUCKET = /^\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?$/

const decode = (text: string): string => decodeURIComponent(text)

const credentialsIn = ({ username, password }: URL): Pick<Bucket, 'credentials'> | undefined => {
  if ((username === '') !== (password === '')) return undefined
  if (username === '') return {}
  return { credentials: { accessKeyId: decode(username), secretAccessKey: decode(password) } }
}

const bucketOf = (url: URL): Bucket | undefined => {
  const [, name] = BUCKET.exec(url.pathname) ?? []
  const credentials = credentialsIn(url)
  const addressing = url.searchParams.get('addressing') ?? 'path'
  const isKnown = [...url.searchParams.keys()].every((key) => PARAMETERS.includes(key))
  if (name === undefined || !credentials || url.host === '' || url.hash !== '' || !isKnown) return undefined
  if (!['path', 'virtual'].includes(addressing)) return undefined
  return {
    endpoint: `${url.protocol === 's3:' ? 'https' : 'http'}://${url.host}`,
    name,
    region: url.searchParams.get('region') ?? DEFAULT_REGION,
    ...credentials,
    virtualHost: addressing === 'virtual',
  }
}

const parse = (text: string): StoragePlace | undefined => {
  try {
    const url = new URL(text)
    if (url.protocol === 'file:') {
      const directory = fileURLToPath(url)
      return isAbsolute(directory) && url.search === '' ? { directory } : undefined
    }
    if (url.protocol !== 's3:' && url.protocol !== 's3+http:') return undefined
    const bucket = bucketOf(url)
    return bucket && { bucket }
  } catch {
    return undefined
  }
}

/** STORAGE_URL: what it names, or a message without any of it, since it holds a secret. */
export const storageUrl = z.string().transform((text, context) => {
  const place = parse(text)
  if (place) return place
  context.addIssue({
    code: 'custom',
    message: 'must be file:///FOLDER or s3://KEY:SECRET@HOST/BUCKET (s3+http:// without TLS)',
  })
  return z.NEVER
})
