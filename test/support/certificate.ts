import { generateKeyPairSync, sign } from 'node:crypto'

/*
 * A self-signed certificate for 127.0.0.1, made by hand: node:crypto makes keys but no certificates, and a machine
 * that runs the tests need not have openssl. The form is RFC 5280's, in DER: each value is a tag, a length, a content.
 */

const [INTEGER, BIT_STRING, OCTET_STRING, OID, UTF8, UTC_TIME] = [0x02, 0x03, 0x04, 0x06, 0x0c, 0x17]
const [SEQUENCE, SET] = [0x30, 0x31]
/** [0] and [3] of TBSCertificate, [7] iPAddress of GeneralName. */
const [VERSION, EXTENSIONS, IP_ADDRESS] = [0xa0, 0xa3, 0x87]

const lengthOf = (size: number): number[] => {
  if (size < 0x80) return [size]
  return size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
}

const value = (tag: number, ...parts: readonly (Buffer | readonly number[] | string)[]): Buffer => {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part as Buffer)))
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content])
}

const sequence = (...parts: readonly Buffer[]): Buffer => value(SEQUENCE, ...parts)
/** 1.2.840.10045.4.3.2 */
const ecdsaWithSha256 = sequence(value(OID, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]))
/** 2.5.4.3, commonName */
const name = sequence(value(SET, sequence(value(OID, [0x55, 0x04, 0x03]), value(UTF8, 'test'))))
/** 2.5.29.17, subjectAltName */
const forLoopback = sequence(
  value(OID, [0x55, 0x1d, 0x11]),
  value(OCTET_STRING, sequence(value(IP_ADDRESS, [127, 0, 0, 1]))),
)

const hour = (hours: number): Buffer => {
  const digits = new Date(Date.now() + hours * 3_600_000).toISOString().replace(/\D/g, '').slice(2, 14)
  return value(UTC_TIME, `${digits}Z`)
}

/** Key and certificate as PEM, good from an hour ago for one more. */
export const createCertificate = (): { readonly key: string; readonly cert: string } => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const toBeSigned = sequence(
    value(VERSION, value(INTEGER, [2])),
    value(INTEGER, [1]),
    ecdsaWithSha256,
    name,
    sequence(hour(-1), hour(1)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    value(EXTENSIONS, sequence(forLoopback)),
  )
  const signature = value(BIT_STRING, [0], sign('sha256', toBeSigned, privateKey))
  const base64 = sequence(toBeSigned, ecdsaWithSha256, signature).toString('base64')
  const lines = base64.replace(/.{64}/g, '$&\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  }
}
