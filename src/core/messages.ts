import { assert } from '../std/assert.ts'
import { Calendar } from '../std/calendar.ts'
import type { Hash64 } from '../std/hash64.ts'
import type { Captured, Page } from './capture.ts'
import type { MessageFacts, MessageId } from './events.ts'
import { type Lane, lanes } from './policy.ts'
import type { ReasonCode } from './reasons.ts'
import { covers, type Place, type Scope, templateIn } from './scope.ts'

/** A message that is not at its end yet. What has ended lives on only as a repeat and in the register. */
export type LiveMessage = {
  facts: MessageFacts
  account: Hash64
  lane: Lane
  priority: number
  reasons: ReasonCode[]
  cause?: Hash64
  /** Source of that cause; '' without one. */
  source: string
  decidedAt: number
  /** When it was let go, or decided where it was not. */
  readyAt: number
  expiresAt: number
  /** Position of the batch that holds the ciphertext. */
  position: number
  upstream: string
  attempts: number
  /** Order among equals: taken anew each time the message becomes ready. */
  turn: number
  status:
    | { is: 'ready'; at: number }
    | { is: 'held' }
    /** Ahead of its cause, or on soft evidence. */
    | { is: 'waiting'; until: number }
    /** Until the holder of the account says in the app that it was asked for. */
    | { is: 'confirming' }
}

const bucketCount = 256

/** By urgency: the class's priority first, then the lane, so that a known device leaves before an unknown one and bulk comes last. */
const laneRank: Record<Lane, number> = { reserved: 0, system: 1, open: 2, campaign: 3 }
const ranks = 3 * lanes.length
/** Place among the urgencies, 0 leaves first. */
export const rankOf = (message: Pick<LiveMessage, 'priority' | 'lane'>): number =>
  message.priority * lanes.length + laneRank[message.lane]

/**
 * The live messages with the indexes that find the next one due. The messages are state and are captured in snapshots; the indexes are
 * derived from them and are rebuilt on recovery in the same order.
 */
export class LiveMessages implements Captured {
  readonly #buckets = Array.from({ length: bucketCount }, () => new Map<MessageId, LiveMessage>())
  readonly #dirty = new Uint8Array(bucketCount)
  #capturing: Map<number, Uint8Array | undefined> | undefined
  #size = 0
  #turn = 0
  #held = 0
  readonly #confirming = new Set<MessageId>()
  readonly #ready: Map<MessageId, LiveMessage>[] = Array.from({ length: ranks }, () => new Map())
  readonly #later = new Calendar<MessageId>({ slotMs: 100 })
  readonly #ends = new Calendar<MessageId>({ slotMs: 1000 })
  readonly #waits = new Calendar<MessageId>({ slotMs: 100 })
  readonly #waiters = new Map<Hash64, Set<MessageId>>()

  get size(): number {
    return this.#size
  }

  get heldCount(): number {
    return this.#held
  }

  get(id: MessageId): LiveMessage | undefined {
    return this.#buckets[bucketOf(id)]!.get(id)
  }

  add(message: LiveMessage): void {
    const bucket = this.#open(message.facts.id)
    assert(!bucket.has(message.facts.id), 'a message is added once')
    message.turn = ++this.#turn
    bucket.set(message.facts.id, message)
    this.#size++
    this.#index(message)
  }

  /** Change a message and put it in its new place. */
  change(id: MessageId, patch: Partial<LiveMessage>): void {
    const message = this.#open(id).get(id)
    assert(message, 'only a live message changes')
    this.#unindex(message)
    Object.assign(message, patch)
    message.turn = ++this.#turn
    this.#index(message)
  }

  remove(id: MessageId): LiveMessage | undefined {
    const bucket = this.#open(id)
    const message = bucket.get(id)
    if (!message) return undefined
    this.#unindex(message)
    bucket.delete(id)
    this.#size--
    return message
  }

  /** The messages that wait for a cause under this key: the cause itself, its account, or one of its addresses. */
  waitingFor(key: Hash64): MessageId[] {
    return [...(this.#waiters.get(key) ?? [])]
  }

  /** The messages that wait at a place, in the order of their turns: that of the calendar is another after a recovery. */
  waitingAt(place: Place): MessageId[] {
    const waiting: LiveMessage[] = []
    for (const id of this.#waits.all()) {
      const message = this.get(id)!
      if (covers(place, placeOf(message))) waiting.push(message)
    }
    return waiting.sort((a, b) => a.turn - b.turn).map(({ facts }) => facts.id)
  }

  /** The messages of a scope that wait for their holder's word, the longest first. */
  *confirming(scope: Scope): Generator<LiveMessage> {
    for (const id of this.#confirming) {
      const message = this.get(id)!
      if (covers(scope, placeOf(message))) yield message
    }
  }

  /** Ready messages by urgency, the most urgent queue first. No generator: its frames were a tenth of what a replay allocates. */
  urgent(now: number): readonly ReadonlyMap<MessageId, LiveMessage>[] {
    this.#wake(now)
    return this.#ready
  }

  /** How many messages wait to be handed over. */
  queued(): number {
    return this.#size - this.#held
  }

  /** Takes out, and returns, messages whose wait or life has ended by `now`; what is done with them is the caller's to decide. */
  takeEnded(now: number, limit: number): LiveMessage[] {
    this.#wake(now)
    const ids = this.#waits.take(now, limit)
    return [...new Set([...ids, ...this.#ends.take(now, limit - ids.length)])].map(id => this.get(id)!)
  }

  /** The next instant at which something is due without any command, or `undefined`. */
  nextDue(): number | undefined {
    const never = Number.POSITIVE_INFINITY
    const next = Math.min(this.#later.next() ?? never, this.#ends.next() ?? never, this.#waits.next() ?? never)
    return next === never ? undefined : next
  }

  *all(): Generator<LiveMessage> {
    for (const bucket of this.#buckets) yield* bucket.values()
  }

  beginCapture({ whole }: { whole: boolean }): void {
    this.#capturing = new Map()
    for (let i = 0; i < bucketCount; i++) {
      if (whole || this.#dirty[i]) this.#capturing.set(i, undefined)
      this.#dirty[i] = 0
    }
  }

  nextPage(): Page | undefined {
    const next = this.#capturing?.entries().next()
    if (!next || next.done) {
      this.#capturing = undefined
      return undefined
    }
    const [index, copy] = next.value
    this.#capturing!.delete(index)
    return { page: `messages/${index}`, bytes: copy ?? this.#bytesOf(index) }
  }

  /**
   * Put back all pages of a snapshot at once. Within a bucket the order is that of the page, in which they were added: whoever goes through all
   * messages meets them as before. The order of the indexes is that of their turns.
   */
  restore(pages: LiveMessage[][]): void {
    const messages = pages.flat()
    for (const message of messages) this.#buckets[bucketOf(message.facts.id)]!.set(message.facts.id, message)
    messages.sort((a, b) => a.turn - b.turn)
    for (const message of messages) {
      this.#turn = message.turn
      this.#size++
      this.#index(message)
    }
  }

  get turn(): number {
    return this.#turn
  }

  set turn(turn: number) {
    this.#turn = turn
  }

  #bytesOf(index: number): Uint8Array {
    return utf8(JSON.stringify([...this.#buckets[index]!.values()]))
  }

  /** The bucket of a message, about to change. */
  #open(id: MessageId): Map<MessageId, LiveMessage> {
    const index = bucketOf(id)
    this.#dirty[index] = 1
    if (this.#capturing?.has(index) && this.#capturing.get(index) === undefined)
      this.#capturing.set(index, this.#bytesOf(index))
    return this.#buckets[index]!
  }

  #index(message: LiveMessage): void {
    const { id } = message.facts
    const { status } = message
    this.#ends.add(message.expiresAt, id)
    if (status.is === 'ready') {
      if (status.at <= message.decidedAt) this.#ready[rankOf(message)]!.set(id, message)
      else this.#later.add(status.at, id)
      return
    }
    this.#held++
    if (status.is === 'confirming') this.#confirming.add(id)
    if (status.is !== 'waiting') return
    this.#waits.add(status.until, id)
    for (const key of waitKeys(message)) this.#addWaiter(key, id)
  }

  #unindex(message: LiveMessage): void {
    const { id } = message.facts
    const { status } = message
    this.#ends.remove(message.expiresAt, id)
    if (status.is === 'ready') {
      this.#ready[rankOf(message)]!.delete(id)
      this.#later.remove(status.at, id)
      return
    }
    this.#held--
    this.#confirming.delete(id)
    if (status.is !== 'waiting') return
    this.#waits.remove(status.until, id)
    for (const key of waitKeys(message)) this.#removeWaiter(key, id)
  }

  #addWaiter(key: Hash64, id: MessageId): void {
    const set = this.#waiters.get(key)
    if (set) set.add(id)
    else this.#waiters.set(key, new Set([id]))
  }

  #removeWaiter(key: Hash64, id: MessageId): void {
    const set = this.#waiters.get(key)
    set?.delete(id)
    if (set?.size === 0) this.#waiters.delete(key)
  }

  /** Deferred messages whose time has come join the ready ones. */
  #wake(now: number): void {
    if (!this.#later.isDue(now)) return
    for (const id of this.#later.take(now, Number.POSITIVE_INFINITY)) {
      const message = this.get(id)!
      this.#ready[rankOf(message)]!.set(id, message)
    }
  }
}

/** Where a message stands, in whatever form it is known. */
export const placeOf = ({ facts, lane, source }: Pick<LiveMessage, 'facts' | 'lane' | 'source'>): Place => ({
  class: facts.class,
  lane,
  source,
  template: templateIn(facts),
})

/** A message that names its cause waits for that one alone; any other for whatever its account or its address causes. */
const waitKeys = ({ facts, account }: LiveMessage): Hash64[] =>
  facts.cause ? [facts.cause] : account === facts.address ? [account] : [account, facts.address]

/** The last two digits of a UUIDv7 are random. */
const bucketOf = (id: MessageId): number => Number.parseInt(id.slice(-2), 16)

/** The pages hold JSON without any personal text; TextEncoder is the language's own and deterministic. */
const encoder = new TextEncoder()
const utf8 = (text: string): Uint8Array => encoder.encode(text)
