/** One instruction, its flags (`--from=build`) apart and its variables filled in. */
export interface Instruction {
  readonly keyword: string
  readonly flags: Readonly<Record<string, string>>
  readonly text: string
  readonly line: number
}

export interface Stage {
  readonly name: string
  /** An image, or the name of an earlier stage. */
  readonly base: string
  readonly instructions: readonly Instruction[]
}

type Variables = Readonly<Record<string, string>>

const FLAG = /^--([a-z-]+)=(\S+)\s+/
/** The instructions in which Docker itself fills in variables; in the others the process sees the dollar. */
const EXPANDED = new Set(['FROM', 'COPY', 'ENV', 'LABEL', 'USER', 'WORKDIR', 'EXPOSE', 'STOPSIGNAL'])

const expand = (text: string, variables: Variables) =>
  text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const value = variables[braced ?? bare ?? '']
    if (value === undefined) throw new Error(`The Dockerfile uses ${braced ?? bare}, which it never sets`)
    return value
  })

/** Joins continued lines; comment lines may stand between them. */
const logicalLines = (source: string) => {
  const lines: { text: string; line: number }[] = []
  let open: { text: string; line: number } | undefined
  source.split('\n').forEach((raw, index) => {
    if (/^\s*(#|$)/.test(raw)) return
    open = { text: (open?.text ?? '') + raw.trim().replace(/\\$/, ' '), line: open?.line ?? index + 1 }
    if (raw.trimEnd().endsWith('\\')) return
    lines.push(open)
    open = undefined
  })
  return lines
}

const parseInstruction = (text: string, line: number, variables: Variables): Instruction => {
  const [, keyword = '', rest = ''] = /^(\w+)\s+(.*)$/s.exec(text) ?? []
  let remaining = EXPANDED.has(keyword) ? expand(rest, variables) : rest
  const flags: Record<string, string> = {}
  for (let match = FLAG.exec(remaining); match; match = FLAG.exec(remaining)) {
    const [whole, name = '', value = ''] = match
    flags[name] = value
    remaining = remaining.slice(whole.length)
  }
  return { keyword, flags, text: remaining.trim(), line }
}

/** Reads `A=1 B="two words"` as ENV, ARG and LABEL have it. */
export const pairsOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(/([\w.-]+)=("[^"]*"|\S*)/g)].map(([, name, value]) => [
      name,
      value?.replaceAll('"', ''),
    ]),
  )

/** The words of an exec form, or undefined when the text is a shell form. */
export const execForm = (text: string): readonly string[] | undefined => {
  if (!text.startsWith('[')) return undefined
  const words: unknown = JSON.parse(text)
  if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words
  throw new Error(`Not an exec form: ${text}`)
}

/**
 * Reads the part of the Dockerfile language that ours uses: no here-documents, parser directives, globs or
 * defaults in variables.
 */
export const parseDockerfile = (source: string): readonly Stage[] => {
  const stages: (Stage & { instructions: Instruction[] })[] = []
  const variables: Record<string, string> = {}
  for (const { text, line } of logicalLines(source)) {
    const instruction = parseInstruction(text, line, variables)
    if (instruction.keyword === 'ARG') Object.assign(variables, pairsOf(instruction.text))
    if (instruction.keyword === 'FROM') {
      const [, base = '', name = ''] = /^(\S+) AS (\S+)$/.exec(instruction.text) ?? []
      stages.push({ name, base, instructions: [] })
    } else {
      stages.at(-1)?.instructions.push(instruction)
    }
  }
  return stages
}

/** The last instruction of a kind, which is the one that counts. */
export const lastOf = (stage: Stage | undefined, keyword: string): Instruction | undefined =>
  stage?.instructions.findLast((instruction) => instruction.keyword === keyword)
