import { isOnlyReserved } from './brake.ts'
import { isWithheld } from './campaigns.ts'
import type { MessageFacts, MessageId } from './events.ts'
import { type LiveMessage, placeOf } from './messages.ts'
import type { Lane } from './policy.ts'
import type { State } from './state.ts'
import { stopOf } from './stops.ts'

/** What the engine is to do in the world. Data; whoever performs it reports back with `RecordHandover`. */
export type Effect = {
  type: 'HandOver'
  id: MessageId
  upstream: string
  /** 1 for the first try. */
  attempt: number
  expiresAt: number
  lane: Lane
  /** Source of its cause, '' without one. */
  source: string
  /** A person has released it, or its holder confirmed it. */
  isVouchedFor: boolean
  priority: number
  position: number
  facts: MessageFacts
}

/** How many messages may be with the world at a time: the in-flight window. Bulk may fill only part of it, so that a reset finds room. */
export type Window = { inFlightMax: number; bulkInFlightMax: number }

const isBulk = (message: Pick<LiveMessage, 'priority'>): boolean => message.priority === 2

/** What is with the world, and which upstreams are known to be out of reach. */
export type World = { inFlight: ReadonlyMap<MessageId, Effect>; isResting(upstream: string): boolean }

/**
 * The next hand-overs due, the most urgent first, without those in flight. While no upstream can be reached there are none: to try each
 * message in turn would cost the door half its throughput and tell nothing new. With one of several out of reach its messages are still
 * tried, since that is how they move on to the next.
 */
export function effects(state: State, now: number, window: Window, { inFlight, isResting }: World): Effect[] {
  if (state.policy.upstreams.every(isResting)) return []
  let room = window.inFlightMax - inFlight.size
  if (room <= 0) return []
  let bulkRoom: number | undefined
  const due: Effect[] = []
  for (const queue of state.messages.urgent(now)) {
    if (queue.size === 0) continue
    for (const message of queue.values()) {
      if (inFlight.has(message.facts.id) || message.expiresAt <= now || isHeldBack(state, message, now)) continue
      if (isBulk(message)) {
        bulkRoom ??= window.bulkInFlightMax - countBulk(inFlight)
        // It is the least urgent: behind it is only more of it.
        if (bulkRoom-- <= 0) return due
      }
      due.push(handOver(message))
      if (--room === 0) return due
    }
  }
  return due
}

/**
 * A stop reaches what was decided before it: after its acknowledgement only what is in flight already is handed over. A message that a person
 * released or its holder confirmed passes the breakers of detectors; a stop by a person holds it as any other.
 */
export function isStopped(
  state: Pick<State, 'stops' | 'policy' | 'campaigns' | 'brake'>,
  message: Pick<LiveMessage, 'facts' | 'lane' | 'source'> & { isVouchedFor: boolean },
  now: number,
): boolean {
  if (isWithheld(state.campaigns, message.facts) || isOnlyReserved(state, message.lane)) return true
  if (state.stops.length === 0) return false
  const stop = stopOf(state, placeOf(message), now)
  // What a half-open breaker let the gate decide for is its canary; what was decided before has been caught.
  return stop !== undefined && !(stop.breaker && (message.isVouchedFor || stop.breaker.phase === 'half-open'))
}

export const isVouchedFor = ({ reasons }: Pick<LiveMessage, 'reasons'>): boolean =>
  reasons.includes('hold.released') || reasons.includes('hold.confirmed')

function countBulk(inFlight: ReadonlyMap<MessageId, Effect>): number {
  let count = 0
  for (const effect of inFlight.values()) if (isBulk(effect)) count++
  return count
}

const isHeldBack = (state: State, message: LiveMessage, now: number): boolean =>
  (state.stops.length > 0 || message.facts.campaign !== undefined || isOnlyReserved(state, message.lane)) &&
  isStopped(state, { ...message, isVouchedFor: isVouchedFor(message) }, now)

function handOver(message: LiveMessage): Effect {
  const { facts, upstream, attempts, expiresAt, lane, source, priority, position } = message
  return {
    type: 'HandOver',
    id: facts.id,
    upstream,
    attempt: attempts + 1,
    expiresAt,
    lane,
    source,
    isVouchedFor: isVouchedFor(message),
    priority,
    position,
    facts,
  }
}
