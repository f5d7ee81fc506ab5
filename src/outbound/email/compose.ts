import crypto from 'node:crypto'
import type { NamedMailbox } from '../../std/mailbox.ts'
import { type HeaderField, rfc5322Date } from './fields.ts'
import { addressField, textField } from './header-text.ts'
import { type EncodedText, encodeText } from './mime-text.ts'

/** One mail to make. `messageId` is `<id@domain>` and, like `date` (ms), an input: the same mail composes to the same bytes each time. */
export type Composition = {
  from: NamedMailbox
  to: NamedMailbox
  subject: string
  text?: string
  html?: string
  date: number
  messageId: string
  headers?: readonly HeaderField[]
}

export type Composed = { status: 'composed'; raw: Buffer } | { status: 'refused'; faults: CompositionFault[] }
export type CompositionFault = {
  code: 'message-id' | 'header-name' | 'header-value' | 'subject' | 'name' | 'no-content'
  detail: string
}

export const subjectCharsMax = 998
const messageIdForm = /^<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,128}@[A-Za-z0-9.-]{1,253}>$/
const headerName = /^[A-Za-z][A-Za-z0-9-]{0,75}$/
const control = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/
const controls = /[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g
/** Fields that the composer writes itself, and those that tell MTAs where to send a mail or its bounces. */
const ownHeaders = new Set(
  'from to cc bcc sender reply-to subject date message-id mime-version content-type content-transfer-encoding return-path received resent-to resent-cc resent-bcc resent-from dkim-signature'.split(
    ' ',
  ),
)

/**
 * Make the raw MIME mail (RFC 5322, RFC 2045, RFC 2046 §5.1.4), lines ended by CRLF, 7-bit throughout: text, HTML, or both as alternatives.
 * Texts come back as they were, but for their line ends, which become CRLF, and a last one, which every mail has.
 */
export async function compose(mail: Composition): Promise<Composed> {
  const faults = compositionFaults(mail)
  if (faults.length > 0) return { status: 'refused', faults }
  return { status: 'composed', raw: Buffer.from(header(mail) + content(mail), 'latin1') }
}

/** The fields of RFC 5322 §3.6, without those that describe the content. */
function header(mail: Composition): string {
  let fields = addressField('From', mail.from) + addressField('To', mail.to)
  if (mail.subject !== '') fields += textField('Subject', mail.subject)
  fields += `Message-ID: ${mail.messageId}\r\nDate: ${rfc5322Date(mail.date)}\r\n`
  for (const [name, value] of mail.headers ?? []) fields += textField(name, value)
  return `${fields}MIME-Version: 1.0\r\n`
}

/** The fields that describe the content, and the content. HTML comes last: readers take the last alternative that they can show. */
function content({ text, html, messageId }: Composition): string {
  if (html === undefined) return ended(part('plain', encodeText(text!)))
  if (text === undefined) return ended(part('html', encodeText(html)))
  const plain = encodeText(text)
  const rich = encodeText(html)
  const mark = boundary(messageId, plain.body, rich.body)
  return `Content-Type: multipart/alternative;\r\n boundary="${mark}"\r\n\r\n--${mark}\r\n${part('plain', plain)}\r\n--${mark}\r\n${part('html', rich)}\r\n--${mark}--\r\n`
}

function part(subtype: 'plain' | 'html', { encoding, body }: EncodedText): string {
  return `Content-Type: text/${subtype}; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}`
}

const ended = (mail: string): string => (mail.endsWith('\r\n') ? mail : `${mail}\r\n`)

/** Every reason why a mail cannot be made, before anything is made. */
export function compositionFaults(mail: Composition): CompositionFault[] {
  const faults: CompositionFault[] = []
  const report = (code: CompositionFault['code'], detail: string) => faults.push({ code, detail })
  if (!messageIdForm.test(mail.messageId)) report('message-id', 'Message-ID must be <id@domain>')
  if (mail.subject.length > subjectCharsMax)
    report('subject', `the subject has more than ${subjectCharsMax} characters`)
  if (control.test(mail.subject)) report('subject', 'the subject has a line break or another control character')
  if (control.test(mail.from.name ?? '') || control.test(mail.to.name ?? '')) {
    report('name', 'a name has a line break or another control character')
  }
  if (mail.text === undefined && mail.html === undefined) report('no-content', 'a mail has text, html or both')
  for (const [name, value] of mail.headers ?? []) {
    if (!headerName.test(name) || ownHeaders.has(name.toLowerCase()))
      report('header-name', 'a header name is not allowed')
    if (control.test(value)) report('header-value', 'a header value has a line break or another control character')
  }
  return faults
}

/** A subject or name on one line: runs of control characters and line breaks become one space. */
export function oneLine(text: string): string {
  return text.replace(controls, ' ').trim()
}

/**
 * The same for the same mail. No encoded text has `=_` in it (RFC 2045 §6.7); a plain one that has the whole boundary, by chance or by
 * someone who knows the Message-ID, gets one that depends on the text itself.
 */
function boundary(messageId: string, text: string, html: string): string {
  let mark = markOf(messageId)
  while (text.includes(mark) || html.includes(mark)) mark = markOf(mark + text + html)
  return mark
}

const markOf = (seed: string): string => `=_${crypto.hash('sha256', seed).slice(0, 24)}`
