import { createHash } from 'node:crypto'
import { ADMIN_PATH, LOGIN_PATH } from '../shared/http/pages.js'

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 22rem; margin: 12vh auto; padding: 0 1rem; color: #1b2430; }
label { display: block; margin: 1rem 0 .25rem; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; border: 1px solid #8b96a5; border-radius: 4px; }
button { font: inherit; margin-top: 1.5rem; padding: .5rem 1.5rem; border: 0; border-radius: 4px; background: #1b4f9c; color: #fff; }
[role=alert] { padding: .5rem; border-left: 4px solid #b3261e; background: #fdecea; }
`

/** For the pages' policy: this one style, and no other, may stand in them. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const toHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

const page = (title: string, content: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>${toHtml(title)} - Unnest</title>
<style>${STYLE}</style>
<h1>${toHtml(title)}</h1>
${content}
</html>
`

/** @param fault why the last try failed */
export const logInPage = (fault?: string): string =>
  page(
    'Admin log-in',
    `${fault === undefined ? '' : `<p role="alert">${toHtml(fault)}</p>`}
<form method="post" action="${LOGIN_PATH}">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="username" maxlength="254" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="256" required>
<button type="submit">Log in</button>
</form>`,
  )

export const homePage = (): string =>
  page(
    'Administration',
    `<p><a href="${ADMIN_PATH}/queues">Queues</a></p>
<form method="post" action="${ADMIN_PATH}/logout"><button type="submit">Log out</button></form>`,
  )
