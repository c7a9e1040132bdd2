import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';

/** OWASP's least for argon2id; 2 is that variant, whose const enum the package only declares. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Of nobody's password: an unknown address costs the same time as a wrong password. */
const NOBODYS_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0IG9mIG91cnM$3T1cGjGvOZr6mXt0Ww2hY0n1u1rVdI0y5mXt0Ww2hY0';

/** The same characters typed on another device may be other code points. */
const normalise = (password: string): string => password.normalize('NFKC');

@Injectable()
export class PasswordsService {
  hash(password: string): Promise<string> {
    return hash(normalise(password), ARGON2ID);
  }

  async verify(passwordHash: string | null | undefined, password: string): Promise<boolean> {
    const matches = await verify(passwordHash ?? NOBODYS_HASH, normalise(password));
    return matches && passwordHash != null;
  }
}
