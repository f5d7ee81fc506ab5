import { type Event, isAboutMessages, type MessageId, type Outcome } from '../../core/events.ts'
import type { Lane } from '../../core/policy.ts'
import { explain, type ReasonCode } from '../../core/reasons.ts'
import { unreachable } from '../../std/assert.ts'

// From what the journal says about a message to what a webhook says. Names of the policy, ids and codes go out; people do not: no recipient,
// no account, no hash of one, no operator, no free text.

/** The last part but one of a webhook's type. */
export const changeNames = [
  'decided',
  'released',
  'held',
  'rejected',
  'discarded',
  'expired',
  'delivered',
  'deferred',
  'unknown',
  'undeliverable',
  'erased',
] as const
export type ChangeName = (typeof changeNames)[number]

export const typeOf = (name: ChangeName): string => `dev.tocsin.message.${name}.v1`

/** What is known of a message from its earlier events. */
export type Known = { application: string; class: string; lane: Lane; outcome: Outcome }

/** One change of state of one message. */
export type Change = {
  name: ChangeName
  id: MessageId
  reasons: readonly ReasonCode[]
  learned: Partial<Known>
  /** Whether nothing more can happen to the message. */
  ends: boolean
  handover?: { upstream: string; attempt: number; reply: string; nextAt?: number }
  awaitsCauseUntil?: number
}

const endsAtOnce: Record<Outcome, boolean> = {
  deliver: false,
  confirm: false,
  hold: false,
  suppress: true,
  reject: true,
  expire: true,
}

const goesOn = (
  name: ChangeName,
  id: MessageId,
  reasons: readonly ReasonCode[] = [],
  learned: Partial<Known> = {},
): Change => ({ name, id, reasons, learned, ends: false })

const ended = (
  name: ChangeName,
  id: MessageId,
  reasons: readonly ReasonCode[] = [],
  learned: Partial<Known> = {},
): Change => ({ name, id, reasons, learned, ends: true })

/** The changes that an event makes to messages; most make one or none. */
export function changesOf(event: Event): Change[] {
  if (!isAboutMessages(event)) return []
  switch (event.type) {
    case 'MessageDecided':
      return [decided(event)]
    case 'MessageReleased':
      return [goesOn('released', event.id, event.reasons, { lane: event.lane, outcome: 'deliver' })]
    case 'MessageHeld':
      return [goesOn('held', event.id, event.reasons, { outcome: event.outcome ?? 'hold' })]
    case 'MessageRejected':
      return [ended('rejected', event.id, event.reasons, { outcome: 'reject' })]
    case 'MessageDiscarded':
      return [ended('discarded', event.id, ['hold.discarded'])]
    case 'MessageExpired':
      return [ended('expired', event.id, event.reasons, { outcome: 'expire' })]
    case 'MessageDelivered':
      return [{ ...ended('delivered', event.id), handover: event }]
    case 'HandoverDeferred':
      return [{ ...goesOn('deferred', event.id), handover: event }]
    case 'HandoverUnknown':
      return [{ ...goesOn('unknown', event.id), handover: event }]
    case 'MessageUndeliverable':
      return [{ ...ended('undeliverable', event.id, event.reasons), handover: event }]
    case 'SubjectErased':
      return event.messages.map(id => ended('erased', id, ['subject.erased']))
    default:
      return unreachable(event)
  }
}

function decided(event: Event & { type: 'MessageDecided' }): Change {
  const { message, lane, outcome, reasons, awaitsCauseUntil } = event
  const learned = { application: message.application, class: message.class, lane, outcome }
  const change: Change = { name: 'decided', id: message.id, reasons, learned, ends: endsAtOnce[outcome] }
  if (awaitsCauseUntil !== undefined) change.awaitsCauseUntil = awaitsCauseUntil
  return change
}

/**
 * The body of a webhook (Standard Webhooks 1.0.0, "Payload structure"): type, instant of the event, data. `known` is empty for a message that
 * was decided before there was any webhook.
 */
export function bodyOf(change: Change, known: Partial<Known>, at: number): string {
  const { application, class: name, lane, outcome } = known
  const { handover, awaitsCauseUntil } = change
  const data = {
    id: change.id,
    application,
    class: name,
    lane,
    outcome,
    reasons: explain(change.reasons),
    awaitsCauseUntil: awaitsCauseUntil === undefined ? undefined : instant(awaitsCauseUntil),
    ...(handover && {
      upstream: handover.upstream,
      attempt: handover.attempt,
      reply: replyCodes(handover.reply),
      nextAt: handover.nextAt === undefined ? undefined : instant(handover.nextAt),
    }),
  }
  return JSON.stringify({ type: typeOf(change.name), timestamp: instant(at), data })
}

const instant = (ms: number): string => new Date(ms).toISOString()

const codes = /^(?:[a-z]+: )?(?:4xx )?([245]\d\d)(?: ([245]\.\d{1,3}\.\d{1,3}))?(?= |$)/

/** The reply code and enhanced status code (RFC 3463) of an upstream; its words stay here, since some quote the recipient. */
export function replyCodes(reply: string): string | undefined {
  const [, code, enhanced] = codes.exec(reply) ?? []
  return enhanced === undefined ? code : `${code} ${enhanced}`
}
