import { hash } from '@node-rs/argon2'

/** The service's own (src/auth/auth.passwords.ts), which nothing in dev may import; a test compares the two. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** A hash that no password has, though it reads like any other: a log-in costs as much as with a wrong password. */
export const NOBODYS_HASH = `$argon2id$v=19$m=19456,t=2,p=1$c2FsdCBvZiBub2JvZHkncw$${'A'.repeat(43)}`

/** Salted at random, so it differs from one call to the next. */
export const hashPassword = (password: string): Promise<string> => hash(password.normalize('NFKC'), ARGON2ID)
