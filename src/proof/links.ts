import { registrationOf } from './domains.ts'

// Links in plain text: what readers of mail turn into something to press, without being told to.

/** `written`: as it stands in the text. `host`: lower case. `bare`: without scheme. */
export type TextLink = { at: number; written: string; host: string; bare: boolean }

const hostLengthMax = 253
/** Links taken from one text; whoever has more is not read to the end. */
export const linksMax = 2000

/**
 * The links of a text, in order: `scheme://…`, `www.…`, and names of hosts under a suffix that is registered. A sentence that goes on without a
 * space (`done.It`) is none, unless `strict`: in a value of somebody else nothing is excused.
 */
export function linksIn(text: string, { strict = false } = {}): TextLink[] {
  const found: TextLink[] = []
  let end = 0
  for (
    let at = text.indexOf('.');
    at !== -1 && found.length < linksMax;
    at = text.indexOf('.', Math.max(at + 1, end))
  ) {
    const host = hostAround(text, at, end)
    if (!host) continue
    end = host.to
    const link = linkAt(text, host, strict)
    if (!link) continue
    found.push(link)
    end = Math.max(end, link.at + link.written.length)
  }
  return addSchemes(text, found)
}

/** Hosts without a dot, and those that are addresses in numbers, stand only behind a scheme. */
function addSchemes(text: string, found: TextLink[]): TextLink[] {
  const known = found.length
  let next = 0
  for (let at = text.indexOf('://'); at !== -1 && found.length < linksMax; at = text.indexOf('://', at + 3)) {
    while (next < known && found[next]!.at + found[next]!.written.length <= at) next++
    if (next < known && found[next]!.at <= at) continue
    const from = schemeAt(text, at)
    if (from === undefined) continue
    const written = text.slice(from, endOfLink(text, at + 3))
    const host = hostOfAuthority(text.slice(at + 3, from + written.length))
    if (host !== '') found.push({ at: from, written, host, bare: false })
  }
  return found
}

type Span = { from: number; to: number }

const isHostSign = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x30 && code <= 0x39) ||
  (code >= 0x41 && code <= 0x5a) ||
  code === 0x2d ||
  code === 0x2e ||
  (code > 0xbf &&
    code !== 0xd7 &&
    code !== 0xf7 &&
    !(code >= 0x2000 && code <= 0x2bff) &&
    !(code >= 0x3000 && code <= 0x303f))

/** The name around a dot. */
function hostAround(text: string, dot: number, after: number): Span | undefined {
  if (!isHostSign(text.charCodeAt(dot + 1)) || text[dot + 1] === '.' || dot === after) return undefined
  let from = dot
  while (from > after && dot - from < hostLengthMax && isHostSign(text.charCodeAt(from - 1))) from--
  let to = dot + 1
  while (to < text.length && to - dot < hostLengthMax && isHostSign(text.charCodeAt(to))) to++
  while (from < dot && (text[from] === '.' || text[from] === '-')) from++
  while (to > dot && (text[to - 1] === '.' || text[to - 1] === '-')) to--
  return from === dot ? undefined : { from, to }
}

function linkAt(text: string, { from, to }: Span, strict: boolean): TextLink | undefined {
  const scheme = schemeBefore(text, from)
  if (scheme !== undefined) {
    const written = text.slice(scheme, endOfLink(text, from))
    const host = hostOfAuthority(text.slice(from, scheme + written.length))
    return { at: scheme, written, host, bare: false }
  }
  // The host of an address is looked at as an address.
  if (text[from - 1] === '@' || text.slice(from - 3, from) === '%40') return undefined
  for (const span of scriptsApart(text, from, to)) {
    const host = registeredPart(text.slice(span.from, span.to))
    if (host === undefined || text[span.from + host.length] === '@') continue
    const hostEnd = span.from + host.length
    const written = text.slice(span.from, /[/:?#\\]/.test(text[hostEnd] ?? '') ? endOfLink(text, hostEnd) : hostEnd)
    const link: TextLink = { at: span.from, written, host: host.toLowerCase(), bare: true }
    if (!strict && (isSentence(link) || isTitle(link))) continue
    return link
  }
  return undefined
}

/** Where a scheme begins that ends at `from` with its two slashes, user info between them and the host included. */
function schemeBefore(text: string, from: number): number | undefined {
  if (!/[\\/@[]/.test(text[from - 1] ?? '')) return undefined
  if (text.startsWith('://', from - 3)) return schemeAt(text, from - 3)
  const before = text.slice(Math.max(0, from - 300), from)
  if (!before.includes('//') && !before.includes('\\')) return undefined
  const found = /[a-z][a-z0-9+.-]{0,30}:[\\/]{2}(?:[^\s/?#\\<>"]{0,250}@)?\[?$/i.exec(before)
  return found ? from - before.length + found.index : undefined
}

/** Where the scheme begins that ends before `colon`. */
function schemeAt(text: string, colon: number): number | undefined {
  const scheme = /[a-z][a-z0-9+.-]{0,30}$/i.exec(text.slice(Math.max(0, colon - 31), colon))
  return scheme ? colon - scheme[0].length : undefined
}

function hostOfAuthority(text: string): string {
  const authority = /^[^/?#\\\s]*/.exec(text)![0]
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  return host.replace(/:\d*$/, '').toLowerCase()
}

const closing = /[.,;:!?'")\]}>]/

function endOfLink(text: string, from: number): number {
  let to = from
  while (to < text.length && !/[\s<>"\u00a0\u3000-\u303f\uff00-\uff0f]/.test(text[to]!)) to++
  while (to > from && closing.test(text[to - 1]!)) to--
  return to
}

const ideographic = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]+/

/** In scripts without spaces a name stands in the middle of the sentence: what is ASCII of it, and the whole where its suffix is not. */
function scriptsApart(text: string, from: number, to: number): Span[] {
  const whole = text.slice(from, to)
  if (!ideographic.test(whole)) return [{ from, to }]
  const spans: Span[] = [{ from, to }]
  let at = 0
  for (const piece of whole.split(ideographic)) {
    const start = whole.indexOf(piece, at)
    at = start + piece.length
    if (/[a-z0-9]\.[a-z]/i.test(piece)) spans.unshift({ from: from + start, to: from + at })
  }
  return spans
}

/** The longest beginning of a name whose suffix is listed: `evil.com.Please` is a link to `evil.com`. */
function registeredPart(name: string): string | undefined {
  for (let host = name; host.includes('.'); ) {
    if (/^[^.]+(?:\.[^.]+)+$/.test(host) && isRegistered(host.toLowerCase())) return host
    const last = host.slice(host.lastIndexOf('.') + 1)
    if (!/^[A-Z0-9]/.test(last)) return undefined
    host = host.slice(0, host.lastIndexOf('.'))
  }
  return undefined
}

function isRegistered(host: string): boolean {
  const suffix = host.slice(host.lastIndexOf('.') + 1)
  if (/^[\d-]/.test(suffix) || suffix.length < 2) return false
  return !unlinked.has(suffix) && registrationOf(host).listed
}

/** Suffixes of networks and tests: nobody's reader makes a link of them. */
const unlinked = new Set(['local', 'localhost', 'internal', 'lan', 'home', 'corp', 'invalid'])

const title = /(?:^|-)(?:Dr|Mr|Ms|Mrs|St|Prof|Fr|Sr|Jr|Hr|Ing|Mag|DR|MR|MS|PROF|ST)\.\p{Lu}\p{L}*$/u

/** Whether it is a title before a name (`Dr.Li`), by people who save the space, and leads nowhere below. */
export function isTitle({ bare, host, written }: TextLink): boolean {
  return bare && title.test(written.slice(0, host.length)) && !/^[/:?#]/.test(written.slice(host.length))
}

/** Words that are suffixes too, and begin sentences. */
const word =
  /^[\p{L}\p{N})-]*[\p{Ll}\p{N})]\.(?:Am|As|At|Be|Bei|Can|Da|De|Do|El|En|Es|Est|Et|For|Here|How|Id|If|In|Is|It|La|Me|Mit|My|New|No|Now|One|Our|Pro|Re|See|So|To|Us|Und|We|You)$/u

const isSentence = ({ host, written }: TextLink): boolean => written.length === host.length && word.test(written)
