import { type Event, isAboutMessages, type MessageFacts, type MessageId, type Outcome } from '../core/events.ts'
import type { Lane } from '../core/policy.ts'
import type { ReasonCode } from '../core/reasons.ts'
import { unreachable } from '../std/assert.ts'
import type { Hash64 } from '../std/hash64.ts'

// What a stretch of the journal changes in the register, merged to one change a message: most messages are decided and delivered within one
// stretch, and are then written once.

/** Where a message stands. `waiting`: for its cause or a confirmation; `unknown`: handed over, and the upstream did not say how it ended. */
export type State =
  | 'queued'
  | 'waiting'
  | 'held'
  | 'delivered'
  | 'undeliverable'
  | 'expired'
  | 'suppressed'
  | 'rejected'
  | 'discarded'
  | 'unknown'

/** Whether a message in this state waits for someone. */
export const waits: Record<State, boolean> = {
  queued: false,
  waiting: true,
  held: true,
  delivered: false,
  undeliverable: false,
  expired: false,
  suppressed: false,
  rejected: false,
  discarded: false,
  unknown: false,
}

/** First outcomes, and what became of messages. */
export type Measure = Outcome | 'delivered' | 'undeliverable' | 'released' | 'rejected' | 'discarded' | 'expired'

export type Decided = {
  message: MessageFacts
  account: Hash64
  first: Outcome
  at: number
  expiresAt: number
  priority: number
}

/** Absent fields stay as they are. */
export type Change = {
  id: MessageId
  decided?: Decided
  state?: State
  outcome?: Outcome
  reasons?: ReasonCode[]
  lane?: Lane
  upstream?: string
  source?: string
  attempts?: number
  erased?: boolean
  /** When it was first handed over, or may have been. */
  sentAt?: number
  /** The cause that it uses up. */
  cause?: Hash64
  at: number
  positions: number[]
  measures: { measure: Measure; at: number; lane: Lane | undefined }[]
}

export type Changes = Map<MessageId, Change>

type Step = Omit<Partial<Change>, 'id' | 'at' | 'positions' | 'measures'> & { measure?: Measure }
type Where = { position: number; at: number }

const firstStates: Record<Outcome, State> = {
  deliver: 'queued',
  confirm: 'waiting',
  hold: 'held',
  suppress: 'suppressed',
  reject: 'rejected',
  expire: 'expired',
}

/** Merges one event into the changes. Exhaustive: an event that the register does not know stops it. */
export function note(changes: Changes, event: Event, where: Where): void {
  if (!isAboutMessages(event)) return
  const sent = { sentAt: where.at }
  switch (event.type) {
    case 'MessageDecided':
      if (event.notice !== undefined) merge(changes, event.notice, where, noticeStep(event, event.notice, where.at))
      return merge(changes, event.message.id, where, decidedStep(event, where.at))
    case 'MessageReleased': {
      const { reasons, lane } = event
      return merge(changes, event.id, where, {
        state: 'queued',
        outcome: 'deliver',
        reasons,
        lane,
        ...(event.source !== undefined && { source: event.source }),
        ...(event.cause !== undefined && { cause: event.cause }),
        measure: 'released',
      })
    }
    case 'MessageHeld':
      return merge(changes, event.id, where, {
        state: event.softUntil === undefined && event.outcome === undefined ? 'held' : 'waiting',
        outcome: event.outcome ?? 'hold',
        reasons: event.reasons,
        ...(event.lane !== undefined && { lane: event.lane }),
        ...(event.source !== undefined && { source: event.source }),
        ...(event.cause !== undefined && { cause: event.cause }),
      })
    case 'MessageRejected': {
      const { reasons } = event
      return merge(changes, event.id, where, { state: 'rejected', outcome: 'reject', reasons, measure: 'rejected' })
    }
    case 'MessageDiscarded':
      return merge(changes, event.id, where, { state: 'discarded', reasons: ['hold.discarded'], measure: 'discarded' })
    case 'MessageExpired': {
      const { reasons } = event
      return merge(changes, event.id, where, { state: 'expired', outcome: 'expire', reasons, measure: 'expired' })
    }
    case 'MessageDelivered': {
      const { upstream, attempt: attempts } = event
      return merge(changes, event.id, where, { ...sent, state: 'delivered', upstream, attempts, measure: 'delivered' })
    }
    case 'HandoverDeferred': {
      const { upstream, attempt: attempts } = event
      return merge(changes, event.id, where, { state: 'queued', upstream, attempts })
    }
    case 'HandoverUnknown': {
      const { upstream, attempt: attempts } = event
      return merge(changes, event.id, where, { ...sent, state: 'unknown', upstream, attempts })
    }
    case 'MessageUndeliverable': {
      const { upstream, attempt: attempts, reasons } = event
      return merge(changes, event.id, where, {
        state: 'undeliverable',
        upstream,
        attempts,
        reasons,
        measure: 'undeliverable',
      })
    }
    case 'SubjectErased':
      // What was still on its way ends here: nobody can read it any more, and nobody can be asked to release it.
      for (const id of event.messages)
        merge(changes, id, where, { state: 'discarded', reasons: ['subject.erased'], erased: true })
      return
    default:
      return unreachable(event)
  }
}

function decidedStep(event: Event & { type: 'MessageDecided' }, at: number): Step {
  const { message, account, outcome, expiresAt, reasons, lane, upstream, priority, cause } = event
  const state = event.awaitsCauseUntil === undefined && event.softUntil === undefined ? firstStates[outcome] : 'waiting'
  const decided = { message, account, first: outcome, at, expiresAt, priority }
  const step: Step = { decided, state, outcome, reasons, lane, upstream, source: event.source ?? '', measure: outcome }
  return cause === undefined ? step : { ...step, cause }
}

/** The notice about a suppressed message is a message of its own: to the same person, in the account's own lane, with the same end. */
function noticeStep(event: Event & { type: 'MessageDecided' }, id: MessageId, at: number): Step {
  const message: MessageFacts = { ...event.message, id, via: 'notice' }
  return decidedStep({ ...event, message, lane: 'system', outcome: 'deliver', reasons: [] }, at)
}

function merge(changes: Changes, id: MessageId, where: Where, step: Step): void {
  const { measure, ...fields } = step
  let change = changes.get(id)
  if (change === undefined) {
    change = { id, at: where.at, positions: [], measures: [] }
    changes.set(id, change)
  }
  const { sentAt = fields.sentAt } = change
  Object.assign(change, fields)
  if (sentAt !== undefined) change.sentAt = sentAt
  change.at = where.at
  if (change.positions.at(-1) !== where.position) change.positions.push(where.position)
  if (measure !== undefined) change.measures.push({ measure, at: where.at, lane: change.lane })
}

/** Whether an event belongs on the timeline of a message. */
export function concerns(event: Event, id: MessageId): boolean {
  if (!isAboutMessages(event)) return false
  switch (event.type) {
    case 'MessageDecided':
      return event.message.id === id || event.notice === id
    case 'SubjectErased':
      return event.messages.includes(id)
    default:
      return event.id === id
  }
}
