import { dateClock, dateJoin, dateName, dateNumber, dateRole } from './dates.ts'
import type { PartName } from './look.ts'

/** What a token is. The order is part of what is stored. */
export const kinds = [
  'space',
  'line',
  'paragraph',
  'sign',
  'word',
  'code',
  'number',
  'time',
  'address',
  'origin',
  'url-delimiter',
  'url-piece',
  'tag',
  'attribute',
  'value',
  'raw',
  'ip',
] as const
export type Kind = (typeof kinds)[number]

/** The texts of all tokens of a part, one after the other, are the part. */
export type Token = { kind: Kind; text: string }

/** A part of more tokens is not learnt: what it costs is bounded. */
export const tokensMax = 6_000

/** The tokens of a normalized part; `undefined` when there are too many. Never throws. Linear in the length of the text. */
export function tokensOf(part: PartName, text: string): Token[] | undefined {
  const tokens: Token[] = []
  const cut: Cut = { text, at: 0, tokens, hasAddress: text.includes('@') }
  while (cut.at < text.length) {
    if (tokens.length > tokensMax) return undefined
    if (part === 'html' && text.charCodeAt(cut.at) === 0x3c) markup(cut)
    else words(cut, part === 'html' ? nextTag(cut) : text.length)
  }
  return tokens.length > tokensMax ? undefined : tokens
}

type Cut = { text: string; at: number; tokens: Token[]; hasAddress: boolean }

function push(cut: Cut, kind: Kind, end: number): void {
  cut.tokens.push({ kind, text: cut.text.slice(cut.at, end) })
  cut.at = end
}

function nextTag({ text, at }: Cut): number {
  const next = text.indexOf('<', at + 1)
  return next < 0 ? text.length : next
}

function sticky(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : -1
}

const addressPattern = /[\p{L}\p{M}\p{N}.!#$%&'*+/=?^_{|}~-]{1,128}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63})+/uy
const originPattern = /(?:https?|ftp):\/\/[^\s/?#<>"'()]{1,300}|mailto:|tel:/iuy
const ipPattern = /(?:\d{1,3}\.){3}\d{1,3}(?![\p{L}\p{N}.])|(?:[\da-f]{0,4}:){2,7}[\da-f]{1,4}(?![\p{L}\p{N}:])/iuy
const clockPattern = /\p{Nd}{1,2}:\p{Nd}{2}(?::\p{Nd}{2})?(?![\p{N}:])/uy
const numberPattern =
  /\p{Nd}{4}-\p{Nd}{2}-\p{Nd}{2}T[\p{Nd}:.]{4,15}(?:Z|[+-]\p{Nd}{2}:?\p{Nd}{2})?|\p{Nd}+(?:[.,:/-]\p{Nd}+)*(?![\p{L}\p{M}\p{N}])/uy
const unspaced = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`
/** Scripts without blanks between words are cut into letters. */
const letterPattern = new RegExp(`[${unspaced}]\\p{M}*`, 'uy')
const letter = `[[\\p{L}\\p{M}\\p{N}_]--[${unspaced}]]`
const wordPattern = new RegExp(`${letter}+(?:['’.\\-]${letter}+)*`, 'vy')
const hasDigit = /\p{N}/u

/** Text up to `end`. */
function words(cut: Cut, end: number): void {
  const first = cut.tokens.length
  while (cut.at < end && cut.tokens.length <= tokensMax) word(cut, end)
  joinInstants(cut.tokens, first)
}

function word(cut: Cut, end: number): void {
  const { text, at } = cut
  const code = text.charCodeAt(at)
  if (code === 0x20) return push(cut, 'space', at + 1)
  if (code === 0x0a)
    return text.charCodeAt(at + 1) === 0x0a ? push(cut, 'paragraph', at + 2) : push(cut, 'line', at + 1)
  if (cut.hasAddress) {
    const address = sticky(addressPattern, text, at)
    if (address > 0 && address <= end) return push(cut, 'address', address)
  }
  const origin = isLetterCode(code) ? sticky(originPattern, text, at) : -1
  if (origin > 0 && origin <= end) return url(cut, origin, end)
  const ip = sticky(ipPattern, text, at)
  if (ip > 0 && ip <= end && sticky(clockPattern, text, at) < 0) return push(cut, 'ip', ip)
  const number = sticky(numberPattern, text, at)
  if (number > 0) return push(cut, 'number', Math.min(number, end))
  const single = code > 0x7f ? sticky(letterPattern, text, at) : -1
  if (single > 0) return push(cut, 'word', Math.min(single, end))
  const whole = sticky(wordPattern, text, at)
  if (whole < 0) return push(cut, 'sign', Math.min(at + (text.codePointAt(at)! > 0xffff ? 2 : 1), end))
  const last = Math.min(whole, end)
  push(cut, hasDigit.test(text.slice(at, last)) ? 'code' : 'word', last)
}

const isLetterCode = (code: number): boolean => (code | 32) >= 0x61 && (code | 32) <= 0x7a

const urlPiecePattern = /[^\s/?&=#;<>"'()\u3001\u3002]+/uy

/** An address of the web from its origin on: delimiters and what stands between them. Marks that end a sentence are none of it. */
function url(cut: Cut, origin: number, end: number): void {
  push(cut, 'origin', origin)
  while (cut.at < end) {
    const code = cut.text.charCodeAt(cut.at)
    if (urlDelimiters.includes(String.fromCharCode(code))) {
      push(cut, 'url-delimiter', cut.at + 1)
      continue
    }
    const piece = Math.min(sticky(urlPiecePattern, cut.text, cut.at), end)
    if (piece <= cut.at) return
    const stop = isLast(cut.text, piece, end) ? withoutMarks(cut.text, cut.at, piece) : piece
    if (stop <= cut.at) return
    push(cut, 'url-piece', stop)
    if (stop < piece) return
  }
}

const urlDelimiters = '/?&=#;'

function isLast(text: string, at: number, end: number): boolean {
  return at >= end || !urlDelimiters.includes(text[at]!)
}

function withoutMarks(text: string, from: number, to: number): number {
  while (to > from && '.,:!*]'.includes(text[to - 1]!)) to--
  return to
}

const tagPattern = /<\/?[a-zA-Z][^\s/>"'=<]*/y
const commentPattern = /<!--\[if[^\]<>]{0,100}\]>(?:<!-->)?|<!\[endif\](?:--)?>|<!--|<![^<>]{0,300}>/iy
const attributePattern = /\s*\/?[^\s=>"'/<]+(?:\s*=\s*["']?)?/y
const linkAttribute = /(?:href|src|action|background|poster|data-[a-z-]*url)\s*=\s*["']?$/i

/** A tag with its attributes, a comment's beginning, or a single sign that is neither. */
function markup(cut: Cut): void {
  const comment = sticky(commentPattern, cut.text, cut.at)
  if (comment > 0) return push(cut, 'tag', comment)
  const tag = sticky(tagPattern, cut.text, cut.at)
  if (tag < 0) return push(cut, 'sign', cut.at + 1)
  const name = cut.text.slice(cut.at + 1, tag).toLowerCase()
  push(cut, 'tag', tag)
  while (cut.at < cut.text.length && cut.tokens.length <= tokensMax) {
    const end = sticky(/\s*\/?>/y, cut.text, cut.at)
    if (end > 0) {
      push(cut, 'tag', end)
      break
    }
    if (!attribute(cut)) break
  }
  if (name === 'style' || name === 'script') rawContent(cut, name)
}

/** False at the end of what can be read as a tag. */
function attribute(cut: Cut): boolean {
  const end = sticky(attributePattern, cut.text, cut.at)
  if (end <= cut.at) {
    if (cut.text.charCodeAt(cut.at) === 0x3c) return false
    push(cut, 'sign', cut.at + 1)
    return true
  }
  const isLink = linkAttribute.test(cut.text.slice(cut.at, end))
  push(cut, 'attribute', end)
  const mark = cut.text[end - 1]
  if (mark === '"' || mark === "'") quoted(cut, mark, isLink)
  else if (mark === '=') value(cut, Math.max(sticky(/[^\s>]+/y, cut.text, cut.at), cut.at), isLink)
  return true
}

function quoted(cut: Cut, mark: string, isLink: boolean): void {
  const found = cut.text.indexOf(mark, cut.at)
  value(cut, found < 0 ? cut.text.length : found, isLink)
  if (found >= 0) push(cut, 'attribute', found + 1)
}

function value(cut: Cut, end: number, isLink: boolean): void {
  if (end <= cut.at) return
  const origin = isLink ? sticky(originPattern, cut.text, cut.at) : -1
  if (origin < 0 || origin > end) return push(cut, 'value', end)
  url(cut, origin, end)
  if (cut.at < end) push(cut, 'value', end)
}

function rawContent(cut: Cut, name: string): void {
  const end = new RegExp(`</${name}`, 'i').exec(cut.text.slice(cut.at))?.index
  const to = end === undefined ? cut.text.length : cut.at + end
  if (to > cut.at) push(cut, 'raw', to)
}

const instantTokensMax = 24

/** Words, numbers and signs that are an instant together become one token. */
function joinInstants(tokens: Token[], first: number): void {
  let to = first
  for (let at = first; at < tokens.length; ) {
    const end = instantEnd(tokens, at)
    if (end === at) {
      tokens[to++] = tokens[at++]!
      continue
    }
    const text = tokens.slice(at, end).map(token => token.text)
    tokens[to++] = { kind: 'time', text: text.join('') }
    at = end
  }
  tokens.length = to
}

/** Behind the last token of the instant that begins here; `from` itself when none does. */
function instantEnd(tokens: readonly Token[], from: number): number {
  let [clocks, numbers, monthOrDay] = [0, 0, 0]
  let end = from
  for (let at = from; at < tokens.length && at - from < instantTokensMax; at++) {
    const { kind, text } = tokens[at]!
    if (kind !== 'word' && kind !== 'number' && kind !== 'code' && kind !== 'space' && kind !== 'sign') break
    const role = dateRole(text)
    if (role === 0 || (at === from && role === dateJoin)) break
    if (role === dateClock) clocks++
    if (role === dateNumber) numbers++
    if (role === dateName) monthOrDay++
    if (role !== dateJoin || isZone(text)) end = at + 1
  }
  if (clocks === 0 && (monthOrDay === 0 || numbers === 0)) return from
  const isOpen = tokens.slice(from, end).some(({ text }) => text === '(')
  return isOpen && tokens[end]?.text === ')' ? end + 1 : end
}

const isZone = (text: string): boolean =>
  /^(?:[A-Za-z]{2,4}|[ap]\.m|日|秒|분|일|分)$/u.test(text) && !/^(?:de|del|at|um|den|the|of)$/i.test(text)

/** Whether a value is one instant and nothing else. */
export function isInstant(value: string): boolean {
  const tokens = tokensOf('subject', value.trim())
  return tokens?.length === 1 && tokens[0]!.kind === 'time'
}
