import { Buffer, isAscii } from 'node:buffer'
import { decodeCharset } from './charset.ts'
import {
  decodeWords,
  endOfLine,
  type Field,
  readHeader,
  readStructured,
  type Structured,
  type WordCount,
} from './header.ts'
import {
  type Ambiguity,
  defaultMailLimits,
  isMarkup,
  isPage,
  type Mail,
  type MailFault,
  type MailLimits,
  type Part,
  type ReadMail,
} from './mail.ts'
import { isOnlyAscii } from './reading-text.ts'

/**
 * Reads a mail (RFC 5322, RFC 2045 to 2047, RFC 2231): its header, the tree of its parts, and the text of each that clients show, looking into
 * enclosed mails. Attachments that are no text are passed over. Work is linear in the bytes; what exceeds a limit is a fault, and what two
 * readers may take differently is read as most do and named in `ambiguities`. Never throws.
 */
export function readMail(data: Uint8Array, limits: MailLimits = defaultMailLimits): ReadMail {
  if (data.length > limits.bytesMax) return { ok: false, fault: 'too-large' }
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const reading = new Reading(limits)
  try {
    return { ok: true, mail: reading.mail(bytes, 0) }
  } catch (error) {
    if (error instanceof TooMuch) return { ok: false, fault: error.fault }
    throw error
  }
}

/** Ends a reading from within; never leaves this file. */
class TooMuch extends Error {
  readonly fault: MailFault
  constructor(fault: MailFault) {
    super(fault)
    this.fault = fault
  }
}

/** Fields that decide what is read or shown, and that may stand once (RFC 5322 §3.6, RFC 2045 §3). */
const onceFields = new Set([
  'from',
  'to',
  'cc',
  'subject',
  'reply-to',
  'sender',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'content-disposition',
])

const plainText: Structured = { value: 'text/plain', parameters: new Map(), repeated: false, malformed: false }

/** The bytes of one mail, and the same as latin1, so that an index in one is an index in the other. */
type Source = { bytes: Buffer; raw: string }

class Reading {
  readonly #limits: MailLimits
  readonly #count: WordCount & { parts: number; text: number } = { words: 0, parts: 0, text: 0 }

  constructor(limits: MailLimits) {
    this.#limits = limits
  }

  mail(bytes: Buffer, depth: number): Mail {
    const raw = bytes.toString('latin1')
    const found = new Set<Ambiguity>()
    if (raw.includes('\0')) found.add('nul')
    const { fields, bodyAt } = this.#header(raw, 0, raw.length, found)
    const parts: Part[] = []
    this.#entity(
      { bytes, raw },
      { fields, from: bodyAt, to: raw.length, depth, around: [], found, parts, usual: plainText },
    )
    const subject = this.#decoded(fields.find(({ name }) => name === 'subject')?.value ?? '')
    if (this.#count.unknown) found.add('charset-unknown')
    const mail: Mail = { fields, subject, parts, ambiguities: [...found] }
    const text = joined(parts, ({ type }) => type === 'text/plain')
    const html = joined(parts, ({ type }) => isMarkup(type))
    if (text !== undefined) mail.text = text
    if (html !== undefined) mail.html = html
    return mail
  }

  #header(raw: string, from: number, to: number, found: Set<Ambiguity>): { fields: Field[]; bodyAt: number } {
    const { fields, bodyAt, broken, tooLarge } = readHeader(raw, from, to, this.#limits)
    if (tooLarge) throw new TooMuch('header-too-large')
    if (broken) found.add('header-broken')
    const seen = new Set<string>()
    for (const { name } of fields) {
      if (!onceFields.has(name)) continue
      if (seen.has(name)) found.add('field-repeated')
      seen.add(name)
    }
    return { fields, bodyAt }
  }

  #decoded(value: string): string {
    const text = decodeWords(value, this.#count)
    if (this.#count.words > this.#limits.encodedWordsMax) throw new TooMuch('too-many-encoded-words')
    return text
  }

  #entity(source: Source, entity: Entity): void {
    const { fields, depth, found, usual } = entity
    if (depth > this.#limits.depthMax) throw new TooMuch('too-deep')
    if (++this.#count.parts > this.#limits.partsMax) throw new TooMuch('too-many-parts')
    const type = typeOf(fields, usual, found)
    const encoding = encodingOf(fields, found)
    if (type.value.startsWith('multipart/')) {
      if (encoding === 'base64' || encoding === 'quoted-printable') found.add('encoding-of-multipart')
      const boundary = boundaryOf(type, entity)
      if (boundary !== undefined) return this.#multipart(source, entity, type, boundary)
    }
    this.#leaf(source, entity, type, encoding)
  }

  #multipart(
    source: Source,
    { from, to, depth, around, found, parts }: Entity,
    type: Structured,
    boundary: string,
  ): void {
    const bodies = partsBetween(source.raw, from, to, {
      boundary,
      around,
      partsMax: this.#limits.partsMax - this.#count.parts,
      found,
    })
    if (!bodies) throw new TooMuch('too-many-parts')
    // RFC 2046 §5.1.1: without any the multipart is broken, and some readers show all of it as text.
    if (bodies.length === 0) found.add('boundary-missing')
    const usual = type.value === 'multipart/digest' ? { ...plainText, value: 'message/rfc822' } : plainText
    for (const body of bodies) {
      const { fields, bodyAt } = this.#header(source.raw, body.from, body.to, found)
      this.#entity(source, {
        fields,
        from: bodyAt,
        to: body.to,
        depth: depth + 1,
        around: [...around, boundary],
        found,
        parts,
        usual,
      })
    }
  }

  #leaf(source: Source, { fields, from, to, depth, found, parts }: Entity, type: Structured, encoding: Encoding): void {
    const disposition = dispositionOf(fields, found)
    const part: Part = {
      fields,
      type: type.value,
      disposition: disposition.value === 'attachment' ? 'attachment' : 'inline',
      depth,
    }
    const name = disposition.parameters.get('filename') ?? type.parameters.get('name')
    if (name !== undefined) part.name = this.#decoded(name)
    if (type.value === 'message/rfc822' || type.value === 'message/global') {
      const enclosed = decodedBytes(source, from, to, encoding, found)
      part.enclosed = this.mail(enclosed, depth + 1)
      part.enclosedData = enclosed
      for (const one of part.enclosed.ambiguities) found.add(one)
    } else if (isElsewhere(type.value)) {
      // RFC 2046 §5.2.2 and §5.2.3: what people are shown is not in the mail.
      found.add('content-elsewhere')
    } else if (isRead(part)) part.text = this.#text(source, from, to, { charset: charsetOf(type), encoding, found })
    parts.push(part)
  }

  #text(
    source: Source,
    from: number,
    to: number,
    { charset, encoding, found }: { charset: string; encoding: Encoding; found: Set<Ambiguity> },
  ): string {
    const left = this.#limits.textLengthMax - this.#count.text
    // Three bytes make a unit at worst where the encoding is dense; base64 and quoted-printable only grow.
    if ((to - from) / 16 > left) throw new TooMuch('too-much-text')
    const text = withLf(decodedText(source, from, to, { charset, encoding, found }))
    this.#count.text += text.length
    if (text.length > left) throw new TooMuch('too-much-text')
    if (text.includes('\r')) found.add('bare-line-break')
    return text
  }
}

const isElsewhere = (type: string): boolean => type === 'message/external-body' || type === 'message/partial'

const isRead = (part: Part): boolean => /^(?:text|multipart|message)\//.test(part.type) || isPage(part)

type Entity = {
  fields: readonly Field[]
  /** Of its body. */
  from: number
  to: number
  depth: number
  /** The boundaries around it, the outermost first. */
  around: readonly string[]
  found: Set<Ambiguity>
  /** Where its leaves go. */
  parts: Part[]
  /** What it is where it does not say. */
  usual: Structured
}

function joined(parts: readonly Part[], takes: (part: Part) => boolean): string | undefined {
  let text: string | undefined
  for (const part of parts) {
    if (part.text === undefined || part.disposition === 'attachment' || !takes(part)) continue
    text = text === undefined ? part.text : `${text}\n${part.text}`
  }
  return text
}

const fieldOf = (fields: readonly Field[], name: string): string | undefined =>
  fields.find(field => field.name === name)?.value

function typeOf(fields: readonly Field[], usual: Structured, found: Set<Ambiguity>): Structured {
  const value = fieldOf(fields, 'content-type')
  if (value === undefined || value === '') return usual
  const type = readStructured(value)
  if (type.repeated) found.add('parameter-repeated')
  const wellFormed = /^[!#$%&'*+.^_`{|}~a-z0-9-]+\/[!#$%&'*+.^_`{|}~a-z0-9-]+$/.test(type.value)
  if (type.malformed || !wellFormed) found.add('type-malformed')
  // RFC 2045 §5.2: what cannot be understood is plain text.
  return wellFormed ? type : { ...type, value: 'text/plain' }
}

function dispositionOf(fields: readonly Field[], found: Set<Ambiguity>): Structured {
  const disposition = readStructured(fieldOf(fields, 'content-disposition') ?? 'inline')
  if (disposition.repeated) found.add('parameter-repeated')
  if (disposition.malformed) found.add('type-malformed')
  return disposition
}

const charsetOf = (type: Structured): string => type.parameters.get('charset') ?? 'us-ascii'

type Encoding = 'identity' | 'base64' | 'quoted-printable'

function encodingOf(fields: readonly Field[], found: Set<Ambiguity>): Encoding {
  const value = fieldOf(fields, 'content-transfer-encoding')?.toLowerCase() ?? '7bit'
  if (value === 'base64' || value === 'quoted-printable') return value
  if (value !== '7bit' && value !== '8bit' && value !== 'binary' && value !== '') found.add('encoding-unknown')
  return 'identity'
}

function boundaryOf(type: Structured, { around, found }: Entity): string | undefined {
  const boundary = type.parameters.get('boundary')?.trimEnd()
  if (boundary === undefined || boundary === '') {
    found.add('boundary-missing')
    return undefined
  }
  if (around.some(outer => outer.startsWith(boundary))) found.add('boundary-nested')
  // In the bytes of the mail a boundary beyond ASCII stands as its UTF-8.
  return /[^\x00-\x7f]/.test(boundary) ? Buffer.from(boundary, 'utf8').toString('latin1') : boundary
}

/**
 * The parts of a multipart (RFC 2046 §5.1.1): what stands between its delimiter lines, the line end before a delimiter belonging to that.
 * `undefined` when there are more than `partsMax`. A line that only begins like a delimiter is none, though some readers take it for one.
 */
function partsBetween(
  raw: string,
  from: number,
  to: number,
  {
    boundary,
    around,
    partsMax,
    found,
  }: { boundary: string; around: readonly string[]; partsMax: number; found: Set<Ambiguity> },
): { from: number; to: number }[] | undefined {
  const delimiter = `--${boundary}`
  const bodies: { from: number; to: number }[] = []
  let bodyAt = -1
  for (
    let at = raw.indexOf(delimiter, from);
    at !== -1 && at < to;
    at = raw.indexOf(delimiter, at + delimiter.length)
  ) {
    if (at > from && raw[at - 1] !== '\n') continue
    const lineEnd = endOfLine(raw, at, to)
    const rest = raw.slice(at + delimiter.length, lineEnd)
    const closes = /^--[ \t]*\r?\n?$/.test(rest)
    if (!closes && !/^[ \t]*\r?\n?$/.test(rest)) {
      if (!around.some(outer => outer === boundary + rest.trimEnd())) found.add('boundary-nested')
      continue
    }
    if (bodyAt !== -1) bodies.push({ from: bodyAt, to: Math.max(bodyAt, beforeLineEnd(raw, at)) })
    if (bodies.length > partsMax) return undefined
    bodyAt = closes ? -1 : lineEnd
    if (closes) return bodies
  }
  if (bodyAt !== -1) bodies.push({ from: bodyAt, to })
  return bodies.length > partsMax ? undefined : bodies
}

const beforeLineEnd = (raw: string, at: number): number => (raw[at - 2] === '\r' ? at - 2 : at - 1)

const withLf = (text: string): string => (text.includes('\r') ? text.replaceAll('\r\n', '\n') : text)

function decodedText(
  source: Source,
  from: number,
  to: number,
  { charset, encoding, found }: { charset: string; encoding: Encoding; found: Set<Ambiguity> },
): string {
  const octets =
    encoding === 'base64'
      ? undefined
      : encoding === 'identity'
        ? source.raw.slice(from, to)
        : unquoted(source.raw, from, to)
  if (octets !== undefined && !shifts(charset)) {
    const isPlain = encoding === 'identity' ? isAscii(source.bytes.subarray(from, to)) : isOnlyAscii(octets)
    if (isPlain) return octets
  }
  const bytes =
    octets === undefined || encoding === 'identity'
      ? decodedBytes(source, from, to, encoding, found)
      : Buffer.from(octets, 'latin1')
  const { text, known } = decodeCharset(bytes, charset)
  if (!known) found.add('charset-unknown')
  return text
}

/** Whether bytes below 128 may be anything but ASCII in it. */
const shifts = (charset: string): boolean =>
  !/^(?:utf-?8|us-ascii|ascii|iso-8859-\d+|windows-125\d|koi8-[ru]|)$/i.test(charset.trim())

function decodedBytes(
  { bytes, raw }: Source,
  from: number,
  to: number,
  encoding: Encoding,
  found: Set<Ambiguity>,
): Buffer {
  if (encoding === 'identity') return bytes.subarray(from, to)
  if (encoding === 'quoted-printable') return Buffer.from(unquoted(raw, from, to), 'latin1')
  const text = raw.slice(from, to)
  // RFC 2045 §6.8 has readers ignore other characters and stop at the padding; not all do.
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) found.add('base64-broken')
  return Buffer.from(text, 'base64')
}

/** Quoted-printable (RFC 2045 §6.7) as latin1. What is no code stays as it is, as every reader has it. */
function unquoted(raw: string, from: number, to: number): string {
  let text = ''
  let at = from
  while (at < to) {
    const next = raw.indexOf('=', at)
    if (next === -1 || next >= to) break
    text += raw.slice(at, next)
    const code = hexPair(raw, next + 1)
    if (code !== -1 && next + 2 < to) {
      text += String.fromCharCode(code)
      at = next + 3
      continue
    }
    const end = endOfSoftBreak(raw, next + 1, to)
    if (end === -1) text += '='
    at = end === -1 ? next + 1 : end
  }
  return text + raw.slice(at, to)
}

function endOfSoftBreak(raw: string, from: number, to: number): number {
  let at = from
  while (at < to && (raw.charCodeAt(at) === 0x20 || raw.charCodeAt(at) === 0x09)) at++
  if (at >= to) return to
  if (raw.charCodeAt(at) === 0x0d) at++
  return raw.charCodeAt(at) === 0x0a ? at + 1 : at >= to ? to : -1
}

function hexPair(raw: string, at: number): number {
  const high = hexDigit(raw.charCodeAt(at))
  const low = hexDigit(raw.charCodeAt(at + 1))
  return high === -1 || low === -1 ? -1 : high * 16 + low
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  if (code >= 0x41 && code <= 0x46) return code - 0x37
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1
}
