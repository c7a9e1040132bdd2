import { type Logger, pino } from 'pino';

/** One JSON line an event, to standard output. */
export const createPino = (level: string, name: string): Logger =>
  pino(
    {
      level,
      base: { process: name, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: describeError },
    },
    // Lines go out together, beside the event loop: a write for each costs as much as a small answer.
    pino.destination({ dest: 1, sync: false, minLength: 4_096, periodicFlush: 50 }),
  );

/** A failed query's error carries its parameters, hashes and addresses among them: they stay out of the log. */
const describeError = (thrown: unknown) => {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: String(thrown) };
  const frames = thrown.stack?.split('\n').filter((line) => /^\s+at /.test(line));
  return { type: thrown.name, message: thrown.message, stack: frames?.join('\n') };
};
