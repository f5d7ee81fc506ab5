import type { Handover } from '../core/commands.ts'
import type { Content } from '../core/content.ts'
import type { MessageFacts, MessageId } from '../core/events.ts'
import type { NamedMailbox } from '../std/mailbox.ts'
import { compose } from './email/compose.ts'
import type { DkimSigner } from './email/dkim.ts'
import { addHeaders, rfc5322Date } from './email/fields.ts'
import type { HandoverOutcome, Mail } from './email/outcome.ts'
import { noticeText } from './notice.ts'

/** What the world made of it; the reply is short, printable and without an address. */
export type Handed = {
  handover: Handover
  reply: string
  /** The upstream cannot be reached; nothing more should be tried there for so long. */
  restMs?: number
}

/** Where a finished mail goes: an SMTP upstream by its name, or the local mailbox. */
export type Carrier = { send(upstream: string, mail: Mail): Promise<HandoverOutcome>; knows(upstream: string): boolean }

export type DeliveryOptions = {
  carrier: Carrier
  signer?: DkimSigner
  /** The sender of what names none. */
  from: NamedMailbox
  hostname: string
  code(id: MessageId): string
  /** Writes what was held unwritten and released since; `undefined` when it cannot be, or must not be as it would come out. */
  write(message: { id: MessageId; class: string; code: string }, content: Content): Promise<Content | undefined>
  /** Probes are made as every mail is, and kept here. */
  keepsProbes: boolean
}

type HandOver = {
  id: MessageId
  upstream: string
  facts: { via: MessageFacts['via']; class: string }
}

/**
 * From a sealed content to the upstream: the mail is made anew for each try and comes out the same each time, since its Message-ID and
 * Date come from the id. Whether it may still leave is asked right before it is handed over; `undefined` when it may not, and nothing of it
 * was sent.
 */
export function mailDelivery(options: DeliveryOptions) {
  return async (effect: HandOver, content: Content, mayLeave: () => boolean): Promise<Handed | undefined> => {
    if (!options.carrier.knows(effect.upstream))
      return { handover: 'deferred', reply: 'the upstream is no longer configured' }
    const whole = await wholeContent(options, effect, content)
    if (!whole) return notWritten
    const made = await makeMail(options, effect, whole)
    if (made.status === 'refused') return { handover: 'rejected', reply: made.reply }
    if (effect.facts.via === 'probe' && options.keepsProbes) return mayLeave() ? kept : undefined
    const outcome = await options.carrier.send(effect.upstream, { ...made.mail, mayLeave })
    if (outcome.status === 'withdrawn') return undefined
    const restMs = outcome.status === 'deferred' ? outcome.retryAfterMs : undefined
    return { handover: outcome.status, reply: replyOf(outcome), ...(restMs !== undefined && { restMs }) }
  }
}

/** A message whose template nobody has approved never goes out empty: it is tried again, and ends with its life. */
const notWritten: Handed = {
  handover: 'deferred',
  reply: 'it cannot be written: its template is not approved, or its values are not fit',
}

/** What was written when it came in, else what can be written now. */
async function wholeContent(
  { code, write }: Composing,
  { id, facts }: Omit<HandOver, 'upstream'>,
  content: Content,
): Promise<Content | undefined> {
  if (!content.template || content.template.hash !== undefined || facts.via === 'notice') return content
  return write({ id, class: facts.class, code: code(id) }, content)
}

const kept: Handed = { handover: 'accepted', reply: 'a probe, kept here' }

/** What `sentMail` needs of the options. */
export type Composing = Pick<DeliveryOptions, 'from' | 'hostname' | 'code' | 'write'>

/** The mail of a message as it was handed over, but for its signature; `undefined` when it cannot be made. */
export async function sentMail(
  options: Composing,
  message: Omit<HandOver, 'upstream'>,
  content: Content,
): Promise<Buffer | undefined> {
  const whole = await wholeContent(options, message, content)
  return whole && unsigned(options, message, whole)
}

const unsigned = (
  options: Composing,
  message: Omit<HandOver, 'upstream'>,
  content: Content,
): Promise<Buffer | undefined> =>
  content.raw && message.facts.via !== 'notice'
    ? relayed(options, message.id, content)
    : composed(options, message, content)

type Made = { status: 'made'; mail: Mail } | { status: 'refused'; reply: string }

async function makeMail(options: DeliveryOptions, effect: HandOver, content: Content): Promise<Made> {
  const from = content.from ?? options.from
  const raw = await unsigned(options, effect, content)
  if (!raw) return { status: 'refused', reply: 'the content cannot be made into a mail' }
  const data = await signed(options.signer, raw)
  if (!data) return { status: 'refused', reply: 'the mail could not be signed' }
  const envelopeFrom = content.raw && !content.from ? null : from.mailbox
  return { status: 'made', mail: { id: effect.id, from: envelopeFrom, to: content.recipient, data } }
}

/** A mail that came in as a mail keeps every byte; ours are only the fields on top: Received, Tocsin-Code, and what is missing. */
async function relayed({ code, hostname }: Composing, id: MessageId, { raw, messageId }: Content): Promise<Buffer> {
  const data = Buffer.from(raw!.buffer, raw!.byteOffset, raw!.byteLength)
  const date = instantOf(id)
  // RFC 5321 §4.4, without the sender's address: recipients need not learn what is inside the sender's network.
  const trace = `by ${hostname} with ESMTP id ${id}; ${rfc5322Date(date)}`
  return addHeaders(
    data,
    [
      ['Received', trace],
      ['Tocsin-Code', code(id)],
    ],
    { messageId: messageId ?? messageIdOf(id, hostname), date },
  )
}

async function composed(
  options: Composing,
  { id, facts }: Omit<HandOver, 'upstream'>,
  content: Content,
): Promise<Buffer | undefined> {
  const code = options.code(id)
  const isNotice = facts.via === 'notice'
  const text = isNotice ? noticeText(facts.class) : content
  const from = isNotice ? options.from : (content.from ?? options.from)
  const made = await compose({
    from,
    to: { mailbox: content.recipient },
    subject: text.subject ?? '',
    ...(text.text !== undefined && { text: withCode(text.text, code, content.appendCode) }),
    ...(text.html !== undefined && { html: withCodeHtml(text.html, code, content.appendCode) }),
    ...(text.text === undefined && text.html === undefined && { text: '' }),
    date: instantOf(id),
    messageId: messageIdOf(id, from.mailbox.domain),
    headers: [['Tocsin-Code', code]],
  })
  return made.status === 'composed' ? made.raw : undefined
}

const withCode = (text: string, code: string, append?: boolean): string =>
  append ? `${text}\n\nCode: ${code}\n` : text

function withCodeHtml(html: string, code: string, append?: boolean): string {
  if (!append) return html
  const end = html.toLowerCase().lastIndexOf('</body>')
  const line = `<p>Code: ${code}</p>`
  return end < 0 ? html + line : html.slice(0, end) + line + html.slice(end)
}

/** Without keys mails go unsigned; a mail that should be signed and cannot be does not go. */
async function signed(signer: DkimSigner | undefined, raw: Buffer): Promise<Buffer | undefined> {
  if (!signer) return raw
  const result = await signer.sign(raw, Date.now())
  if (result.status === 'signed') return result.data
  return result.status === 'unsigned' ? raw : undefined
}

export const messageIdOf = (id: MessageId, domain: string): string => `<${id}@${domain}>`

/** The instant in a UUIDv7 (RFC 9562 §5.7), ms. */
const instantOf = (id: MessageId): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)

function replyOf(outcome: Exclude<HandoverOutcome, { status: 'withdrawn' }>): string {
  switch (outcome.status) {
    case 'accepted':
      return `${outcome.code} ${outcome.text}`
    case 'unknown':
      return outcome.reason
    case 'rejected':
      return `${outcome.stage}: ${outcome.code} ${outcome.text}`
    case 'deferred':
      return `${outcome.stage}: ${outcome.reason}${outcome.code === undefined ? '' : ` ${outcome.code}`} ${outcome.text ?? ''}`.trim()
  }
}
