/** What a scenario found beside the figures of all, in words, and whether that is what was promised. */
export interface Finding {
  readonly text: string
  readonly kept: boolean
}

const shown = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1))

/** A figure with the limit that it must not pass. */
export const atMost = (what: string, value: number, limit: number, unit = ''): Finding => ({
  text: `${what} ${shown(value)}${unit} (at most ${limit}${unit})`,
  kept: value <= limit,
})

/** A figure that tells something and promises nothing. */
export const noted = (text: string): Finding => ({ text, kept: true })

export const seconds = (ms: number): number => Math.round(ms / 100) / 10
