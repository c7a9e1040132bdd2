export type SmtpStage = 'greeting' | 'mail' | 'rcpt' | 'data'

/**
 * What the server does with a mail: take it, refuse it for now, reject its recipient for good, hold its answer back,
 * say nothing at all, take it and break off before it says so, or, at one stage, give an answer of the test's or none
 * but the end of the connection.
 */
export type SmtpMode = 'accept' | 'refuse' | 'reject' | 'stall' | 'mute' | 'lose' | SmtpPlan

export interface SmtpPlan {
  readonly at: SmtpStage
  readonly answer: number | 'reset'
  readonly text?: string
  /** Afterwards all is well again. */
  readonly once?: true
}

const WORDS: Readonly<Record<string, SmtpPlan>> = {
  refuse: { at: 'mail', answer: 451 },
  reject: { at: 'rcpt', answer: 550 },
}

/** Says of each step whether it may go on. */
export const createSmtpGate = (initial: SmtpMode) => {
  let mode = initial
  let refused = 0
  return {
    is: (other: SmtpMode): boolean => mode === other,
    set: (next: SmtpMode): void => {
      mode = next
    },
    refused: () => refused,
    /** The step's end: none, an answer, or, by `drop`, the connection's end. */
    pass: (stage: SmtpStage, address: string, drop: () => void, done: (error?: Error) => void): void => {
      const plan = typeof mode === 'string' ? WORDS[mode] : mode
      if (plan?.at !== stage) {
        done()
        return
      }
      refused += 1
      if (plan.once) mode = 'accept'
      if (plan.answer === 'reset') {
        drop()
        return
      }
      // As real ones do: they repeat the address.
      const text = plan.text ?? `<${address}>: not here, not now`
      done(Object.assign(new Error(text), { responseCode: plan.answer }))
    },
  }
}
