import { Buffer } from 'node:buffer'
import { addressesOf } from '../../std/address-list.ts'
import { canonicalMailbox, type Mailbox, parseMailbox } from '../../std/mailbox.ts'

/** What the `X-Tocsin-*` fields of a mail ask for. */
export type Instructions = {
  readonly class?: string
  readonly cause?: string
  readonly account?: string
  readonly idempotencyKey?: string
  /** Instant, ms. */
  readonly expiresAt?: number
}

/** `field` is the name as we spell it, or as the mail spells it when it is not one of ours. */
export type HeaderFault = { readonly code: HeaderFaultCode; readonly field: string; readonly detail: string }

export const headerFaults = {
  'header-repeated': 'the field is given more than once',
  'header-unknown': 'there is no such X-Tocsin field',
  'header-name-malformed': 'white space between the name and the colon is not allowed',
  'header-misplaced': 'the field stands behind a line that is no header field',
  'header-folding-malformed': 'a continuation line is empty',
  'header-empty': 'the value is empty',
  'header-too-long': 'the value has too many characters',
  'header-character': 'the value has a character that is not allowed',
  'header-time-malformed': 'the value is not an RFC 3339 time',
} as const
export type HeaderFaultCode = keyof typeof headerFaults

/** The header of a raw mail (RFC 5322 §2.2): facts as written, unfolded, neither decoded nor trusted. */
export type HeaderFacts = {
  readonly instructions: Instructions
  /** Every fault of the `X-Tocsin-*` fields at once. */
  readonly faults: readonly HeaderFault[]
  readonly messageId?: string
  readonly subject?: string
  readonly contentType?: string
  /** The addr-specs of From, To and Cc, unparsed: give them to `parseMailbox`. */
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly cc: readonly string[]
  /** How many addresses of To and Cc are not the recipient's. */
  readonly otherRecipients: number
  /** Fields that RFC 5322 §3.6 allows once and that are repeated, lower case. */
  readonly repeated: readonly string[]
  /** Received fields: how often the mail was handed on (RFC 5321 §6.3). */
  readonly hops: number
  /** Lines of the header that are neither a field nor a continuation. */
  readonly malformedLines: number
  /** Where the body begins, in `data`. */
  readonly bodyAt: number
  /** The mail without `X-Tocsin-*`, `Tocsin-Code` and Bcc; the very buffer that was given when there is nothing to remove. */
  readonly data: Buffer
}

type Setting = {
  readonly field: string
  readonly key: keyof Instructions
  readonly lengthMax: number
  readonly pattern: RegExp
}

const settings: readonly Setting[] = [
  { field: 'X-Tocsin-Class', key: 'class', lengthMax: 64, pattern: /^[a-z0-9][a-z0-9-]*$/ },
  { field: 'X-Tocsin-Cause', key: 'cause', lengthMax: 256, pattern: /^[\x21-\x7e]+$/ },
  { field: 'X-Tocsin-Account', key: 'account', lengthMax: 256, pattern: /^[\x21-\x7e]+$/ },
  { field: 'X-Tocsin-Idempotency-Key', key: 'idempotencyKey', lengthMax: 256, pattern: /^[\x21-\x7e]+$/ },
  { field: 'X-Tocsin-Expires', key: 'expiresAt', lengthMax: 40, pattern: /^[\dTtZz:.+-]+$/ },
]
const settingOf = new Map(settings.map(setting => [setting.field.toLowerCase(), setting]))
const prefix = 'x-tocsin-'
/** Taken out of what comes in: Bcc because it is nobody else's business, Tocsin-Code because only we vouch for one. */
const neverPassedOn = new Set(['bcc', 'tocsin-code'])

const addressFields = new Set(['from', 'to', 'cc'])
const textFields = new Set(['message-id', 'subject', 'content-type'])
const onceFields = new Set([
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'subject',
  'content-type',
  'mime-version',
])

const colon = 0x3a
const space = 0x20
const tab = 0x09

// RFC 3339 §5.6, without the leniency of Date.parse.
const timePattern = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/

/**
 * Reads the header block of a mail once; the body is not looked at. Lines end with CR LF and nothing else: the session has refused all others.
 * `recipient` is the one of RCPT. A field name is compared without case and without the white space that obsolete syntax allowed before the
 * colon, so that no other reader finds a Bcc or an instruction that this one missed.
 */
export function readHeaders(mail: Buffer, recipient: Mailbox): HeaderFacts {
  const block = headerBlock(mail)
  const reading = new Reading(recipient)
  let at = 0
  while (at < block.length) {
    const end = endOfField(block, at)
    reading.field(block, at, end)
    at = end
  }
  return reading.facts(mail, block.length)
}

// Up to and with the CR LF of the last field; latin1, so that an index in it is an index in the mail.
function headerBlock(mail: Buffer): string {
  if (mail[0] === 0x0d) return ''
  const end = mail.indexOf('\r\n\r\n', 0, 'latin1')
  return mail.toString('latin1', 0, end === -1 ? mail.length : end + '\r\n'.length)
}

function endOfField(block: string, from: number): number {
  for (let at = from; ; ) {
    const end = block.indexOf('\r\n', at)
    if (end === -1) return block.length
    at = end + '\r\n'.length
    const next = block.charCodeAt(at)
    if (next !== space && next !== tab) return at
  }
}

class Reading {
  readonly #recipient: string
  readonly #instructions: { -readonly [K in keyof Instructions]: Instructions[K] } = {}
  readonly #faults: HeaderFault[] = []
  readonly #seen = new Set<string>()
  readonly #repeated = new Set<string>()
  readonly #texts = new Map<string, string>()
  readonly #addresses: Record<string, string[]> = { from: [], to: [], cc: [] }
  readonly #removed: number[] = []
  #hops = 0
  #malformedLines = 0

  constructor(recipient: Mailbox) {
    this.#recipient = canonicalMailbox(recipient)
  }

  field(block: string, from: number, to: number): void {
    const nameEnd = endOfName(block, from, to)
    if (nameEnd === -1) {
      this.#malformedLines++
      return
    }
    const name = block.slice(from, nameEnd).toLowerCase()
    const colonAt = block.indexOf(':', nameEnd)
    if (name.startsWith(prefix) || neverPassedOn.has(name)) this.#removed.push(from, to)
    if (name.startsWith(prefix))
      this.#instruction(block.slice(from, nameEnd), block.slice(colonAt + 1, to), colonAt > nameEnd)
    else this.#fact(name, block, colonAt + 1, to)
  }

  #fact(name: string, block: string, from: number, to: number): void {
    if (name === 'received') this.#hops++
    if (!onceFields.has(name)) return
    if (this.#seen.has(name)) this.#repeated.add(name)
    this.#seen.add(name)
    if (textFields.has(name) && !this.#texts.has(name)) this.#texts.set(name, unfolded(block.slice(from, to)))
    if (addressFields.has(name))
      for (const address of addressesOf(unfolded(block.slice(from, to)))) this.#addresses[name]!.push(address)
  }

  #instruction(name: string, raw: string, spaced: boolean): void {
    const setting = settingOf.get(name.toLowerCase())
    if (setting === undefined) return this.#fault('header-unknown', /^[\x21-\x7e]{1,64}$/.test(name) ? name : prefix)
    const { field } = setting
    if (this.#seen.has(field)) return this.#fault('header-repeated', field)
    this.#seen.add(field)
    if (spaced) return this.#fault('header-name-malformed', field)
    if (this.#malformedLines > 0) return this.#fault('header-misplaced', field)
    if (/\r\n[ \t]*(?:\r\n|$)/.test(raw.slice(0, -'\r\n'.length))) return this.#fault('header-folding-malformed', field)
    this.#value(setting, raw.replaceAll('\r\n', '').replace(/^[ \t]+|[ \t]+$/g, ''))
  }

  #value({ field, key, lengthMax, pattern }: Setting, value: string): void {
    if (value === '') return this.#fault('header-empty', field)
    if (value.length > lengthMax) return this.#fault('header-too-long', field)
    if (!pattern.test(value)) return this.#fault('header-character', field)
    if (key !== 'expiresAt') {
      this.#instructions[key] = value
      return
    }
    const instant = timePattern.test(value) ? Date.parse(value) : Number.NaN
    if (Number.isNaN(instant)) return this.#fault('header-time-malformed', field)
    this.#instructions.expiresAt = instant
  }

  #fault(code: HeaderFaultCode, field: string): void {
    if (!this.#faults.some(fault => fault.code === code && fault.field === field))
      this.#faults.push({ code, field, detail: headerFaults[code] })
  }

  facts(mail: Buffer, blockLength: number): HeaderFacts {
    const messageId = this.#texts.get('message-id')
    const subject = this.#texts.get('subject')
    const contentType = this.#texts.get('content-type')
    const data = without(mail, this.#removed)
    const bodyAt = Math.min(blockLength + '\r\n'.length, mail.length) - (mail.length - data.length)
    const { from, to, cc } = this.#addresses as { from: string[]; to: string[]; cc: string[] }
    return {
      instructions: this.#instructions,
      faults: this.#faults,
      ...(messageId !== undefined && { messageId }),
      ...(subject !== undefined && { subject }),
      ...(contentType !== undefined && { contentType }),
      from,
      to,
      cc,
      otherRecipients: this.#others(to) + this.#others(cc),
      repeated: [...this.#repeated],
      hops: this.#hops,
      malformedLines: this.#malformedLines,
      bodyAt,
      data,
    }
  }

  #others(addresses: string[]): number {
    let count = 0
    for (const address of addresses) {
      const parsed = parseMailbox(address)
      if (!parsed.ok || canonicalMailbox(parsed.mailbox) !== this.#recipient) count++
    }
    return count
  }
}

// The end of the field name (printable ASCII, RFC 5322 §3.6.8), white space before the colon not counted; -1 when the line is no field.
function endOfName(block: string, from: number, to: number): number {
  let at = from
  for (; at < to; at++) {
    const c = block.charCodeAt(at)
    if (c === colon || c <= space || c > 0x7e) break
  }
  if (at === from) return -1
  let next = at
  while (next < to && (block.charCodeAt(next) === space || block.charCodeAt(next) === tab)) next++
  return block.charCodeAt(next) === colon ? at : -1
}

// RFC 5322 §2.2.3: only the CR LF goes. Bytes beyond ASCII are taken for UTF-8 (RFC 6532).
function unfolded(raw: string): string {
  const value = raw.replaceAll('\r\n', '').trim()
  return /[\x80-\xff]/.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value
}

function without(mail: Buffer, removed: readonly number[]): Buffer {
  if (removed.length === 0) return mail
  const kept: Buffer[] = []
  let at = 0
  for (let i = 0; i < removed.length; i += 2) {
    if (removed[i]! > at) kept.push(mail.subarray(at, removed[i]!))
    at = removed[i + 1]!
  }
  kept.push(mail.subarray(at))
  return Buffer.concat(kept)
}
