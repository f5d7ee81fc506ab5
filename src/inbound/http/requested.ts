import { parseInstant } from '../../std/instant.ts'
import { type Mailbox, parseMailbox } from '../../std/mailbox.ts'
import type { CloudEvent } from './cloudevents.ts'

// `tocsin.message.requested` of the trace format: what in production comes in as `POST /v1/messages` or over SMTP. Only traces have it; a key
// that reports causes cannot send.

export type RequestedMessage = {
  class: string
  account?: string
  recipient?: Mailbox
  template?: { name: string; version?: string }
  cause?: string
  key?: string
  /** The sending service and its build. */
  service?: string
  build?: string
  environment?: string
  slots?: Record<string, string>
  /** Instant, ms. */
  expiresAt?: number
}

export type RequestedFault =
  | 'event.data-not-an-object'
  | 'event.message-class'
  | 'event.message-recipient'
  | 'event.message-account'
  | 'event.message-template'
  | 'event.message-cause'
  | 'event.message-text'
  | 'event.message-slots'
  | 'event.message-expiry'

export type ReadRequested = { ok: true; message: RequestedMessage } | { ok: false; code: RequestedFault }

const className = /^[a-z0-9][a-z0-9-]{0,63}$/
const textLengthMax = 256
const slotsMax = 64
const slotLengthMax = 64 * 1024

const refuse = (code: RequestedFault): ReadRequested => ({ ok: false, code })

export function readRequested({ subject, data }: CloudEvent): ReadRequested {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return refuse('event.data-not-an-object')
  const fields = data as Record<string, unknown>
  if (typeof fields.class !== 'string' || !className.test(fields.class)) return refuse('event.message-class')
  const message: RequestedMessage = { class: fields.class }
  if (subject !== undefined) message.account = subject
  const fault =
    takeRecipient(message, fields.recipient) ??
    takeTemplate(message, fields.template, fields.templateVersion) ??
    takeCause(message, fields.cause) ??
    takeTexts(message, fields) ??
    takeSlots(message, fields.slots) ??
    takeExpiry(message, fields.expiresAt)
  return fault === undefined ? { ok: true, message } : refuse(fault)
}

/**
 * A message names its recipient, its account, or both: without a recipient it goes to the account's own address. The recipient is
 * `{"email": …}`, as everywhere, or the address alone.
 */
function takeRecipient(message: RequestedMessage, value: unknown): RequestedFault | undefined {
  if (value === undefined) return message.account === undefined ? 'event.message-account' : undefined
  const email: unknown = typeof value === 'object' && value !== null ? (value as Record<string, unknown>).email : value
  const parsed = typeof email === 'string' ? parseMailbox(email) : undefined
  if (!parsed?.ok) return 'event.message-recipient'
  message.recipient = parsed.mailbox
  return undefined
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= textLengthMax

function takeTemplate(message: RequestedMessage, name: unknown, version: unknown): RequestedFault | undefined {
  if (name === undefined && version === undefined) return undefined
  if (!isText(name) || (version !== undefined && !isText(version))) return 'event.message-template'
  message.template = version === undefined ? { name } : { name, version }
  return undefined
}

function takeCause(message: RequestedMessage, value: unknown): RequestedFault | undefined {
  if (value === undefined) return undefined
  const id: unknown = typeof value === 'object' && value !== null ? (value as Record<string, unknown>).id : undefined
  if (!isText(id)) return 'event.message-cause'
  message.cause = id
  return undefined
}

function takeTexts(message: RequestedMessage, fields: Record<string, unknown>): RequestedFault | undefined {
  const { key, build, environment, source } = fields
  for (const value of [key, build, environment, source])
    if (value !== undefined && !isText(value)) return 'event.message-text'
  if (key !== undefined) message.key = key as string
  if (build !== undefined) message.build = build as string
  if (environment !== undefined) message.environment = environment as string
  if (source !== undefined) message.service = source as string
  return undefined
}

function takeSlots(message: RequestedMessage, value: unknown): RequestedFault | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'event.message-slots'
  const names = Object.keys(value)
  if (names.length > slotsMax) return 'event.message-slots'
  const slots: Record<string, string> = {}
  for (const name of names) {
    const given = (value as Record<string, unknown>)[name]
    const text = typeof given === 'number' || typeof given === 'boolean' ? String(given) : given
    if (typeof text !== 'string' || text.length > slotLengthMax || name === '__proto__') return 'event.message-slots'
    slots[name] = text
  }
  message.slots = slots
  return undefined
}

function takeExpiry(message: RequestedMessage, value: unknown): RequestedFault | undefined {
  if (value === undefined) return undefined
  const at = typeof value === 'string' ? parseInstant(value) : undefined
  if (at === undefined) return 'event.message-expiry'
  message.expiresAt = at
  return undefined
}
