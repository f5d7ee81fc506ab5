import type { Trust } from '../../core/events.ts'
import { recipientsMax, trusts } from '../../core/events.ts'
import { type CauseKind, type CredentialChange, causeKinds, credentialChanges } from '../../core/policy.ts'
import { parseInstant } from '../../std/instant.ts'
import { type Mailbox, parseMailbox } from '../../std/mailbox.ts'
import type { ReportedEvent } from '../intake.ts'
import { type RequesterFault, readRequester, requesterFault } from '../requester.ts'
import type { CloudEvent } from './cloudevents.ts'
import { type ReadSignal, type SignalFault, signalReader } from './signals.ts'

// The trace format (types `tocsin.*`): what a reported event means. What is used is read and checked; further fields of the data are let pass.

export type TraceFault =
  | 'event.type-unknown'
  | 'event.type-not-taken-here'
  | 'event.not-for-this-key'
  | 'event.subject-missing'
  | 'event.data-not-an-object'
  | 'event.known'
  | 'event.trust'
  | 'event.kind'
  | 'event.action'
  | 'event.recipients'
  | 'event.coverage-source'
  | 'event.coverage-time'
  | RequesterFault
  | SignalFault

export type ReadEvent = { ok: true; event: ReportedEvent } | { ok: false; code: TraceFault }

const prefix = 'tocsin.'
/** In production messages come in as such; only traces have them as events. */
export const messageRequested = 'tocsin.message.requested'

/**
 * What says beforehand that more mail is in order can blind the detectors, so an operator says it, by name, and not a key that lies in a web
 * tier or a pipeline. A change can only make them look closer: the pipeline reports it with the cause key, a person by hand.
 */
const reporters: Record<string, readonly ('causes' | 'operate')[]> = {
  'tocsin.baseline.loaded': ['operate'],
  'tocsin.campaign.announced': ['operate'],
  'tocsin.change.applied': ['causes', 'operate'],
}
const byCauseKey = ['causes'] as const

/** The scopes that may report a type; one of them is enough. */
export const reportersOf = (type: string): readonly ('causes' | 'operate')[] =>
  Object.hasOwn(reporters, type) ? reporters[type]! : byCauseKey

const coverageSources = new Set(['auth', 'edge', 'provider', 'reports', 'changes', 'access', 'dmarc'])
const credentialKinds: ReadonlySet<unknown> = new Set(credentialChanges)
const protectionActions = new Set(['forced-reset', 'activity-review', 'end-sessions'])

const refuse = (code: TraceFault): ReadEvent => ({ ok: false, code })

/** `now`: the instant of receipt, ms, which an event without a time is given. */
export function readEvent(event: CloudEvent, now: number): ReadEvent {
  if (!event.type.startsWith(prefix)) return refuse('event.type-unknown')
  const type = event.type.slice(prefix.length)
  if (event.type === messageRequested) return refuse('event.type-not-taken-here')
  const kind = causeKinds.find(known => known === type)
  const reader = signalReader(type)
  if (!kind && !reader && type !== 'coverage.reported') return refuse('event.type-unknown')
  const data = event.data
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return refuse('event.data-not-an-object')
  const fields = data as Record<string, unknown>
  if (kind) return cause(event, kind, fields, now)
  return reader ? signal(event, reader(fields), now) : coverage(event, fields)
}

function signal(event: CloudEvent, read: ReadSignal, now: number): ReadEvent {
  if (!read.ok) return read
  const { id, source, subject: account } = event
  const isDeed = read.signal.kind === 'link-followed' || read.signal.kind === 'reset-completed'
  if (isDeed && account === undefined) return refuse('event.subject-missing')
  const reported: ReportedEvent = { type: 'signal', id, source, occurredAt: event.time ?? now, signal: read.signal }
  if (account !== undefined) reported.account = account
  return { ok: true, event: reported }
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
  const from = requesterOf(kind, data)
  if (from === undefined) return refuse('event.requester')
  const fault = fieldFault(kind, data) ?? requesterFault(from)
  if (fault !== undefined) return refuse(fault)
  const recipients = recipientsOf(data.recipients)
  if (recipients === undefined) return refuse('event.recipients')
  const { id, source, subject: account } = event
  const known = kind === 'reset.requested' ? (data.known as boolean) : true
  const occurredAt = event.time ?? now
  const trust = trustOf(kind, data)
  const requester = readRequester(from)
  const common = { id, source, kind, account, trust, known, ...recipients, occurredAt }
  const change = kind === 'credential.changed' && { change: data.kind as CredentialChange }
  return { ok: true, event: { type: 'cause', ...common, ...change, ...(requester && { requester }) } }
}

/** A request has its requester in an object of its own; of the others ip, system and device stand among the data. `undefined`: no object. */
function requesterOf(kind: CauseKind, data: Record<string, unknown>): Record<string, unknown> | undefined {
  if (kind !== 'reset.requested') return data
  const { requester = {} } = data
  if (typeof requester !== 'object' || requester === null || Array.isArray(requester)) return undefined
  return requester as Record<string, unknown>
}

function fieldFault(kind: CauseKind, data: Record<string, unknown>): TraceFault | undefined {
  if (kind === 'reset.requested' && typeof data.known !== 'boolean') return 'event.known'
  if (kind === 'reset.requested' && data.trust !== undefined && !trusts.includes(data.trust as Trust))
    return 'event.trust'
  if (kind === 'credential.changed' && !credentialKinds.has(data.kind)) return 'event.kind'
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

type Recipients = Pick<Extract<ReportedEvent, { type: 'cause' }>, 'recipients' | 'unverified'>

/** An address without a word on it counts as verified: sources that know no such thing have none that are not. */
function recipientsOf(value: unknown): Recipients | undefined {
  if (value === undefined) return { recipients: [] }
  if (!Array.isArray(value) || value.length > recipientsMax) return undefined
  const recipients: Mailbox[] = []
  const unverified: Mailbox[] = []
  for (const item of value) {
    const { email, verified = true }: Record<string, unknown> = typeof item === 'object' && item !== null ? item : {}
    const parsed = typeof email === 'string' ? parseMailbox(email) : undefined
    if (!parsed?.ok || typeof verified !== 'boolean') return undefined
    if (verified) recipients.push(parsed.mailbox)
    else unverified.push(parsed.mailbox)
  }
  return unverified.length > 0 ? { recipients, unverified } : { recipients }
}
