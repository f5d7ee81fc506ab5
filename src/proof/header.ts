import { Buffer } from 'node:buffer'
import { decodeCharset } from './charset.ts'

/** One field of a header: `name` in lower case, `value` unfolded and trimmed, bytes beyond ASCII read as UTF-8 (RFC 6532); not decoded. */
export type Field = { name: string; value: string }

export type HeaderReading = {
  fields: Field[] /** Index behind the empty line. */
  bodyAt: number
  broken: boolean
  tooLarge: boolean
}

const colon = 0x3a
const space = 0x20
const tab = 0x09
const cr = 0x0d
const lf = 0x0a

/**
 * Reads the header of `raw` (latin1, an index in it is an index in the bytes) from `from` up to `to` (RFC 5322 §2.2). Lines end with CR LF or,
 * in files, LF. A line that is no field is `broken` and is passed over.
 */
export function readHeader(
  raw: string,
  from: number,
  to: number,
  { headerBytesMax, headerFieldsMax }: { headerBytesMax: number; headerFieldsMax: number },
): HeaderReading {
  const reading: HeaderReading = { fields: [], bodyAt: to, broken: false, tooLarge: false }
  const last = Math.min(to, from + headerBytesMax + 1)
  // Files of mailboxes have a line of their own above each mail.
  let at = raw.startsWith('From ', from) ? endOfLine(raw, from, to) : from
  while (at < last) {
    const lineEnd = endOfLine(raw, at, to)
    if (isBlank(raw, at, lineEnd)) {
      reading.bodyAt = lineEnd
      return reading
    }
    const end = endOfField(raw, lineEnd, last)
    addField(reading, raw, at, end)
    at = end
    if (reading.fields.length > headerFieldsMax) return { ...reading, tooLarge: true }
  }
  if (at < to) reading.tooLarge = true
  return reading
}

/** Behind the next LF, or `to`. */
export function endOfLine(raw: string, from: number, to: number): number {
  const end = raw.indexOf('\n', from)
  return end === -1 || end >= to ? to : end + 1
}

const isBlank = (raw: string, from: number, end: number): boolean =>
  raw.charCodeAt(from) === lf || (end - from === 2 && raw.charCodeAt(from) === cr && raw.charCodeAt(from + 1) === lf)

function endOfField(raw: string, lineEnd: number, to: number): number {
  let end = lineEnd
  while (end < to) {
    const next = raw.charCodeAt(end)
    if (next !== space && next !== tab) break
    end = endOfLine(raw, end, to)
  }
  return end
}

function addField(reading: HeaderReading, raw: string, from: number, end: number): void {
  let nameEnd = from
  for (; nameEnd < end; nameEnd++) {
    const c = raw.charCodeAt(nameEnd)
    if (c === colon || c <= space || c > 0x7e) break
  }
  let valueAt = nameEnd
  while (raw.charCodeAt(valueAt) === space || raw.charCodeAt(valueAt) === tab) valueAt++
  if (nameEnd === from || valueAt >= end || raw.charCodeAt(valueAt) !== colon) {
    reading.broken = true
    return
  }
  // Obsolete white space before the colon (RFC 5322 §4.5.8): some take the line for a field, some do not.
  if (valueAt > nameEnd) reading.broken = true
  reading.fields.push({ name: raw.slice(from, nameEnd).toLowerCase(), value: unfolded(raw.slice(valueAt + 1, end)) })
}

/** RFC 5322 §2.2.3: of the folding only the line ends go. */
function unfolded(raw: string): string {
  const value = raw.trim()
  const line = value.includes('\n') ? value.replace(/\r?\n/g, '') : value
  return /[\x80-\xff]/.test(line) ? Buffer.from(line, 'latin1').toString('utf8') : line
}

// RFC 2047 §2; the language suffix is RFC 2231 §5. Lenient as clients are: white space within, and words longer than 75.
const encodedWord = /=\?([!-<>@-~]*?)(?:\*[!-<>@-~]*)?\?([bq])\?([^?\r\n]*)\?=/giy
const someEncodedWord = /=\?[!-<>@-~]*\?[bq]\?[^?\r\n]*\?=/i

/** Counts the encoded words of all headers of a mail. `unknown`: one of them had a charset that readers take differently. */
export type WordCount = { words: number; unknown?: boolean }

/**
 * Decodes the encoded words of a value (RFC 2047). White space between two of them goes (§6.2), and those of one charset are put together before
 * they are decoded, since senders cut characters in half.
 */
export function decodeWords(value: string, count: WordCount): string {
  if (!value.includes('=?') || !someEncodedWord.test(value)) return value
  let decoded = ''
  let at = 0
  let pending: { charset: string; bytes: Buffer[] } | undefined
  const flush = () => {
    const run = pending && decodeCharset(Buffer.concat(pending.bytes), pending.charset)
    pending = undefined
    if (!run) return
    decoded += run.text
    if (!run.known) count.unknown = true
  }
  while (at < value.length) {
    const next = value.indexOf('=?', at)
    encodedWord.lastIndex = next
    const word = next === -1 ? null : encodedWord.exec(value)
    const textEnd = next === -1 ? value.length : word ? next : next + 2
    const between = value.slice(at, textEnd)
    if (!word || !pending || /[^ \t]/.test(between)) {
      flush()
      decoded += between
    }
    at = word ? encodedWord.lastIndex : textEnd
    if (!word) continue
    count.words++
    const charset = word[1]!.toLowerCase()
    // Each word of a charset with shifts starts anew (RFC 2047 §3).
    if (pending && (pending.charset !== charset || charset.startsWith('iso-2022'))) flush()
    pending ??= { charset, bytes: [] }
    pending.bytes.push(wordBytes(word[2]!, word[3]!))
  }
  flush()
  return decoded
}

function wordBytes(encoding: string, text: string): Buffer {
  if (encoding === 'b' || encoding === 'B') return Buffer.from(text, 'base64')
  const plain = text.replaceAll('_', ' ')
  if (!plain.includes('=')) return Buffer.from(plain, 'utf8')
  const bytes = Buffer.from(plain, 'utf8').toString('latin1')
  const octets = bytes.replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(octets, 'latin1')
}

/** A structured value such as that of Content-Type (RFC 2045 §5.1): the token in lower case, and its parameters, names in lower case. */
export type Structured = {
  value: string
  parameters: ReadonlyMap<string, string>
  repeated: boolean
  malformed: boolean
}

const token = /[^\x00-\x20()<>@,;:\\"/[\]?=]+/y
const parametersMax = 100

/** Reads a value with parameters, quoted strings and comments, and the continuations and charsets of RFC 2231. */
export function readStructured(text: string): Structured {
  const plain = text.includes('(') ? withoutComments(text) : text
  const semicolon = plain.indexOf(';')
  const value = (semicolon === -1 ? plain : plain.slice(0, semicolon)).trim().toLowerCase()
  const found: Structured = {
    value,
    parameters: new Map(),
    repeated: false,
    malformed: plain !== text && /[;="]/.test(commentsOf(text)),
  }
  if (semicolon === -1) return found
  const written = new Map<string, string>()
  let at = semicolon
  for (let count = 0; at < plain.length; count++) {
    at = passOver(plain, at)
    if (at >= plain.length) break
    const one = readParameter(plain, at)
    if (!one || count === parametersMax) return { ...assembled(found, written), malformed: true }
    if (written.has(one.name)) found.repeated = true
    else written.set(one.name, one.value)
    at = one.end
  }
  return assembled(found, written)
}

function passOver(text: string, from: number): number {
  let at = from
  while (at < text.length && /[\s;]/.test(text[at]!)) at++
  return at
}

function readParameter(text: string, from: number): { name: string; value: string; end: number } | undefined {
  token.lastIndex = from
  const name = token.exec(text)?.[0]
  if (name === undefined) return undefined
  let at = from + name.length
  while (/\s/.test(text[at] ?? '')) at++
  if (text[at] !== '=') return undefined
  do at++
  while (/\s/.test(text[at] ?? ''))
  const quoted = text[at] === '"'
  const end = quoted ? endOfQuoted(text, at) : endOfToken(text, at)
  const value = quoted ? text.slice(at + 1, end - 1).replace(/\\(.)/g, '$1') : text.slice(at, end).trim()
  let next = end
  while (/\s/.test(text[next] ?? '')) next++
  if (next < text.length && text[next] !== ';') return undefined
  return { name: name.toLowerCase(), value, end: next }
}

/** Unquoted values that break the grammar are common (`name=Report 1.pdf`, `boundary==_x`): they go up to the semicolon. */
function endOfToken(text: string, from: number): number {
  const end = text.indexOf(';', from)
  return end === -1 ? text.length : end
}

function endOfQuoted(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  return text.length + 1
}

/** RFC 2231 §3 and §4: `name*0*`, `name*1`, `name*`. A parameter in two forms counts as repeated: readers prefer different ones. */
function assembled(found: Structured, written: Map<string, string>): Structured {
  const parameters = new Map<string, string>()
  let { repeated } = found
  for (const [name, value] of written) {
    const star = name.indexOf('*')
    if (star === -1) {
      if (parameters.has(name)) repeated = true
      else parameters.set(name, value)
      continue
    }
    const base = name.slice(0, star)
    const section = name.slice(star)
    if (section !== '*' && section !== '*0' && section !== '*0*') continue
    if (written.has(base) && base === 'boundary') repeated = true
    parameters.set(base, extended(written, base, section))
  }
  return { ...found, parameters, repeated }
}

function extended(written: Map<string, string>, base: string, first: string): string {
  let text = written.get(base + first)!
  const encoded = first.endsWith('*') ? /^([^']*)'[^']*'/.exec(text) : null
  const charset = encoded ? encoded[1]! || 'utf-8' : undefined
  text = encoded ? text.slice(encoded[0].length) : text
  let octets = first.endsWith('*') ? percentDecoded(text) : Buffer.from(text, 'utf8').toString('latin1')
  for (let i = 1; first !== '*' && i < parametersMax; i++) {
    const plain = written.get(`${base}*${i}`)
    const more = written.get(`${base}*${i}*`)
    if (plain === undefined && more === undefined) break
    octets += more === undefined ? Buffer.from(plain!, 'utf8').toString('latin1') : percentDecoded(more)
  }
  return decodeCharset(Buffer.from(octets, 'latin1'), charset ?? 'utf-8').text
}

const percentDecoded = (text: string): string =>
  Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

const withoutComments = (text: string): string => splitComments(text)[0]
const commentsOf = (text: string): string => splitComments(text)[1]

/** What stands outside of comments (RFC 5322 §3.2.2), and what within. */
function splitComments(text: string): [string, string] {
  let outside = ''
  let within = ''
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (depth === 0 && char === '"') {
      const end = endOfQuoted(text, at)
      outside += text.slice(at, end)
      at = end - 1
    } else if (char === '(') depth++
    else if (char === ')' && depth > 0) depth--
    else if (depth === 0) outside += char
    else within += char === '\\' ? (text[++at] ?? '') : char
  }
  return [outside, within]
}
