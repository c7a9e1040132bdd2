import type { z } from 'zod'

/** What a process tells its operator when its environment does not do: every fault, and no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor(readonly faults: readonly string[]) {
    super(`The environment is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
  }
}

/** @throws ConfigError with all faults at once */
export const readEnvironment = <T extends object>(
  schema: z.ZodType<T>,
  env: NodeJS.ProcessEnv,
): Readonly<T> => {
  // An empty variable means "not set": orchestrators and shells cannot always leave one out.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const result = schema.safeParse(given, {
    error: (issue) => (issue.input === undefined ? 'is required' : undefined),
  })
  if (result.success) return Object.freeze(result.data)
  throw new ConfigError(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`))
}
