import { createHash } from 'node:crypto'
import { type Answer, verdicts } from './verdict.ts'
import { className, say } from './words/say.ts'
import { type Language, words } from './words/words.ts'

// The page on which anybody checks a mail: forms, and an answer. It loads nothing, runs nothing and keeps nothing; of a mail it shows nothing back.

export type Page = { status: number; headers: Record<string, string>; body: string }

/** What a form had, as typed; shown again, escaped, beside what is wrong with it. */
export type Typed = { code?: string; recipient?: string }

export const formFaults = [
  'codeMissing',
  'codeMalformed',
  'addressMissing',
  'addressMalformed',
  'mailMissing',
  'mailTooLarge',
  'unreadable',
  'busy',
  'away',
] as const
export type FormFault = (typeof formFaults)[number]

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Inert in content and in quoted attributes; nothing that turns the direction of text passes. */
const escaped = (text: string): string =>
  text
    .replace(/[&<>"']/g, found => entities[found]!)
    .replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')

const style = `
:root{color-scheme:light dark;--ground:#f6f7f8;--paper:#fff;--ink:#1a1f24;--quiet:#525c66;--line:#767f88;--soft:#d8dde2;--accent:#0b5cad;--on:#fff;--good:#1c6b36;--care:#8a5300;--bad:#a3261d}
@media (prefers-color-scheme:dark){:root{--ground:#14181c;--paper:#1c2126;--ink:#e8ebee;--quiet:#a5b0ba;--line:#7d8893;--soft:#343c44;--accent:#7db7f0;--on:#10202f;--good:#7ed09a;--care:#f0bd6a;--bad:#ff9d94}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:1.0625rem/1.55 system-ui,sans-serif}
main{max-width:40rem;margin:0 auto;padding:1.75rem 1.25rem 4rem}
h1{font-size:1.625rem;line-height:1.25;margin:0 0 .5rem;text-wrap:balance}
h2{font-size:1.1875rem;line-height:1.35;margin:0 0 .75rem;text-wrap:balance}
p{margin:0 0 .75rem}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:6px}
section,form{background:var(--paper);border:1px solid var(--soft);border-radius:12px;padding:1.25rem;margin:1.25rem 0 0}
section>:last-child,form>:last-child{margin-bottom:0}
.answer{border-left:6px solid var(--care)}
.answer:focus{outline-offset:4px}
.asked,.unconfirmed{border-left-color:var(--good)}.altered,.not-ours{border-left-color:var(--bad)}
.answer .label{font-size:.875rem;color:var(--quiet);margin:0 0 .25rem}
dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.25rem 1rem;margin:0;padding-top:.75rem;border-top:1px solid var(--soft);font-size:1rem}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
.field{margin:0 0 1.125rem}
label{display:block;font-weight:600}
.hint{display:block;color:var(--quiet);font-size:.9375rem;margin:0 0 .375rem}
input,textarea{display:block;width:100%;font:inherit;color:inherit;background:var(--ground);border:1px solid var(--line);border-radius:8px;padding:.625rem .75rem;min-height:2.75rem}
input[name=code]{font-family:ui-monospace,monospace;letter-spacing:.04em}
textarea{font:.9375rem/1.5 ui-monospace,monospace;min-height:7.5rem;resize:vertical}
[aria-invalid=true]{border:2px solid var(--bad)}
.wrong{display:block;color:var(--bad);font-weight:600;font-size:.9375rem;margin:.375rem 0 0}
.faults{border-left:6px solid var(--bad)}.faults ul{margin:0;padding-left:1.25rem}
button{font:inherit;font-weight:600;color:var(--on);background:var(--accent);border:0;border-radius:8px;padding:.6875rem 1.25rem;min-height:2.75rem;cursor:pointer}
.teach{margin:1.25rem 0 0;color:var(--quiet)}
@media (max-width:30rem){button{width:100%}h1{font-size:1.4375rem}}
@media (forced-colors:active){button{border:1px solid}}
`

/** No origin but this one, no script, no frame around it; a form only leads back here. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
  vary: 'accept-language',
}

function page(status: number, language: Language, title: string, main: string): Page {
  const body = `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><title>${escaped(title)}</title><style>${style}</style></head>
<body><main>${main}</main></body>
</html>
`
  return { status, headers: { ...pageHeaders, 'content-language': language }, body }
}

/** The forms, empty. */
export function askPage(language: Language): Page {
  const { page: said } = words[language]
  return page(200, language, said.heading, head(language) + forms(language, {}, []))
}

/** The forms with what is wrong. */
export function faultPage(status: number, language: Language, faults: readonly FormFault[], typed: Typed): Page {
  const { page: said } = words[language]
  const items = faults.map(fault => {
    const field = fieldOf(fault)
    return `<li>${field ? `<a href="#${field}">${said[fault]}</a>` : said[fault]}</li>`
  })
  const summary = `<section class="faults" role="alert" aria-labelledby="problem" tabindex="-1" autofocus><h2 id="problem">${said.problem}</h2><ul>${items.join('')}</ul></section>`
  const title = `${said.problem} · ${said.heading}`
  return page(status, language, title, head(language) + summary + forms(language, typed, faults))
}

/** What was found, and what to do. */
export function answerPage(language: Language, answer: Answer): Page {
  const { page: said } = words[language]
  const { title, advice, reason } = say(answer, language)
  const kind = verdicts.find(one => one === answer.verdict)!
  const why = reason ? `<p>${escaped(reason)}</p>` : ''
  const found = `<section class="answer ${kind}" role="status" aria-labelledby="answer" tabindex="-1" autofocus><p class="label">${said.result}</p><h2 id="answer">${escaped(title)}</h2>${why}<p>${escaped(advice)}</p>${facts(answer, language)}</section>`
  const again = `<p class="teach"><a href="/verify">${said.again}</a></p>`
  const main = `<h1>${said.heading}</h1>${found}<p class="teach">${said.teaching}</p>${again}`
  return page(200, language, `${title} · ${said.heading}`, main)
}

function facts(answer: Answer, language: Language): string {
  if (!('class' in answer)) return ''
  const { kind, sent } = words[language].page
  const iso = new Date(answer.sentAt).toISOString()
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
  const time = `<time datetime="${iso}">${escaped(day.format(answer.sentAt))} UTC</time>`
  return `<dl><dt>${kind}</dt><dd>${escaped(className(answer.class, language))}</dd><dt>${sent}</dt><dd>${time}</dd></dl>`
}

function head(language: Language): string {
  const { heading, intro, teaching } = words[language].page
  return `<h1>${heading}</h1><p>${intro}</p><p class="teach">${teaching}</p>`
}

const fields: Partial<Record<FormFault, string>> = {
  codeMissing: 'code',
  codeMalformed: 'code',
  addressMissing: 'recipient',
  addressMalformed: 'recipient',
  mailMissing: 'file',
  mailTooLarge: 'file',
}
const fieldOf = (fault: FormFault): string | undefined => fields[fault]

function forms(language: Language, typed: Typed, faults: readonly FormFault[]): string {
  const said = words[language].page
  const wrong = (name: string) => faults.filter(fault => fieldOf(fault) === name).map(fault => said[fault])
  const code = field('code', said.code, said.codeHint, wrong('code'), attributes =>
    inputOf(attributes, typed.code, 'type="text" autocomplete="off" autocapitalize="characters" spellcheck="false"'),
  )
  const recipient = field('recipient', said.address, said.addressHint, wrong('recipient'), attributes =>
    inputOf(attributes, typed.recipient, 'type="email" autocomplete="email" spellcheck="false"'),
  )
  const file = field(
    'file',
    said.file,
    said.fileHint,
    wrong('file'),
    attributes => `<input type="file" accept=".eml,message/rfc822,text/plain" ${attributes}>`,
  )
  const source = field(
    'mail',
    said.source,
    said.sourceHint,
    [],
    attributes => `<textarea rows="5" spellcheck="false" autocomplete="off" ${attributes}></textarea>`,
  )
  return `<form method="post" action="/verify" novalidate aria-labelledby="by-code"><h2 id="by-code">${said.byCode}</h2>${code}${recipient}<button type="submit">${said.checkCode}</button></form>
<form method="post" action="/verify" enctype="multipart/form-data" novalidate aria-labelledby="by-mail"><h2 id="by-mail">${said.byMail}</h2><p>${said.byMailHint}</p>${file}${source}<button type="submit">${said.checkMail}</button></form>`
}

const inputOf = (attributes: string, value: string | undefined, kind: string): string =>
  `<input ${kind} ${attributes}${value ? ` value="${escaped(value)}"` : ''}>`

function field(
  name: string,
  label: string,
  hint: string,
  wrong: readonly string[],
  control: (attributes: string) => string,
): string {
  const described = wrong.length > 0 ? `${name}-hint ${name}-wrong` : `${name}-hint`
  const invalid = wrong.length > 0 ? ' aria-invalid="true"' : ''
  const said = wrong.length > 0 ? `<span class="wrong" id="${name}-wrong">${wrong.join(' ')}</span>` : ''
  return `<div class="field"><label for="${name}">${label}</label><span class="hint" id="${name}-hint">${hint}</span>${control(`id="${name}" name="${name}" aria-describedby="${described}"${invalid}`)}${said}</div>`
}
