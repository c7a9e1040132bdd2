/** What pino writes; the named facts are those that a line for people treats in a way of their own. */
export interface LogRecord {
  readonly level?: unknown
  readonly time?: unknown
  readonly msg?: unknown
  readonly err?: unknown
  readonly method?: unknown
  readonly route?: unknown
  readonly status?: unknown
  readonly ms?: unknown
  readonly adminCreated?: unknown
  readonly [fact: string]: unknown
}

/** Facts that every line has or that only machines want. */
const LEFT_OUT = new Set(['level', 'time', 'pid', 'process', 'msg', 'err', 'requestId'])
const REQUEST_FACTS = ['method', 'route', 'status', 'ms']

/** A program's output line as a JSON log record; undefined when it is something else. */
export const parseLog = (line: string): LogRecord | undefined => {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** One compact line for people: the program's name, the time, the level when it matters, and what happened. */
export const describeLine = (program: string, line: string): string => {
  const prefix = program.padEnd(7)
  const log = parseLog(line)
  if (log === undefined) return `${prefix} ${line}`
  return [prefix, timeOf(log), levelOf(log), isRequest(log) ? requestOf(log) : eventOf(log)]
    .filter((part) => part !== '')
    .join(' ')
}

const timeOf = ({ time }: LogRecord): string => {
  const date = typeof time === 'number' || typeof time === 'string' ? new Date(time) : new Date()
  return date.toTimeString().slice(0, 8)
}

const levelOf = ({ level }: LogRecord): string => {
  const value = typeof level === 'number' ? level : 30
  return value >= 60 ? 'FATAL' : value >= 50 ? 'ERROR' : value >= 40 ? 'WARN ' : ''
}

const isRequest = ({ method, status }: LogRecord): boolean => method !== undefined && status !== undefined

const requestOf = (log: LogRecord): string => {
  const { method, route, status, ms } = log
  const facts = Object.fromEntries(Object.entries(log).filter(([key]) => !REQUEST_FACTS.includes(key)))
  return `${method} ${route ?? '(no route)'} ${status} ${ms} ms${factsOf(facts)}${errorOf(log)}`
}

const eventOf = (log: LogRecord): string => `${log.msg ?? ''}${factsOf(log)}${errorOf(log)}`

const factsOf = (log: LogRecord): string =>
  Object.entries(log)
    .filter(([key, value]) => !LEFT_OUT.has(key) && value !== null && typeof value !== 'object')
    .map(([key, value]) => ` ${key}=${value}`)
    .join('')

/** The message and the place where it was thrown; who needs the whole stack has it in the JSON. */
const errorOf = ({ err }: LogRecord): string => {
  if (!isRecord(err)) return ''
  const { message, stack } = err
  const place = /^\s+at .*$/m.exec(String(stack ?? ''))?.[0].trim()
  return `: ${message ?? 'error'}${place === undefined ? '' : ` (${place})`}`
}

const isRecord = (value: unknown): value is LogRecord => typeof value === 'object' && value !== null
