import type { Redis } from 'ioredis'

/** Of a command, what the library's own time-out uses; its timer is cleared by this name when the answer is there. */
interface TimedCommand {
  readonly isSettled: boolean
  readonly reject: (error: Error) => void
  setTimeout: (ms: number) => void
  _commandTimeoutTimer?: NodeJS.Timeout
}

/** A timer is a little late as a rule. */
const LATE_MS = 50

const arm = (command: TimedCommand, ms: number, mayBeLate: boolean): void => {
  const due = performance.now() + ms
  command._commandTimeoutTimer = setTimeout(() => {
    if (command.isSettled) return
    if (mayBeLate && performance.now() - due > LATE_MS) arm(command, ms, false)
    else command.reject(new Error('Command timed out'))
  }, ms)
}

function armPatiently(this: TimedCommand, ms: number): void {
  if (!this._commandTimeoutTimer) arm(this, ms, true)
}

/**
 * Has a command's time-out mean that Redis is slow. After a turn of the event loop that took longer, timers come before answers,
 * and before what was to be sent: a pod with much to do would take Redis for dead, and do without its cache just then. Such a
 * command gets its time once more.
 */
export const forgiveLateTimeouts = (redis: Redis): void => {
  const send = redis.sendCommand.bind(redis)
  redis.sendCommand = (command, stream) => {
    // The library declares no type for a command's own parts.
    const timed = command as unknown as TimedCommand
    timed.setTimeout = armPatiently
    return send(command, stream)
  }
}
