import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';

export const ISSUER = 'unnest';
export const AUDIENCE = 'unnest-api';
export const ALGORITHM = 'ES256';
export const ACCESS_TOKEN_SECONDS = 600;

interface PrivateJwk {
  readonly kid: string;
  readonly kty: string;
  readonly crv: string;
  readonly [member: string]: string;
}

const isPrivateJwk = (value: unknown): value is PrivateJwk =>
  typeof value === 'object' &&
  value !== null &&
  'kid' in value &&
  typeof value.kid === 'string' &&
  'd' in value &&
  'crv' in value &&
  value.crv === 'P-256';

const parse = (text: string): readonly PrivateJwk[] => {
  const set: unknown = JSON.parse(text);
  const keys: unknown = typeof set === 'object' && set !== null ? Reflect.get(set, 'keys') : undefined;
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(isPrivateJwk)) throw new TypeError();
  return keys;
};

/** The signing keys as key objects, read once: a text would be parsed anew for each token. */
@Injectable()
export class JwtKeys {
  readonly current: { readonly kid: string; readonly privateKey: KeyObject };
  private readonly publicKeys: ReadonlyMap<string, KeyObject>;

  constructor(config: ConfigService) {
    const keys = JwtKeys.read(config.getOrThrow('JWT_PRIVATE_KEYS'));
    const [newest] = keys;
    if (!newest) throw new TypeError('JWT_PRIVATE_KEYS holds no key');
    this.current = { kid: newest.kid, privateKey: createPrivateKey({ key: newest, format: 'jwk' }) };
    this.publicKeys = new Map(keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
  }

  private static read(text: string): readonly PrivateJwk[] {
    try {
      return parse(text);
    } catch {
      throw new TypeError('JWT_PRIVATE_KEYS must be a JWK set of P-256 private keys, newest first');
    }
  }

  /** The key that is to verify this token, by its header; undefined when it is none of ours. */
  publicKeyFor(token: string): KeyObject | undefined {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString());
    const kid: unknown =
      typeof header === 'object' && header !== null ? Reflect.get(header, 'kid') : undefined;
    return typeof kid === 'string' ? this.publicKeys.get(kid) : undefined;
  }
}
