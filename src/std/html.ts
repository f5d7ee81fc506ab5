import { bareReferenceLengthMax, bareReferences, namedReferences, referenceLengthMax } from './html-entities.ts'

// A tokenizer for HTML as mails have it. It follows WHATWG HTML §13.2.5 where readers of mail do: what a browser takes for a tag is one here,
// what it takes for text is text. It builds no tree; broken nesting is the caller's affair. Linear in the length of its input.

export type HtmlAttribute = {
  /** In lower case; of two with one name only the first counts, as in a browser. */
  readonly name: string
  /** Character references are resolved. */
  readonly value: string
}

/** `at` and `end` are positions in the input: `html.slice(at, end)` is the token as it was written. */
export type HtmlToken = { readonly at: number; readonly end: number } & (
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'open'
      readonly name: string
      readonly attributes: readonly HtmlAttribute[]
      readonly selfClosing: boolean
    }
  | { readonly kind: 'close'; readonly name: string }
  /** `text` is what stands inside. Outlook reads `[if mso]>…<![endif]` as HTML: see `conditionalHtml`. */
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'doctype' }
)

type OpenToken = Extract<HtmlToken, { kind: 'open' }>

/** Elements without content (WHATWG HTML §13.1.2). */
export const voidElements: ReadonlySet<string> = new Set(
  'area base br col embed hr img input link meta param source track wbr'.split(' '),
)

/**
 * Their content is text up to their own end tag; of these no character references are resolved. A mail
 * is read without scripts, so what stands in noscript is markup.
 */
const rawElements = new Set('style script xmp iframe noembed noframes plaintext'.split(' '))
const textElements = new Set(['title', 'textarea'])

/**
 * The tokens of a text, in order, at most `tokensMax`; `whole` tells whether all of it was read. Never throws. Text between two tags is one
 * token with its character references resolved; the content of style, script, title and their like is one text token.
 */
export function htmlTokens(html: string, tokensMax: number): { tokens: HtmlToken[]; whole: boolean } {
  const tokens: HtmlToken[] = []
  const missing = new Set<string>()
  let at = 0
  while (at < html.length) {
    if (tokens.length >= tokensMax) return { tokens, whole: false }
    const token = tokenAt(html, at)
    tokens.push(token)
    at = token.end
    if (token.kind !== 'open' || !(rawElements.has(token.name) || textElements.has(token.name))) continue
    const end = missing.has(token.name) ? html.length : endOfContent(html, at, token.name)
    if (end === html.length) missing.add(token.name)
    if (end === at) continue
    const text = html.slice(at, end)
    tokens.push({ kind: 'text', at, end, text: rawElements.has(token.name) ? text : resolveReferences(text, false) })
    at = end
  }
  return { tokens, whole: true }
}

/** What Outlook reads in a comment (`<!--[if mso]>…<![endif]-->`), else undefined. */
export function conditionalHtml(comment: string): string | undefined {
  const found = /^\s*\[if [^\]]*\]>/i.exec(comment)
  if (!found) return undefined
  const end = comment.lastIndexOf('<![endif]')
  return comment.slice(found[0].length, end < found[0].length ? comment.length : end)
}

function tokenAt(html: string, at: number): HtmlToken {
  if (html.charCodeAt(at) === 0x3c) {
    const next = html.charCodeAt(at + 1)
    if (isLetter(next)) return openTag(html, at)
    if (next === 0x2f) {
      if (isLetter(html.charCodeAt(at + 2))) return closeTag(html, at)
      if (at + 2 < html.length) return bogusComment(html, at, 2)
    }
    if (next === 0x21) return declaration(html, at)
    if (next === 0x3f) return bogusComment(html, at, 1)
  }
  let end = at + 1
  for (;;) {
    end = html.indexOf('<', end)
    if (end < 0) end = html.length
    if (end === html.length || startsMarkup(html, end)) break
    end++
  }
  return { kind: 'text', at, end, text: resolveReferences(html.slice(at, end), false) }
}

function startsMarkup(html: string, at: number): boolean {
  const next = html.charCodeAt(at + 1)
  return isLetter(next) || next === 0x21 || next === 0x3f || (next === 0x2f && at + 2 < html.length)
}

const isLetter = (code: number): boolean => (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a)
const isSpace = (code: number): boolean =>
  code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d || code === 0x0c

function declaration(html: string, at: number): HtmlToken {
  if (html.startsWith('<!--', at)) {
    // <!--> and <!---> are whole comments (§13.2.5.43 and 44); --!> ends one as well (§13.2.5.52).
    const short = /^-{0,1}>/.exec(html.slice(at + 4, at + 6))
    if (short) return { kind: 'comment', at, end: at + 4 + short[0].length, text: '' }
    const { stop, end } = endOfComment(html, at + 4)
    return { kind: 'comment', at, end, text: html.slice(at + 4, stop) }
  }
  if (/^<!doctype/i.test(html.slice(at, at + 9))) return { kind: 'doctype', at, end: pastBracket(html, at) }
  return bogusComment(html, at, 2)
}

function endOfComment(html: string, from: number): { stop: number; end: number } {
  for (let at = html.indexOf('--', from); at >= 0; at = html.indexOf('--', at + 1)) {
    if (html.charCodeAt(at + 2) === 0x3e) return { stop: at, end: at + 3 }
    if (html.charCodeAt(at + 2) === 0x21 && html.charCodeAt(at + 3) === 0x3e) return { stop: at, end: at + 4 }
  }
  return { stop: html.length, end: html.length }
}

function bogusComment(html: string, at: number, skip: number): HtmlToken {
  const end = pastBracket(html, at + skip)
  return {
    kind: 'comment',
    at,
    end,
    text: html.slice(at + skip, html.charCodeAt(end - 1) === 0x3e ? end - 1 : end),
  }
}

function pastBracket(html: string, from: number): number {
  const end = html.indexOf('>', from)
  return end < 0 ? html.length : end + 1
}

function closeTag(html: string, at: number): HtmlToken {
  const { name, attributesAt } = tagName(html, at + 2)
  const end = isClosed(html, attributesAt) ? attributesAt + 1 : attributesFrom(html, attributesAt).end
  return { kind: 'close', name, at, end }
}

function openTag(html: string, at: number): OpenToken {
  const { name, attributesAt } = tagName(html, at + 1)
  if (isClosed(html, attributesAt))
    return { kind: 'open', name, attributes: none, selfClosing: false, at, end: attributesAt + 1 }
  const { attributes, end, selfClosing } = attributesFrom(html, attributesAt)
  return { kind: 'open', name, attributes, selfClosing, at, end }
}

/** Most tags have no attributes. */
const isClosed = (html: string, at: number): boolean => html.charCodeAt(at) === 0x3e
const none: readonly HtmlAttribute[] = []
/** Up to so many attributes the names before are looked through; no honest tag has more. */
const fewAttributes = 16

function tagName(html: string, from: number): { name: string; attributesAt: number } {
  let end = from
  while (end < html.length) {
    const code = html.charCodeAt(end)
    if (isSpace(code) || code === 0x2f || code === 0x3e) break
    end++
  }
  return { name: html.slice(from, end).toLowerCase(), attributesAt: end }
}

/** From behind the name of a tag to behind its bracket. A tag that the input ends in is a tag up to there. */
function attributesFrom(
  html: string,
  from: number,
): { attributes: HtmlAttribute[]; end: number; selfClosing: boolean } {
  const attributes: HtmlAttribute[] = []
  let names: Set<string> | undefined
  let at = from
  let valueEnd = from
  for (;;) {
    while (at < html.length && (isSpace(html.charCodeAt(at)) || html.charCodeAt(at) === 0x2f)) at++
    if (at >= html.length) return { attributes, end: html.length, selfClosing: false }
    if (html.charCodeAt(at) === 0x3e)
      return { attributes, end: at + 1, selfClosing: at > valueEnd && html.charCodeAt(at - 1) === 0x2f }
    const nameAt = at++
    while (at < html.length && !endsAttributeName(html.charCodeAt(at))) at++
    const name = html.slice(nameAt, at).toLowerCase()
    const { value, end } = valueFrom(html, at)
    at = valueEnd = end
    if (names?.has(name) ?? attributes.some(before => before.name === name)) continue
    attributes.push({ name, value })
    if (attributes.length > fewAttributes) names = (names ?? new Set(attributes.map(one => one.name))).add(name)
  }
}

const endsAttributeName = (code: number): boolean => isSpace(code) || code === 0x2f || code === 0x3e || code === 0x3d

function valueFrom(html: string, from: number): { value: string; end: number } {
  let at = from
  while (at < html.length && isSpace(html.charCodeAt(at))) at++
  if (html.charCodeAt(at) !== 0x3d) return { value: '', end: from }
  at++
  while (at < html.length && isSpace(html.charCodeAt(at))) at++
  const quote = html.charCodeAt(at)
  if (quote === 0x22 || quote === 0x27) {
    const close = html.indexOf(quote === 0x22 ? '"' : "'", at + 1)
    const end = close < 0 ? html.length : close
    return { value: resolveReferences(html.slice(at + 1, end), true), end: close < 0 ? end : end + 1 }
  }
  const valueAt = at
  while (at < html.length && !isSpace(html.charCodeAt(at)) && html.charCodeAt(at) !== 0x3e) at++
  return { value: resolveReferences(html.slice(valueAt, at), true), end: at }
}

/** Where the end tag of an element begins whose content is text; the end of the input when there is none. */
function endOfContent(html: string, from: number, name: string): number {
  if (name === 'plaintext') return html.length
  for (let at = html.indexOf('</', from); at >= 0; at = html.indexOf('</', at + 2)) {
    const behind = at + 2 + name.length
    if (html.slice(at + 2, behind).toLowerCase() !== name) continue
    const code = html.charCodeAt(behind)
    if (isSpace(code) || code === 0x2f || code === 0x3e) return at
  }
  return html.length
}

// What these numbers mean to a browser (§13.2.5.80): the signs of windows-1252 in the place of the C1 controls.
const windows1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'

/** Resolves the character references of a text or of an attribute's value (WHATWG HTML §13.2.5.72 to 80). Those unknown stay as they are. */
export function resolveReferences(text: string, inAttribute: boolean): string {
  let at = text.indexOf('&')
  if (at < 0) return text
  let resolved = ''
  let copied = 0
  while (at >= 0) {
    const found = text.charCodeAt(at + 1) === 0x23 ? numericAt(text, at) : namedAt(text, at, inAttribute)
    if (found) {
      resolved += text.slice(copied, at) + found.text
      copied = found.end
    }
    at = text.indexOf('&', found ? found.end : at + 1)
  }
  return resolved + text.slice(copied)
}

type Resolved = { text: string; end: number } | undefined

const decimal = /\d+;?/y
const hexadecimal = /[xX][\da-fA-F]+;?/y
const alphanumeric = /[a-zA-Z\d]+/y

function numericAt(text: string, at: number): Resolved {
  const isHex = (text.charCodeAt(at + 2) | 0x20) === 0x78
  const pattern = isHex ? hexadecimal : decimal
  pattern.lastIndex = at + 2
  const found = pattern.exec(text)?.[0]
  if (found === undefined) return undefined
  const value = Number.parseInt(isHex ? found.slice(1) : found, isHex ? 16 : 10)
  return { text: characterOf(value), end: at + 2 + found.length }
}

function characterOf(code: number): string {
  if (code === 0 || !(code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) return '\ufffd'
  if (code >= 0x80 && code <= 0x9f) return windows1252[code - 0x80]!
  return String.fromCodePoint(code)
}

function namedAt(text: string, at: number, inAttribute: boolean): Resolved {
  alphanumeric.lastIndex = at + 1
  const name = alphanumeric.exec(text)?.[0]
  if (name === undefined) return undefined
  const end = at + 1 + name.length
  if (text.charCodeAt(end) === 0x3b && name.length <= referenceLengthMax) {
    const known = namedReferences.get(name)
    if (known !== undefined) return { text: known, end: end + 1 }
  }
  for (let length = Math.min(name.length, bareReferenceLengthMax); length >= 2; length--) {
    const known = bareReferences.get(name.slice(0, length))
    if (known === undefined) continue
    // In an attribute `&copy=` and `&copyx` are parts of a query, not signs (§13.2.5.73).
    const isQuery = inAttribute && (length < name.length || text.charCodeAt(at + 1 + length) === 0x3d)
    return isQuery ? undefined : { text: known, end: at + 1 + length }
  }
  return undefined
}
