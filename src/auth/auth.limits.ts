import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { unavailable } from '../shared/errors.js'
import { principalOf } from '../shared/http/principal-of.js'
import { addressOf, type LimitHook, limitBy } from '../shared/http/rate-limit.js'
import type { Passwords } from './auth.passwords.js'

const WINDOW_MS = 15 * 60_000

export interface AuthLimitSettings {
  /** Guesses at one account that are looked at in a quarter of an hour, right ones included. */
  readonly logInsPerAccount: number
  readonly logInsPerAddress: number
  /** Each of: accounts made, mails asked for, mailed tokens tried. */
  readonly accountChangesPerAddress: number
}

/** What stands before the routes that guess, mail or hash. */
export interface AuthLimits {
  /** A look, before the body is read. */
  readonly requireFreeHashing: LimitHook
  /** Holds a place until the answer is out; only once the body is there, or slow senders would hold them all. */
  readonly takeHashingPlace: LimitHook
  readonly logInByAddress: LimitHook
  /** Needs the validated body. */
  readonly logInByAccount: LimitHook
  readonly passwordByUser: LimitHook
  readonly registerByAddress: LimitHook
  readonly forgotByAddress: LimitHook
  readonly mailedTokenByAddress: LimitHook
  readonly verificationByUser: LimitHook
}

/** The account that a validated log-in names, known or not; hashed, so that no key shows an address. */
const accountOf = ({ body }: FastifyRequest): string => {
  const email = typeof body === 'object' && body !== null && 'email' in body ? String(body.email) : ''
  return createHash('sha256').update(email).digest('base64url')
}

const tooBusy = () => unavailable({ detail: 'Too many log-ins at once: try again in a moment.' })

const userOf = (request: FastifyRequest): string => principalOf(request).userId

/**
 * Makes the hooks; the app must have the rate limits by then. The owner of an account that somebody guesses at
 * cannot log in for a while either, but what is signed in stays so: changing the password counts on its own.
 */
export const createAuthLimits = (
  app: FastifyInstance,
  settings: AuthLimitSettings,
  passwords: Pick<Passwords, 'areBusy' | 'takePlace'>,
): AuthLimits => {
  const limit = (name: string, max: number, keyOf: (request: FastifyRequest) => string): LimitHook =>
    limitBy(app, { name, max, windowMs: WINDOW_MS, keyOf })
  const { logInsPerAccount, logInsPerAddress, accountChangesPerAddress } = settings

  return {
    requireFreeHashing: async () => {
      if (passwords.areBusy()) throw tooBusy()
    },
    // Before the account is counted: whoever is turned away for want of processors has not guessed.
    takeHashingPlace: async (_request, reply) => {
      const giveBack = passwords.takePlace()
      if (!giveBack) throw tooBusy()
      reply.raw.once('close', giveBack)
    },
    logInByAddress: limit('log-in', logInsPerAddress, addressOf),
    logInByAccount: limit('log-in-account', logInsPerAccount, accountOf),
    passwordByUser: limit('password', logInsPerAccount, userOf),
    registerByAddress: limit('register', accountChangesPerAddress, addressOf),
    forgotByAddress: limit('forgot', accountChangesPerAddress, addressOf),
    mailedTokenByAddress: limit('mailed-token', accountChangesPerAddress, addressOf),
    verificationByUser: limit('verification', logInsPerAccount, userOf),
  }
}
