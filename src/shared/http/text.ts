import { z } from 'zod'

/**
 * Postgres refuses U+0000 in text, and no name or article has use for the other control characters. Half a
 * surrogate pair (Cs) is no character: it would come back from the database as U+FFFD.
 */
const NO_CONTROL_CHARACTERS = /^[^\p{Cc}\p{Cs}]*$/u
const NO_CONTROL_CHARACTERS_BUT_BREAKS = /^(?:[^\p{Cc}\p{Cs}]|[\n\r\t])*$/u
const message = 'must not have control characters or broken ones'

/** Text of one line, without the white space around it. Lengths in UTF-16 units. */
export const line = (min: number, max: number) =>
  z.string().trim().min(min).max(max).regex(NO_CONTROL_CHARACTERS, message)

/** Text that may have line breaks and tabs. */
export const paragraphs = (max: number) =>
  z.string().max(max).regex(NO_CONTROL_CHARACTERS_BUT_BREAKS, message)
