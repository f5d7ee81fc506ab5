import { parseInstant } from '../../std/instant.ts'
import { parseAddressHeader, parseMailbox } from '../../std/mailbox.ts'
import type { Application, MessageRequest } from '../intake.ts'
import { isAllowedSender } from '../senders.ts'
import { check } from './check.ts'
import {
  channels,
  contentBytesMax,
  type Fault,
  MessageBody,
  type MessageLine,
  MessageLine as MessageLineSchema,
  slotBytesMax,
} from './contract.ts'

export const messageBody = check<MessageBody>(MessageBody)
export const messageLine = check<MessageLine>(MessageLineSchema)

/** What a request is read against: who asks, by which build, and which classes there are. */
export type Reader = { application: Application; build?: string; knowsClass(name: string): boolean }

export type ParsedMessage = { ok: true; request: MessageRequest } | { ok: false; faults: Fault[] }

/** A body or line that the schema accepts becomes a request, or every fault that the schema cannot see. */
export function parseMessage(reader: Reader, body: MessageLine): ParsedMessage {
  const faults: Fault[] = []
  const add = (pointer: string, code: string, detail: string) => void faults.push({ pointer, code, detail })

  const recipient = parseMailbox(body.recipient.email)
  if (!recipient.ok) add('/recipient/email', `mailbox.${recipient.code}`, recipient.detail)
  const from = body.from === undefined ? undefined : parseAddressHeader(body.from)
  if (from !== undefined && !from.ok) add('/from', `mailbox.${from.code}`, from.detail)
  if (from?.ok && !isAllowedSender(reader.application, from.mailbox))
    add('/from', 'sender.not-allowed', 'this key may not send from this address')

  classFaults(reader, body.class, add)
  textFaults(body, add)
  const content = contentOf(body, add)
  channelFaults(body.channels, add)
  if (faults.length > 0 || !recipient.ok || content === undefined) return { ok: false, faults }

  const request: MessageRequest = { class: body.class, recipient: recipient.mailbox, content }
  if (body.account !== undefined) request.account = body.account
  if (from?.ok)
    request.from = from.name === undefined ? { mailbox: from.mailbox } : { name: from.name, mailbox: from.mailbox }
  if (body.cause !== undefined) request.cause = body.cause.id
  if (body.expiresAt !== undefined) request.expiresAt = parseInstant(body.expiresAt)!
  if (body.environment !== undefined) request.environment = body.environment
  if (body.idempotencyKey !== undefined) request.idempotencyKey = body.idempotencyKey
  if (reader.build !== undefined) request.build = reader.build
  return { ok: true, request }
}

type Add = (pointer: string, code: string, detail: string) => void

function classFaults(reader: Reader, name: string, add: Add): void {
  const allowed = reader.application.classes
  if (allowed !== undefined && !allowed.includes(name))
    add('/class', 'class.not-allowed', 'this key may not send this class')
  else if (!reader.knowsClass(name))
    add('/class', 'class.unknown', 'there is no such class; GET /v1/classes lists them')
}

const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

// A lone surrogate has no UTF-8, and a NUL ends a text for half of the software behind us: neither is repaired by guessing.
export function lineFault(text: string | undefined, pointer: string, add: Add): void {
  if (text === undefined) return
  if (!text.isWellFormed()) add(pointer, 'text.lone-surrogate', 'the text is not well-formed Unicode')
  else if (control.test(text)) add(pointer, 'text.control-character', 'no line break and no control character here')
}

/** A message in a language that is none would be written in the default one of its template. */
export function localeFault(tag: string | undefined, pointer: string, add: Add): void {
  if (tag === undefined) return
  try {
    Intl.getCanonicalLocales(tag)
  } catch {
    add(pointer, 'field.malformed', 'must be a language tag of BCP 47, such as de or pt-BR')
  }
}

export function bodyFault(text: string | undefined, pointer: string, bytesMax: number, add: Add): void {
  if (text === undefined) return
  if (text.includes('\0')) add(pointer, 'text.nul', 'no NUL character')
  if (!text.isWellFormed()) add(pointer, 'text.lone-surrogate', 'the text is not well-formed Unicode')
  else if (text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax)
    add(pointer, 'field.too-long', `at most ${bytesMax} bytes`)
}

function textFaults(body: MessageLine, add: Add): void {
  lineFault(body.class, '/class', add)
  lineFault(body.account, '/account', add)
  lineFault(body.template, '/template', add)
  lineFault(body.locale, '/locale', add)
  localeFault(body.locale, '/locale', add)
  lineFault(body.subject, '/subject', add)
  lineFault(body.cause?.id, '/cause/id', add)
  lineFault(body.environment, '/environment', add)
  lineFault(body.idempotencyKey, '/idempotencyKey', add)
  bodyFault(body.text, '/text', contentBytesMax, add)
  bodyFault(body.html, '/html', contentBytesMax, add)
  if (body.text !== undefined && body.html !== undefined && tooLargeTogether(body.text, body.html))
    add('/html', 'content.too-large', `text and html together have at most ${contentBytesMax} bytes`)
  for (const name in body.slots) {
    bodyFault(body.slots[name], `/slots/${name}`, slotBytesMax, add)
    if (name === 'constructor' || name === 'prototype')
      add(`/slots/${name}`, 'slot.name-not-allowed', 'this name is reserved')
  }
}

const tooLargeTogether = (text: string, html: string): boolean =>
  (text.length + html.length) * 3 > contentBytesMax &&
  Buffer.byteLength(text) + Buffer.byteLength(html) > contentBytesMax

const templateName = /^([A-Za-z0-9][A-Za-z0-9_./-]*)(?:@([A-Za-z0-9][A-Za-z0-9_.-]*))?$/

/** `name` or `name@version`; `undefined` when it is neither. */
export function namedTemplate(text: string): { name: string; version?: string } | undefined {
  const [, name, version] = templateName.exec(text) ?? []
  if (name === undefined) return undefined
  return version === undefined ? { name } : { name, version }
}

/** A template with its slots, or a subject with text, HTML or both: one of the two, never a mixture. */
function contentOf(body: MessageLine, add: Add): MessageRequest['content'] | undefined {
  const { template, slots, locale, subject, text, html } = body
  if (template !== undefined) {
    const named = namedTemplate(template)
    if (!named) add('/template', 'template.malformed', 'must be `name` or `name@version`')
    for (const field of ['subject', 'text', 'html'] as const)
      if (body[field] !== undefined)
        add(`/${field}`, 'content.two-kinds', 'a message has a template or its own content, not both')
    if (!named) return undefined
    return { kind: 'template', ...named, slots: slots ?? {}, ...(locale === undefined ? {} : { locale }) }
  }
  if (locale !== undefined)
    add('/locale', 'content.locale-without-template', 'a language is chosen for a template, and none is named')
  if (slots !== undefined) add('/slots', 'content.slots-without-template', 'slots fill a template, and none is named')
  if (subject === undefined) add('/subject', 'field.missing', 'without a template a subject is required')
  if (text === undefined && html === undefined)
    add('/text', 'content.missing', 'without a template text or html is required')
  if (subject === undefined) return undefined
  const content: MessageRequest['content'] = { kind: 'parts', subject }
  if (text !== undefined) content.text = text
  if (html !== undefined) content.html = html
  return content
}

function channelFaults(named: string[] | undefined, add: Add): void {
  if (named === undefined) return
  for (const [i, channel] of named.entries())
    if (!channels.includes(channel as 'email'))
      add(`/channels/${i}`, 'channel.not-available', `available: ${channels.join(', ')}`)
}

/** Every fault of a body that may break the schema too: those of the schema, and, where it holds, those behind it. */
export function messageFaults(
  schema: { accepts(v: unknown): boolean; faults(v: unknown): Fault[] },
  reader: Reader,
  body: unknown,
): Fault[] {
  const faults = schema.faults(body)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return faults
  const further = parseMessage(reader, soundFields(body as Record<string, unknown>))
  if (further.ok) return faults
  const named = new Set(faults.map(fault => fault.pointer))
  return [
    ...faults,
    ...further.faults.filter(fault => !named.has(fault.pointer) && !named.has(parentOf(fault.pointer))),
  ]
}

const parentOf = (pointer: string): string => pointer.slice(0, pointer.lastIndexOf('/'))

// What has the right type is looked at further even when its neighbors do not; what is missing is the schema's to say.
function soundFields(body: Record<string, unknown>): MessageLine {
  const text = (key: string) => (key in body ? { [key]: typeof body[key] === 'string' ? body[key] : '' } : {})
  const inner = (key: string) =>
    typeof body[key] === 'object' && body[key] !== null ? (body[key] as Record<string, unknown>) : {}
  const slots = Object.entries(inner('slots')).filter(([, value]) => typeof value === 'string')
  const cause = inner('cause').id
  const email = inner('recipient').email
  return {
    ...Object.assign(
      {},
      ...['account', 'from', 'template', 'locale', 'subject', 'text', 'html', 'environment', 'idempotencyKey'].map(
        text,
      ),
    ),
    ...('slots' in body ? { slots: Object.fromEntries(slots) } : {}),
    ...(typeof cause === 'string' ? { cause: { id: cause } } : {}),
    ...(Array.isArray(body.channels) ? { channels: body.channels.filter(c => typeof c === 'string') } : {}),
    class: typeof body.class === 'string' ? body.class : '',
    recipient: { email: typeof email === 'string' ? email : '' },
  }
}
