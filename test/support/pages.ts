import type { Call } from './app.js'

interface WalkOptions {
  readonly token?: string
  /** Done after each page but the last. */
  readonly between?: () => Promise<unknown>
}

/** Follows a list's cursors to its end. @returns what was on each page. @throws Error when a page is refused */
export const walkPages = async <Row extends { readonly id: string }>(
  call: Call,
  path: string,
  { token, between }: WalkOptions = {},
): Promise<Row[][]> => {
  const pages: Row[][] = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `${path.includes('?') ? '&' : '?'}cursor=${cursor}`
    const { status, body, text } = await call('GET', `${path}${query}`, token === undefined ? {} : { token })
    if (status !== 200) throw new Error(`${path}${query}: ${text}`)
    pages.push(body.data)
    cursor = body.meta.nextCursor
    if (cursor !== null) await between?.()
  } while (cursor !== null)
  return pages
}
