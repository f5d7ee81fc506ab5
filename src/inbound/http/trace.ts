import type { Trust } from '../../core/events.ts'
import { recipientsMax, trusts } from '../../core/events.ts'
import { type CauseKind, causeKinds } from '../../core/policy.ts'
import { parseInstant } from '../../std/instant.ts'
import { type Mailbox, parseMailbox } from '../../std/mailbox.ts'
import type { ReportedEvent } from '../intake.ts'
import { requesterSeen } from '../requester.ts'
import type { CloudEvent } from './cloudevents.ts'
import { isSignal, operatorsSignals, readSignal, type SignalFault } from './signals.ts'

// The trace format (types `tocsin.*`): what a reported event means. What gate and detectors need is read and checked; further fields are let pass.

export type TraceFault =
  | 'event.type-unknown'
  | 'event.type-not-here'
  | 'event.subject-missing'
  | 'event.data-not-an-object'
  | 'event.known'
  | 'event.trust'
  | 'event.kind'
  | 'event.action'
  | 'event.recipients'
  | 'event.coverage-source'
  | 'event.coverage-time'
  | SignalFault

export type ReadEvent = { ok: true; event: ReportedEvent } | { ok: false; code: TraceFault }

const prefix = 'tocsin.'
export const messageRequested = 'tocsin.message.requested'
const coverageSources = new Set(['auth', 'edge', 'provider', 'reports', 'changes', 'access', 'dmarc'])
const credentialKinds = new Set(['password', 'totp', 'passkey', 'email', 'phone', 'recovery'])
const protectionActions = new Set(['forced-reset', 'activity-review', 'end-sessions'])

const refuse = (code: TraceFault): ReadEvent => ({ ok: false, code })

/**
 * `now`: the instant of receipt, ms, which an event without a time is given. `whole`: the trace of an operator, with what a key that reports
 * causes may not say.
 */
export function readEvent(event: CloudEvent, now: number, { whole = false } = {}): ReadEvent {
  if (!event.type.startsWith(prefix)) return refuse('event.type-unknown')
  const type = event.type.slice(prefix.length)
  if (event.type === messageRequested || (operatorsSignals.has(type) && !whole)) return refuse('event.type-not-here')
  const kind = causeKinds.find(known => known === type)
  const signal = kind === undefined && isSignal(type)
  if (kind === undefined && !signal && type !== 'coverage.reported') return refuse('event.type-unknown')
  const data = event.data
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return refuse('event.data-not-an-object')
  const fields = data as Record<string, unknown>
  if (signal) return readSignal(event, type, fields, now)
  return kind === undefined ? coverage(event, fields) : cause(event, kind, fields, now)
}

function coverage(event: CloudEvent, data: Record<string, unknown>): ReadEvent {
  const from = typeof data.from === 'string' ? parseInstant(data.from) : undefined
  const until = typeof data.until === 'string' ? parseInstant(data.until) : undefined
  if (typeof data.source !== 'string' || !coverageSources.has(data.source)) return refuse('event.coverage-source')
  if (from === undefined || until === undefined || until < from || typeof data.complete !== 'boolean')
    return refuse('event.coverage-time')
  // A source cannot vouch for what is still to come: it counts up to the event's own time.
  const vouched = event.time === undefined ? until : Math.min(until, event.time)
  const { id, source } = event
  return {
    ok: true,
    event: { type: 'coverage', id, source, about: data.source, until: vouched, complete: data.complete },
  }
}

function cause(event: CloudEvent, kind: CauseKind, data: Record<string, unknown>, now: number): ReadEvent {
  if (event.subject === undefined) return refuse('event.subject-missing')
  const fault = fieldFault(kind, data)
  if (fault !== undefined) return refuse(fault)
  const recipients = recipientsOf(data.recipients)
  if (recipients === undefined) return refuse('event.recipients')
  const { id, source, subject: account } = event
  const known = kind === 'reset.requested' ? (data.known as boolean) : true
  const occurredAt = event.time ?? now
  const trust = trustOf(kind, data)
  const reported: Extract<ReportedEvent, { type: 'cause' }> = {
    type: 'cause',
    id,
    source,
    kind,
    account,
    trust,
    known,
    recipients,
    occurredAt,
  }
  const requester = requesterSeen(requesterFields(kind, data))
  if (requester) reported.requester = requester
  return { ok: true, event: reported }
}

/** A reset has them apart, a sign-in among its own. */
function requesterFields(kind: CauseKind, data: Record<string, unknown>): Record<string, unknown> {
  if (kind !== 'reset.requested') return data
  const { requester } = data
  return typeof requester === 'object' && requester !== null ? (requester as Record<string, unknown>) : {}
}

function fieldFault(kind: CauseKind, data: Record<string, unknown>): TraceFault | undefined {
  if (kind === 'reset.requested' && typeof data.known !== 'boolean') return 'event.known'
  if (kind === 'reset.requested' && data.trust !== undefined && !trusts.includes(data.trust as Trust))
    return 'event.trust'
  if (kind === 'credential.changed' && !credentialKinds.has(data.kind as string)) return 'event.kind'
  if (kind === 'protection.ordered' && !protectionActions.has(data.action as string)) return 'event.action'
  return undefined
}

/** Only a reset names its trust. Of the others a session, or a sign-in from a device that was known, speaks for the holder; the rest does not. */
function trustOf(kind: CauseKind, data: Record<string, unknown>): Trust {
  switch (kind) {
    case 'reset.requested':
      return (data.trust as Trust | undefined) ?? 'unknown'
    case 'login.succeeded':
      return data.newDevice === false ? 'known-device' : 'unknown'
    case 'credential.changed':
    case 'session.started':
    case 'session.revoked':
      return typeof data.session === 'string' && data.session !== '' ? 'session' : 'unknown'
    case 'login.failed':
    case 'protection.ordered':
      return 'unknown'
  }
}

function recipientsOf(value: unknown): Mailbox[] | undefined {
  if (value === undefined) return []
  if (!Array.isArray(value) || value.length > recipientsMax) return undefined
  const mailboxes: Mailbox[] = []
  for (const item of value) {
    const email: unknown =
      typeof item === 'object' && item !== null ? (item as Record<string, unknown>).email : undefined
    const parsed = typeof email === 'string' ? parseMailbox(email) : undefined
    if (parsed === undefined || !parsed.ok) return undefined
    mailboxes.push(parsed.mailbox)
  }
  return mailboxes
}
