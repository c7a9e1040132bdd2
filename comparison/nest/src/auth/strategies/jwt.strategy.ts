import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { isUUID } from 'class-validator';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { UnauthenticatedException } from '../../shared/http/errors/problem.exception.js';
import { ACCESS_TOKEN_SECONDS, ALGORITHM, AUDIENCE, ISSUER, JwtKeys } from '../jwt-keys.js';
import { type Principal, ROLES } from '../principal.js';

/** Pods' clocks may differ by so much. */
const SKEW_SECONDS = 5;

interface Claims {
  readonly sub?: unknown;
  readonly sid?: unknown;
  readonly role?: unknown;
  readonly iat?: unknown;
  readonly exp?: unknown;
}

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(keys: JwtKeys) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: (
        _request: unknown,
        token: string,
        done: (error: unknown, key?: KeyArgument) => void,
      ) => {
        try {
          done(null, keys.publicKeyFor(token) as unknown as KeyArgument | undefined);
        } catch (error) {
          done(error);
        }
      },
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
    });
  }

  validate({ sub, sid, role, iat, exp }: Claims): Principal {
    const known = ROLES.find((each) => each === role);
    if (!isUUID(sub) || !isUUID(sid) || !known) throw new UnauthenticatedException();
    if (typeof iat !== 'number' || typeof exp !== 'number') throw new UnauthenticatedException();
    if (iat > Date.now() / 1_000 + SKEW_SECONDS || exp - iat > ACCESS_TOKEN_SECONDS) {
      throw new UnauthenticatedException();
    }
    return { userId: String(sub), sessionId: String(sid), role: known };
  }
}

/** What the verifier takes is wider than the strategy's type says: a key object as well. */
type KeyArgument = string | Buffer;
