import type { Answer } from './app.js'

/** What a browser sends with the form or the script of a page of that service. */
export const fromPage = (url: string) => ({ origin: url, 'sec-fetch-site': 'same-origin' })

export interface PageRequest {
  readonly form?: Readonly<Record<string, string>>
  readonly cookie?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Calls as a browser does, but follows no redirect. */
export const browse = async (
  url: string,
  method: string,
  path: string,
  { form, cookie, headers }: PageRequest = {},
): Promise<Answer> => {
  const response = await fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    headers: { accept: 'text/html', ...(cookie !== undefined && { cookie }), ...headers },
    ...(form && { body: new URLSearchParams(form) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  }
}

/** Name and value, as the browser sends them back. */
export const cookieIn = ({ headers }: Answer): string | undefined => headers.getSetCookie()[0]?.split(';')[0]

export const logInByForm = (
  url: string,
  { email, password }: { readonly email: string; readonly password: string },
  headers: Readonly<Record<string, string>> = fromPage(url),
): Promise<Answer> => browse(url, 'POST', '/admin/login', { form: { email, password }, headers })

/** The cookie of an admin who has logged in. @throws Error when he could not */
export const pageCookie = async (
  url: string,
  admin: { email: string; password: string },
): Promise<string> => {
  const answer = await logInByForm(url, admin)
  const cookie = cookieIn(answer)
  if (answer.status !== 303 || cookie === undefined) throw new Error(`not logged in: ${answer.text}`)
  return cookie
}
