import { hash, verify } from '@node-rs/argon2'

/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane, at least. */
const ARGON2ID = {
  // `Algorithm.Argon2id`: the package declares a const enum, which isolated modules cannot read.
  algorithm: 2,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
} as const

/** Some hash of nothing anybody knows: an unknown address costs the same time as a wrong password. */
const NOBODYS_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0IG9mIG91cnM$3T1cGjGvOZr6mXt0Ww2hY0n1u1rVdI0y5mXt0Ww2hY0'

/** The same characters typed on another device may be other code points (NIST SP 800-63B, 3.1.1.2). */
const normalise = (password: string): string => password.normalize('NFKC')

/** Hashes on libuv's threads, about 20 ms; the salt and the costs are part of the text. */
export const hashPassword = (password: string): Promise<string> => hash(normalise(password), ARGON2ID)

/** Whether the password is the one that was hashed; false, after the same time, if there is no hash. */
export const verifyPassword = async (
  passwordHash: string | undefined,
  password: string,
): Promise<boolean> => {
  const matches = await verify(passwordHash ?? NOBODYS_HASH, normalise(password))
  return matches && passwordHash !== undefined
}
