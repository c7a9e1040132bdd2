/** Tells whether a path of the build context (`src/app.ts`) is left out. */
export type Ignores = (path: string) => boolean

const escapeRegExp = (text: string) => text.replace(/[.+^${}()|[\]\\]/g, '\\$&')

/** Go's filepath.Match with Docker's `**`; a pattern that names a folder covers all that is in it. */
const toRegExp = (pattern: string) => {
  const body = pattern
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((part) => {
      if (part === '**/') return '(?:.*/)?'
      if (part === '**') return '.*'
      if (part === '*') return '[^/]*'
      return part === '?' ? '[^/]' : escapeRegExp(part)
    })
    .join('')
  return new RegExp(`^${body}(?:/|$)`)
}

/** Reads a .dockerignore: the last pattern that matches a path, or a folder above it, decides. */
export const parseDockerignore = (source: string): Ignores => {
  const rules = source
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({
      readmits: line.startsWith('!'),
      pattern: toRegExp(line.replace(/^!/, '').replace(/^\/|\/$/g, '')),
    }))
  return (path) => {
    const last = rules.findLast(({ pattern }) => pattern.test(path))
    return last !== undefined && !last.readmits
  }
}
