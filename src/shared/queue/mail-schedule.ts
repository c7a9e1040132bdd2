const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000]

/**
 * When a mail is tried again. A server that greets strangers with "later" means some minutes, and one that is being
 * repaired an hour or two: past that a person should look at it.
 */
export const MAIL_SCHEDULE = {
  attempts: 9,
  delaysMs: [SECOND, 2 * SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR],
}

/** For what somebody waits for in front of a form: after a quarter of an hour they ask again. */
export const URGENT_MAIL_SCHEDULE = { ...MAIL_SCHEDULE, attempts: 7 }
