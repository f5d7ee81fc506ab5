import type { Event, MessageFacts, MessageId, Outcome } from '../../core/events.ts'
import type { Lane } from '../../core/policy.ts'
import type { ReasonCode } from '../../core/reasons.ts'
import { templateIn } from '../../core/scope.ts'
import type { Label } from '../../drills/trace.ts'
import type { Hash64 } from '../../std/hash64.ts'

/** Where a message came from in the trace. */
export type Origin = { id: string; line: number; label?: Label }

/** What became of a message. Until it has ended `outcome` is what it is for now. */
export type Decision = {
  origin: Origin
  messageId: MessageId
  /** When it was decided, ms. */
  at: number
  class: string
  lane: Lane
  source: string
  template: string
  address: Hash64
  /** The cause that the message names or was matched to. */
  cause?: Hash64
  first: Outcome
  outcome: Outcome
  reasons: ReasonCode[]
  deliveredAt?: number
  /** The message that this one repeats; it was not decided anew. */
  repeatOf?: MessageId
}

export const counted = ['delivered', 'held', 'suppressed', 'rejected', 'expired', 'confirmed'] as const
export type Counts = Record<'requested' | (typeof counted)[number], number>

export const noCounts = (): Counts => ({
  requested: 0,
  delivered: 0,
  held: 0,
  suppressed: 0,
  rejected: 0,
  expired: 0,
  confirmed: 0,
})

const countOf: Record<Outcome, (typeof counted)[number]> = {
  deliver: 'delivered',
  confirm: 'confirmed',
  hold: 'held',
  suppress: 'suppressed',
  reject: 'rejected',
  expire: 'expired',
}

/** How a message is counted: one that was let go but still stood ready at the end, behind a stop, was held. */
export const countedAs = ({ outcome, deliveredAt }: Decision): (typeof counted)[number] =>
  outcome === 'deliver' && deliveredAt === undefined ? 'held' : countOf[outcome]

/** Who is told about messages: at once of each that is decided, and once when it has come to its end. */
export type Follow = { decided?(decision: Decision): void; ended(decision: Decision): void }

/**
 * Follows every message of a replay from its request to its end. Each is told about once: when it has ended, or at the end of the trace while
 * it is still kept.
 */
export class Outcomes {
  readonly byClass = new Map<string, Counts>()
  /** The core's own notices about suppressed messages, delivered. */
  notices = 0
  /** Requests that were made before: the same answer, no message. And those that used a key for another message. */
  repeated = 0
  conflicting = 0
  readonly #follow: Follow
  readonly #live = new Map<MessageId, Decision>()
  #origin: Origin | undefined

  constructor(follow: Follow) {
    this.#follow = follow
  }

  /** Said before the request is decided: what `happened` tells of a new message is about this one. */
  requesting(origin: Origin): void {
    this.#origin = origin
  }

  get(id: MessageId): Decision | undefined {
    return this.#live.get(id)
  }

  /** The request was made before, and was answered as then. */
  repeat(
    facts: MessageFacts,
    at: number,
    answer: { id: MessageId; outcome: Outcome; lane: Lane; reasons: ReasonCode[] },
  ): void {
    this.repeated++
    const { id, outcome, lane, reasons } = answer
    const template = templateIn(facts)
    const { class: className, address } = facts
    const stands = { at, class: className, address, lane, source: '', template, first: outcome, outcome, reasons }
    this.#follow.ended({ origin: this.#origin!, messageId: facts.id, ...stands, repeatOf: id })
  }

  /** Gives the message that was delivered, when it was one of the trace. */
  happened(event: Event, at: number): Decision | undefined {
    switch (event.type) {
      case 'MessageDecided':
        this.#decided(event, at)
        return undefined
      case 'MessageReleased':
        return this.#changed(event.id, 'deliver', event)
      case 'MessageHeld':
        return this.#changed(event.id, event.outcome ?? 'hold', event)
      case 'MessageRejected':
        return this.#end(event.id, 'reject', event.reasons)
      case 'MessageExpired':
        return this.#end(event.id, 'expire', event.reasons)
      case 'MessageUndeliverable':
        return this.#end(event.id, 'reject', event.reasons)
      case 'MessageDelivered':
        return this.#delivered(event.id, at)
      case 'MessageConflicted':
        this.conflicting++
        return undefined
      default:
        return undefined
    }
  }

  /** The trace has ended: what is still kept is told about as it stands, in the order of the requests. */
  end(): void {
    for (const decision of this.#live.values()) this.#tell(decision)
    this.#live.clear()
  }

  #decided(event: Extract<Event, { type: 'MessageDecided' }>, at: number): void {
    const { message, outcome, reasons, lane, source = '' } = event
    const decision: Decision = {
      origin: this.#origin!,
      messageId: message.id,
      at,
      class: message.class,
      lane,
      source,
      template: message.template?.name ?? '',
      address: message.address,
      first: outcome,
      outcome,
      reasons,
    }
    const cause = event.cause ?? message.cause
    if (cause) decision.cause = cause
    this.#follow.decided?.(decision)
    if (outcome === 'deliver' || outcome === 'hold' || outcome === 'confirm') this.#live.set(message.id, decision)
    else this.#tell(decision)
  }

  #changed(
    id: MessageId,
    outcome: Outcome,
    change: { reasons: ReasonCode[]; lane?: Lane; source?: string },
  ): undefined {
    const decision = this.#live.get(id)
    if (!decision) return
    decision.outcome = outcome
    decision.reasons = change.reasons
    if (change.lane !== undefined) decision.lane = change.lane
    if (change.source !== undefined) decision.source = change.source
  }

  #end(id: MessageId, outcome: Outcome, reasons: ReasonCode[]): undefined {
    const decision = this.#live.get(id)
    if (!decision) return
    this.#live.delete(id)
    decision.outcome = outcome
    decision.reasons = reasons
    this.#tell(decision)
  }

  #delivered(id: MessageId, at: number): Decision | undefined {
    const decision = this.#live.get(id)
    if (!decision) {
      this.notices++
      return undefined
    }
    this.#live.delete(id)
    decision.deliveredAt = at
    this.#tell(decision)
    return decision
  }

  #tell(decision: Decision): void {
    let counts = this.byClass.get(decision.class)
    if (!counts) this.byClass.set(decision.class, (counts = noCounts()))
    counts.requested++
    counts[countedAs(decision)]++
    this.#follow.ended(decision)
  }
}
