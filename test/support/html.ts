/*
 * Reads the HTML of our mails more strictly than a browser does: whatever is not one of our elements, bare of
 * attributes, or an entity of ours, is a fault. In text, `<` and `&` alone mean something to HTML (its "data" and
 * "RCDATA" states), so what passes here says the same in each parser.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}

const FRAME = ['<!doctype html>', '<html lang="en">', '<head>', '<meta charset="utf-8">', '<title>'] as const
const ELEMENT = /^<\/?(p|ul|li|body|head|html|title)>$/

const textOf = (piece: string): string =>
  piece.replace(/&[^;]{0,5};?/g, (entity) => {
    const character = ENTITIES[entity]
    if (character === undefined) throw new Error(`no entity of ours: ${entity}`)
    return character
  })

export interface ReadHtml {
  /** The elements in their order, without what they hold. */
  readonly tags: readonly string[]
  readonly title: string
  /** The text of each paragraph and list item. */
  readonly texts: readonly string[]
}

/** @throws Error that names what does not belong there */
export const readHtml = (html: string): ReadHtml => {
  const pieces = html.split(/(<[^>]*>)/).filter((piece) => piece !== '')
  if (pieces.slice(0, FRAME.length).join() !== FRAME.join()) throw new Error(`no page of ours: ${html}`)
  const tags = pieces.filter((piece) => piece.startsWith('<'))
  for (const tag of tags.slice(FRAME.length))
    if (!ELEMENT.test(tag)) throw new Error(`no tag of ours: ${tag}`)
  const inside = (...openings: string[]): string[] =>
    pieces.flatMap((piece, index) => {
      if (!openings.includes(piece)) return []
      const next = pieces[index + 1] ?? ''
      return [next.startsWith('<') ? '' : textOf(next)]
    })
  return { tags, title: inside('<title>')[0] ?? '', texts: inside('<p>', '<li>') }
}
