import { conditionalHtml, type HtmlToken, htmlTokens } from '../std/html.ts'
import type { Escaping } from './compiled.ts'
import { codeSlot, type Slot, type TemplateFaultCode } from './definition.ts'
import { type Marked, markForm } from './mjml.ts'

// The HTML that MJML has made: what must not be in it, and what may stand at each of its places.

type Report = (code: TemplateFaultCode, detail: string) => void

const tokensMax = 100_000
const onlyMark = /^\s*zqv\d+zq\s*$/

/** Elements that load, run, or ask for something. */
const forbidden = new Set(
  'script iframe frame frameset object embed applet form input button select textarea base link audio video source track svg math portal template'.split(
    ' ',
  ),
)
const addresses = new Set(['href', 'src', 'background', 'poster', 'srcset', 'cite', 'action', 'formaction', 'longdesc'])
const styleLoads = /@import|@font-face|expression\s*\(|behavior\s*:|-moz-binding/i

/** Names what a mail must not have. Only addresses that are whole, https or a way to write or call, lead anywhere. */
export function checkHtml(html: string, report: Report): void {
  let style = false
  for (const token of htmlTokens(html, tokensMax).tokens) {
    if (token.kind === 'comment') {
      const shown = conditionalHtml(token.text)
      if (shown !== undefined) checkHtml(shown, report)
    }
    if (token.kind === 'text' && style) checkStyle(token.text, report)
    if (token.kind === 'open') checkTag(token, report)
    style = token.kind === 'open' && token.name === 'style'
  }
}

function checkTag({ name, attributes }: Extract<HtmlToken, { kind: 'open' }>, report: Report): void {
  if (forbidden.has(name)) report('template.mjml-element', `<${name}> has no place in a mail`)
  for (const { name: attribute, value } of attributes) {
    if (attribute.startsWith('on')) report('template.mjml-attribute', `${attribute} is for scripts`)
    if (attribute === 'http-equiv' && value.toLowerCase() === 'refresh')
      report('template.mjml-attribute', 'a mail leads nowhere by itself')
    if (attribute === 'style') checkStyle(value, report)
    if (addresses.has(attribute)) checkAddress(name, attribute, value, report)
  }
}

function checkStyle(css: string, report: Report): void {
  const found = styleLoads.exec(css)
  if (found) report('template.mjml-attribute', `${found[0]} in a style loads or runs something`)
  for (const [, address = ''] of css.matchAll(/url\(\s*['"]?([^'")]*)/gi))
    if (!/^https:\/\//i.test(address)) report('template.link', 'a picture in a style has an https address')
}

const whole = /^https:\/\/[a-z0-9]/i
const ways = /^(?:mailto|tel):[^\s<>"]+$/i

function checkAddress(element: string, attribute: string, value: string, report: Report): void {
  if (onlyMark.test(value)) return
  const may = element === 'a' || element === 'area' ? whole.test(value) || ways.test(value) : whole.test(value)
  if (!may) report('template.link', `${attribute} of <${element}> must be an https address or a slot of the type url`)
}

/** What may be put in at a place of the HTML: from the position of a `{{` on. */
export type Places = (begin: number, slot: string) => Escaping | { fault: string }

type Place = { in: 'text' | 'style' | 'comment' } | { in: 'attribute'; name: string; value: string; element: string }

/**
 * Puts the Liquid back where its marks are, and tells where each `{{…}}` stands. Tags of Liquid stand in text only; those elsewhere are reported.
 * The places are those of the marks: what stands in braces may have quotes and brackets of its own.
 */
export function restored(
  { text: html, marks }: Marked,
  slots: Record<string, Slot>,
  report: Report,
): { text: string; placeOf: Places } {
  const places = new Map<number, Place>()
  let text = ''
  let inStyle = false
  for (const token of htmlTokens(html, tokensMax).tokens) {
    const written = html.slice(token.at, token.end)
    const found = [...written.matchAll(markForm)]
    let from = 0
    for (const [i, match] of found.entries()) {
      const mark = marks[Number(match[1] ?? match[2])]!
      const place = placeIn(token, { mark: match[0], index: i, of: found.length, inStyle })
      if (mark.startsWith('{%') && place.in !== 'text')
        report('template.slot-place', `${mark} stands in a tag or a style; conditions stand between tags`)
      text += written.slice(from, match.index)
      places.set(text.length, place)
      text += mark
      from = match.index + match[0].length
    }
    text += written.slice(from)
    inStyle = token.kind === 'open' && token.name === 'style'
  }
  return { text, placeOf: (begin, slot) => escapingAt(places.get(begin), slot, slots[slot]) }
}

type Found = { mark: string; index: number; of: number; inStyle: boolean }

function placeIn(token: HtmlToken, { mark, index, of, inStyle }: Found): Place {
  if (token.kind === 'text') return { in: inStyle ? 'style' : 'text' }
  if (token.kind !== 'open') return { in: 'comment' }
  const holding = token.attributes.flatMap(({ name, value }) =>
    [...value.matchAll(markForm)].map(() => ({ name, value })),
  )
  const held = holding.length === of ? holding[index] : undefined
  if (held === undefined || !held.value.includes(mark)) return { in: 'comment' }
  return { in: 'attribute', ...held, element: token.name }
}

const spoken = new Set(['alt', 'title', 'aria-label'])
const behindHost = /^https:\/\/[a-z0-9.-]+(?::\d+)?[/?#]/i

function escapingAt(place: Place | undefined, slot: string, described: Slot | undefined): Escaping | { fault: string } {
  if (place === undefined || place.in === 'comment') return { fault: 'no value stands in a tag or a comment' }
  if (place.in === 'style') return { fault: 'no value stands in a style' }
  if (place.in !== 'attribute') return 'html'
  if (spoken.has(place.name)) return 'html'
  if (place.name !== 'href' || place.element !== 'a') return { fault: `no value stands in ${place.name}` }
  const isOurs = slot === codeSlot
  if (onlyMark.test(place.value))
    return described?.type === 'url' ? 'href' : { fault: 'a whole address is a slot of the type url' }
  if (!isOurs && described?.control !== 'trusted') return { fault: 'only a trusted value stands in an address' }
  return behindHost.test(place.value.split('zqv')[0]!)
    ? 'href-part'
    : { fault: 'a value in an address stands behind the host' }
}
