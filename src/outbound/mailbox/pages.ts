import crypto from 'node:crypto'
import type { ParsedMail } from './parse.ts'
import type { KeptMail } from './store.ts'

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
/** Text made inert for HTML, in content and in quoted attributes. Direction overrides cannot reorder what is around it. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, found => entities[found]!).replace(/[\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}

const style = `
:root{color-scheme:light dark;--ground:#f6f7f8;--paper:#fff;--ink:#1a1f24;--quiet:#525c66;--line:#d8dde2;--accent:#0b5cad;--mark:#e8f0f9}
@media (prefers-color-scheme:dark){:root{--ground:#14181c;--paper:#1c2126;--ink:#e8ebee;--quiet:#a5b0ba;--line:#343c44;--accent:#7db7f0;--mark:#22303d}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
a{color:var(--accent)}
a:focus-visible,[tabindex]:focus-visible,iframe:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem 1rem}
header,main{max-width:60rem;margin:0 auto;padding:0 1.25rem}
header{display:flex;align-items:baseline;gap:1rem;padding-top:1.75rem}
header p{margin:0;color:var(--quiet)}header nav{margin-left:auto}
h1{font-size:1.375rem;line-height:1.3;margin:0;overflow-wrap:anywhere}
main{padding-top:1.25rem;padding-bottom:4rem}
.paper{background:var(--paper);border:1px solid var(--line);border-radius:10px;overflow:hidden}
.empty{padding:3rem 1.5rem;text-align:center;color:var(--quiet)}.empty p{margin:.25rem 0}
ol{list-style:none;margin:0;padding:0}
li.mail{border-top:1px solid var(--line)}li.mail:first-child{border-top:0}
li.mail a{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:.125rem 1rem;padding:.75rem 1.25rem;text-decoration:none;color:inherit}
li.mail a:hover{background:var(--mark)}li.mail a:focus-visible{outline-offset:-3px}
.subject{font-weight:600;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.quiet{color:var(--quiet);font-size:.875rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.quiet.right{text-align:right}
dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.25rem 1rem;margin:0;padding:1rem 1.25rem}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
.tabs{display:flex;gap:.25rem;padding:0 1rem;border-bottom:1px solid var(--line)}
.tabs a{padding:.625rem .75rem;text-decoration:none;color:var(--quiet);border-bottom:3px solid transparent}
.tabs a[aria-current]{color:var(--ink);font-weight:600;border-bottom-color:var(--accent)}
iframe{display:block;width:100%;height:70vh;border:0;background:#fff;color-scheme:light}
pre{margin:0;padding:1.25rem;overflow:auto;max-height:70vh;font:.875rem/1.5 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
h2{font-size:1rem;margin:1.5rem 0 .5rem}ul{margin:0;padding-left:1.25rem}ul li{overflow-wrap:anywhere}
.more{margin-top:1rem}
@media (max-width:36rem){header{flex-wrap:wrap}header h1{flex-basis:100%}li.mail a{grid-template-columns:minmax(0,1fr)}.quiet.right{text-align:left}}
`

/** The pages load nothing and run nothing; the one style is allowed by its hash. */
export const pageHeaders: Record<string, string> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${crypto.createHash('sha256').update(style).digest('base64')}'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

/** For the mail's own HTML: a document of no origin that runs nothing and fetches nothing. */
export const frameHeaders: Record<string, string> = {
  ...pageHeaders,
  'content-security-policy':
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'",
}

function page(title: string, head: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)} · Tocsin mailbox</title><style>${style}</style></head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>${head}</header>
<main id="main" tabindex="-1">${main}</main>
</body>
</html>
`
}

export function listPage(
  mails: readonly KeptMail[],
  options: { count: number; next?: string; older: boolean },
): string {
  const counted = options.count === 1 ? '1 mail' : `${options.count} mails`
  const head = `<h1>Mailbox</h1><p>${counted}, kept on this machine</p><nav aria-label="Mailbox"><a href="/mailbox">${options.older ? 'Newest' : 'Refresh'}</a></nav>`
  if (mails.length === 0) {
    return page(
      'Mailbox',
      head,
      '<div class="paper empty"><p>No mail yet.</p><p>What Tocsin delivers appears here, and goes nowhere else.</p></div>',
    )
  }
  const more = options.next
    ? `<p class="more"><a href="/mailbox?cursor=${encodeURIComponent(options.next)}">Older mails</a></p>`
    : ''
  return page('Mailbox', head, `<ol class="paper">${mails.map(row).join('')}</ol>${more}`)
}

function row(mail: KeptMail): string {
  return `<li class="mail"><a href="/mailbox/${mail.id}"><span class="subject">${escapeHtml(mail.subject) || '(no subject)'}</span><span class="quiet right">${time(mail.at)}</span><span class="quiet">To ${escapeHtml(mail.to)}</span><span class="quiet right">${size(mail.bytes)}</span></a></li>`
}

export type View = 'html' | 'text' | 'source'
const viewNames: Record<View, string> = { html: 'HTML', text: 'Text', source: 'Source' }

/** One mail. `body` is the view's content, already HTML. */
export function mailPage(
  mail: KeptMail,
  options: { view: View; views: readonly View[]; body: string; parsed?: ParsedMail },
): string {
  const head = `<h1>${escapeHtml(mail.subject) || '(no subject)'}</h1><nav aria-label="Mailbox"><a href="/mailbox">All mails</a></nav>`
  const facts = [
    ['From', escapeHtml(mail.from)],
    ['To', escapeHtml(mail.to)],
    ['Kept', time(mail.at)],
    ...code(options.parsed),
  ]
  const tabs = options.views.map(view => {
    const current = view === options.view ? ' aria-current="page"' : ''
    return `<a href="/mailbox/${mail.id}?view=${view}"${current}>${viewNames[view]}</a>`
  })
  const list = facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join('')
  const views = `<nav class="tabs" aria-label="Views of this mail">${tabs.join('')}</nav>`
  return page(
    mail.subject || 'No subject',
    head,
    `<div class="paper"><dl>${list}</dl>${views}${options.body}</div>${links(options.parsed)}${attachments(options.parsed)}`,
  )
}

function code(parsed: ParsedMail | undefined): [string, string][] {
  const found = parsed?.headers.find(header => header.name.toLowerCase() === 'tocsin-code')
  return found ? [['Tocsin-Code', escapeHtml(found.value)]] : []
}

export function frame(id: string, subject: string): string {
  return `<iframe src="/mailbox/${id}/html" sandbox title="HTML of the mail: ${escapeHtml(subject) || 'no subject'}"></iframe>`
}

export function preformatted(text: string, name: string): string {
  return `<pre tabindex="0" role="region" aria-label="${name}">${escapeHtml(text)}</pre>`
}

export function notice(text: string): string {
  return `<div class="empty"><p>${escapeHtml(text)}</p></div>`
}

export function missingPage(): string {
  const head = '<h1>No such mail</h1><nav aria-label="Mailbox"><a href="/mailbox">All mails</a></nav>'
  return page(
    'No such mail',
    head,
    '<div class="paper empty"><p>It was never here, or it has made room for newer mail.</p></div>',
  )
}

const linksMax = 20

/** A mail's links, since those within the frame lead nowhere. They carry no referrer, as a link may hold a secret. */
function links(parsed: ParsedMail | undefined): string {
  const inHtml = [
    ...(parsed?.html ?? '').matchAll(/\shref\s*=\s*(?:"(https?:[^"]{1,2000})"|'(https?:[^']{1,2000})')/gi),
  ]
  const inText = [...(parsed?.text ?? '').matchAll(/\bhttps?:\/\/[^\s<>"']{1,2000}/gi)]
  const found = [...inHtml.map(one => (one[1] ?? one[2])!.replaceAll('&amp;', '&')), ...inText.map(one => one[0])]
  const distinct = [...new Set(found)].filter(link => URL.canParse(link)).slice(0, linksMax)
  if (distinct.length === 0) return ''
  const items = distinct.map(
    link => `<li><a href="${escapeHtml(link)}" rel="noreferrer noopener nofollow">${escapeHtml(link)}</a></li>`,
  )
  return `<section aria-labelledby="links"><h2 id="links">Links in this mail</h2><ul>${items.join('')}</ul></section>`
}

function attachments(parsed: ParsedMail | undefined): string {
  if (!parsed || parsed.attachments.length === 0) return ''
  const items = parsed.attachments.map(
    one => `<li>${escapeHtml(one.name) || 'without a name'} (${escapeHtml(one.type)}, ${size(one.bytes)})</li>`,
  )
  return `<section aria-labelledby="attachments"><h2 id="attachments">Attachments</h2><ul>${items.join('')}</ul></section>`
}

function time(ms: number): string {
  const iso = new Date(ms).toISOString()
  return `<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
