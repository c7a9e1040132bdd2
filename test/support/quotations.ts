/** Lines of a real file, as a document shows them. */
export interface Quotation {
  /** The heading of the section that it stands in. */
  readonly section: string
  /** What the line before the block says of the file, such as `Here`. */
  readonly label: string
  /** Where the file is, seen from the document. */
  readonly link: string
  readonly lines: readonly string[]
}

/** Stands for lines that are left out. */
const GAP = /^\s*\/\/ …$/
const LABEL = /^(\w+): \[([^\]]+)\]\(([^)]+)\)$/
/** With the line before it and its blank line; only code is quoted, other blocks are commands. */
const CODE_BLOCK = /^(?:([^\n]+)\n\n)?```ts\n(.*?)^```$/gms

const quotationOf = (section: string, label: string, code: string): Quotation => {
  const [, who = '', shown, link = ''] = LABEL.exec(label) ?? []
  if (shown === undefined || !link.endsWith(shown))
    throw new Error(`a block in "${section}" does not say which file it is from: ${label}`)
  return { section, label: who, link, lines: code.trimEnd().split('\n') }
}

/**
 * Reads the quotations of a Markdown document: TypeScript blocks, each behind a line such as
 * `Here: [src/app.ts](../src/app.ts)`.
 * @throws Error for a block that does not name its file, or shows another name than it links to
 */
export const quotationsIn = (markdown: string): Quotation[] =>
  markdown.split(/^## /m).flatMap((text) => {
    const [section = ''] = text.split('\n', 1)
    return [...text.matchAll(CODE_BLOCK)].map(([, label = '', code = '']) =>
      quotationOf(section, label, code),
    )
  })

const indentOf = (lines: readonly string[]): number =>
  Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)))

/** Moves the lines to the left together. */
const unindent = (lines: readonly string[]): string => {
  const indent = indentOf(lines)
  return lines.map((line) => line.slice(indent).trimEnd()).join('\n')
}

const partsOf = (lines: readonly string[]): string[][] => {
  const parts: string[][] = [[]]
  for (const line of lines) {
    if (GAP.test(line)) parts.push([])
    else parts.at(-1)?.push(line)
  }
  return parts
}

/** @returns the index of the line behind the part, undefined when it is nowhere from `start` on */
const endOf = (part: readonly string[], file: readonly string[], start: number): number | undefined => {
  const wanted = unindent(part)
  for (let index = start; index + part.length <= file.length; index += 1) {
    if (unindent(file.slice(index, index + part.length)) === wanted) return index + part.length
  }
  return undefined
}

/**
 * Whether the lines stand in the file one after the other, but for indentation; those on either side of a gap stand there in
 * this order. An empty part is in no file: it would be found everywhere.
 */
export const isQuotedFrom = (file: string, lines: readonly string[]): boolean => {
  const text = file.split('\n')
  let position: number | undefined = 0
  for (const part of partsOf(lines)) {
    if (part.every((line) => line.trim() === '')) return false
    position = endOf(part, text, position)
    if (position === undefined) return false
  }
  return true
}
