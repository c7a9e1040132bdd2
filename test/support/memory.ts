import { existsSync, readFileSync } from 'node:fs'

/**
 * Resident megabytes of the launcher's child that runs `program`, from /proc; undefined where the system
 * has none (macOS).
 */
export const residentMegabytes = (launcherPid: number, program: string): number | undefined => {
  const children = `/proc/${launcherPid}/task/${launcherPid}/children`
  if (!existsSync(children)) return undefined
  const pid = readFileSync(children, 'utf8')
    .trim()
    .split(' ')
    .find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(program))
  if (pid === undefined) throw new Error(`${program} does not run`)
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1_024
}
